"""What stands on a phone's home screen arrives by a wake-up, whatever changes it; the slow poll is only a backup."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from domain.actors import COMMAND_LINE
from domain.bus import memory
from domain.sites.service import change_plan
from tests.api.member_steps import MembersPhone, member_phone
from tests.serving import House, Served
from tests.waiting import WITHIN_SECONDS

Change = Callable[[House, str], Awaitable[object]]


async def _change_plan(house: House, lock_id: str) -> None:
    """What only the command line may."""
    served = house.served
    await change_plan(
        served.installation,
        COMMAND_LINE,
        site_id=house.row.id,
        fields={"custom_pins_enabled": False},
        now=served.clock(),
    )


async def _delete_reader(house: House, lock_id: str) -> None:
    query = "query($id: ID!) { node(id: $id) { ... on Lock { readers { id } } } }"
    (reader,) = (await house.ask(query, id=lock_id))["node"]["readers"]
    await house.change("deleteReader", readerId=reader["id"])


CHANGES: dict[str, Change] = {
    "name": lambda house, _: house.change("updateSite", siteId=house.id, name="New"),
    "zone": lambda house, _: house.change("updateSite", siteId=house.id, timezone="Asia/Tokyo"),
    "plan": _change_plan,
    "PIN mode": lambda house, lock: house.change(
        "setPinMode", target={"lockId": lock}, enabled=False
    ),
    "reader": _delete_reader,
    "lock": lambda house, lock: house.change("deleteLock", lockId=lock),
}


@pytest.fixture(autouse=True)
def no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SLOW_POLL_SECONDS", 3600.0)


@pytest.mark.parametrize("what", CHANGES)
async def test_a_members_phone_is_told_of_whatever_its_screen_shows(
    served: Served, what: str
) -> None:
    """The stream says what `homes` says, also where the change is not of the member's own access."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    phone, _ = await member_phone(house)
    async with aclosing(phone.access()) as stream:  # type: ignore[type-var]
        before = await _next(stream)
        await CHANGES[what](house, lock)
        after = await _next(stream)
    assert after != before
    assert after == await phone.homes()


async def _next(stream: Any) -> Any:
    """Its next item. Raises TimeoutError when there is none for ten seconds."""
    return (await asyncio.wait_for(anext(stream), WITHIN_SECONDS))["homes"]


async def test_an_invited_phone_is_told_of_its_sites_new_name(served: Served) -> None:
    """A guest's home screen, too."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"])
    phone = MembersPhone(served)
    await phone.redeem(made["code"])
    query = "subscription { myAccess { homes { site { name } } } }"
    async with aclosing(phone.follow(query)) as stream:  # type: ignore[type-var]
        assert (await anext(stream))["myAccess"]["homes"][0]["site"]["name"] == "House"
        await house.change("updateSite", siteId=house.id, name="New")
        item = await asyncio.wait_for(anext(stream), WITHIN_SECONDS)
        assert item["myAccess"]["homes"][0]["site"]["name"] == "New"
