"""An unexpected fault takes away its own answer and no other: what was done beside it is told, secrets too."""

from typing import Any

import pytest

from domain.database import use_case
from domain.locks.tables import Provisioning
from domain.node_ids import read_node_id
from domain.sites.tables import Site
from tests.api.smartpin_steps import HOUR, switch, this_hour
from tests.api.whole_answers import TRANSPORTS, by_http
from tests.serving import House, Served

ALIASES = [f"a{number}" for number in range(10)]
BROKEN = "a4"


@use_case
async def _cannot_be_unsealed(lock_id: str) -> None:
    key = read_node_id("lock", lock_id)
    assert await Provisioning.filter(lock_id=key).update(secret_sealed=b"was damaged") == 1


@use_case
async def _has_no_time_zone(house: House) -> None:
    await Site.filter(id=house.row.id).update(timezone="Nowhere/Lost")


async def _ten_codes(house: House) -> tuple[str, dict[str, Any]]:
    """One document that makes a SmartPIN at each of ten locks, of which the fifth has a damaged secret."""
    locks = [str((await house.lock(f"Door {each}"))["lockId"]) for each in ALIASES]
    for lock in locks:
        await switch(house, lock)
    await _cannot_be_unsealed(locks[ALIASES.index(BROKEN)])
    start = this_hour(house.served)
    times = {"startsAt": start.isoformat(), "endsAt": (start + HOUR).isoformat()}
    asked = {
        name: {"lockId": lock, "guestName": "Anna", **times}
        for name, lock in zip(ALIASES, locks, strict=True)
    }
    variables = ", ".join(f"${name}: CreateSmartPinInput!" for name in ALIASES)
    fields = " ".join(
        f"{name}: createSmartPin(input: ${name}) {{ ... on CreatedSmartPin {{ digits }} }}"
        for name in ALIASES
    )
    return f"mutation({variables}) {{ {fields} }}", asked


@pytest.mark.parametrize("by", TRANSPORTS)
async def test_of_ten_changes_the_fifth_fails_and_nine_are_told(served: Served, by: Any) -> None:
    """Proves that nine digits are shown, which no other answer would ever show, and that the fault names its alias."""
    house = await served.site()
    query, asked = await _ten_codes(house)
    answer = await by(served, house.token, query, **asked)
    data, (error,) = answer["data"], answer["errors"]

    assert data.pop(BROKEN) is None
    assert len({each["digits"] for each in data.values()}) == 9
    assert (error["message"], error["path"]) == ("Internal error", [BROKEN])


async def test_digits_are_told_whatever_fails_beside_them(served: Served) -> None:
    """Proves it where the state of a new PIN fails and what is in its way: each is null, with an error of its own."""
    house = await served.site()
    door, emil = (await house.lock())["lockId"], await house.member("Emil")
    await _has_no_time_zone(house)
    query = """mutation($input: CreatePinInput!) { createPin(input: $input) { ... on CreatedPin {
      digits pin { state } warnings { code } shareLinks { sms } } } }"""
    asked = {
        "siteId": house.id,
        "owner": {"memberId": emil},
        "lockIds": [door],
        "validUntil": "2030-12-24",
    }
    answer = await by_http(served, house.token, query, input=asked)
    made = answer["data"]["createPin"]

    assert made["digits"] in made["shareLinks"]["sms"]
    assert (made["pin"], made["warnings"]) == (None, None)
    assert {each["path"][1] for each in answer["errors"]} == {"pin", "warnings"}
    assert {each["extensions"]["code"] for each in answer["errors"]} == {"INTERNAL"}
