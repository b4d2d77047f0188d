"""PINs that people choose themselves, from the phone to the door, following access rules; on both databases."""

import asyncio
from typing import Any

import pytest

from locksim.simulated_lock import SimulatedLock
from tests.api.member_steps import MembersPhone, assign, member_phone, rule
from tests.api.pin_steps import CREATED, pin, pin_of, typed, until
from tests.serving import House, Served


async def ready(served: Served) -> tuple[House, dict[str, Any], SimulatedLock, MembersPhone, str]:
    """A site with an online lock, a member with a phone, and the id of a rule for the lock."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    phone, member = await member_phone(house)
    return house, entry, device, phone, await rule(house, member, entry["lockId"])


async def test_a_member_gives_themselves_a_pin_and_it_opens_what_the_rules_grant(
    served: Served,
) -> None:
    """CUSTOM and AUTO live side by side, reach the lock, and open; the digits are shown in the one answer."""
    house, _, device, phone, _ = await ready(served)

    custom = await assign(phone, house, "40718263")
    auto = await assign(phone, house)
    await until(house, custom["pin"]["id"], "UPDATED")
    await until(house, auto["pin"]["id"], "UPDATED")

    assert custom["digits"] == "40718263"
    assert len(auto["digits"]) >= 6
    assert (await typed(house, device, "40718263"))["kind"] == "OPENED"
    assert (await typed(house, device, auto["digits"]))["kind"] == "OPENED"


async def test_a_second_custom_pin_takes_the_place_of_the_first(served: Served) -> None:
    """One of each kind at a time: the same PIN gets other digits, and the AUTO one is left alone."""
    house, _, device, phone, _ = await ready(served)
    auto = await assign(phone, house)
    first = await assign(phone, house, "40718263")
    for each in (auto, first):
        await until(house, each["pin"]["id"], "UPDATED")

    second = await assign(phone, house, "51829374")
    await until(house, second["pin"]["id"], "UPDATED")

    assert second["pin"]["id"] == first["pin"]["id"]
    assert (await typed(house, device, "40718263"))["kind"] == "DENIED"
    assert (await typed(house, device, "51829374"))["kind"] == "OPENED"
    assert (await typed(house, device, auto["digits"]))["kind"] == "OPENED"


async def test_a_rule_removed_while_the_lock_is_away_takes_the_pin_off_it(served: Served) -> None:
    """The removal is pending, opensNow says so, and the door does; on reconnecting it arrives, and the door denies."""
    house, entry, device, phone, rule_id = await ready(served)
    made = await assign(phone, house)
    await until(house, made["pin"]["id"], "UPDATED")
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)

    await house.change("deleteAccessRule", accessRuleId=rule_id)
    (pending,) = (await pin(house, made["pin"]["id"]))["lockSync"]["nodes"]
    device.network.turn(on=True)
    await until(house, made["pin"]["id"], "REMOVED")

    assert (pending["status"], pending["opensNow"]) == ("NOT_UPDATED", [1])
    assert pending["pendingSince"] is not None
    assert (await typed(house, device, made["digits"]))["kind"] == "DENIED"


EXISTS = f"{CREATED} ... on AlreadyExists {{ existing {{ __typename id }} }}"


@pytest.mark.parametrize("digits", [{}, {"digits": "40718263"}], ids=["generated", "chosen"])
async def test_a_script_that_runs_twice_changes_nobodys_pin(
    served: Served, digits: dict[str, str]
) -> None:
    """A second createPin for the same member names the PIN that is there; its digits open as before.

    So it is with other digits, with those that somebody has, and while the PIN is blocked, and none of these tells
    anything about digits. A PIN of the other kind is another thing, and a deleted one is none."""
    house, entry, device, _, _ = await ready(served)
    emil = await house.member("Emil")
    await rule(house, emil, entry["lockId"])
    first = await pin_of(house, owner={"memberId": emil}, **digits)
    await until(house, first["pin"]["id"], "UPDATED")
    taken = await pin_of(house, entry["lockId"], digits="58203917")

    asked: dict[str, Any] = {"siteId": house.id, "owner": {"memberId": emil}}
    variants = [digits, {**digits, "notes": "Again"}]
    if digits:
        variants += [{"digits": each} for each in ("51829374", taken["digits"], "77777777", "12")]
    await house.change("blockPin", pinId=first["pin"]["id"])
    while_blocked = await house.change("createPin", EXISTS, **asked, **digits)
    await house.change("unblockPin", pinId=first["pin"]["id"])
    refused = [await house.change("createPin", EXISTS, **asked, **each) for each in variants]
    await until(house, first["pin"]["id"], "UPDATED")

    assert {each["__typename"] for each in refused} == {"AlreadyExists"}
    assert all(each == refused[0] == while_blocked for each in refused)
    assert refused[0]["existing"] == {"__typename": "Pin", "id": first["pin"]["id"]}
    assert (await pin(house, first["pin"]["id"]))["notes"] == ""
    assert (await typed(house, device, first["digits"]))["kind"] == "OPENED"
    other = {} if digits else {"digits": "40718263"}
    assert (await pin_of(house, owner={"memberId": emil}, **other))["pin"]["id"] != first["pin"][
        "id"
    ]
    await house.change("deletePin", pinId=first["pin"]["id"])
    again = await house.change(
        "createPin", EXISTS, **asked, **({"digits": "51829374"} if digits else {})
    )
    assert again["__typename"] == "CreatedPin"


@pytest.mark.parametrize("chosen", [False, True], ids=["generated", "chosen"])
async def test_of_two_scripts_at_once_one_gives_the_pin(served: Served, *, chosen: bool) -> None:
    """Eight at the same moment: one answer shows digits, seven name that very PIN, and those digits are its digits."""
    house, entry, device, _, _ = await ready(served)
    emil = await house.member("Emil")
    await rule(house, emil, entry["lockId"])
    asked: dict[str, Any] = {"siteId": house.id, "owner": {"memberId": emil}}

    answers = await asyncio.gather(
        *(
            house.change(
                "createPin", EXISTS, **asked, **({"digits": f"4071826{number}"} if chosen else {})
            )
            for number in range(8)
        )
    )

    (made,) = [each for each in answers if each["__typename"] == "CreatedPin"]
    others = [each for each in answers if each is not made]
    assert {each["__typename"] for each in others} == {"AlreadyExists"}
    assert {each["existing"]["id"] for each in others} == {made["pin"]["id"]}
    await until(house, made["pin"]["id"], "UPDATED")
    assert (await typed(house, device, made["digits"]))["kind"] == "OPENED"
