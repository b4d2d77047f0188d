"""A member's phone: signed in with its own key, it opens by rules and hears at once what it may; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.tour.phone import Phone
from domain.actors import Role
from domain.locks.rules import Connectivity
from tests.api.member_steps import MembersPhone, assign, member_phone, member_tag, rule
from tests.api.pin_steps import lock_tag, until
from tests.serving import House, Served

SOON_SECONDS = 15.0
"""Within which a change of access is told, and what stood on it ends."""
WEEK = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class Access:
    """`myAccess` of a phone, read item by item."""

    def __init__(self, phone: MembersPhone) -> None:
        self._items: AsyncIterator[dict[str, Any]] = phone.access()

    async def next(self) -> dict[str, Any]:
        """The next item, which must come soon."""
        async with asyncio.timeout(SOON_SECONDS):
            return await anext(self._items)

    async def doors(self) -> dict[str, list[str | None]]:
        """The next item's doors of the one site, with the slots of their schedules."""
        (home,) = (await self.next())["homes"]
        return {
            each["lock"]["name"]: [schedule["slotStart"] for schedule in each["schedules"]]
            for each in home["doors"]
        }


async def test_a_phone_opens_by_rules_and_is_told_every_reason(served: Served) -> None:
    """Opened by a rule; denied with the reasons of all its rules, or NO_RULE; offline is offline; foreign is unknown."""
    house, abroad = await served.site(), await served.site("Abroad")
    entry = await house.lock("Front")
    await house.device(entry)
    front, closed = entry["lockId"], (await house.lock("Closed"))["lockId"]
    away = (await house.lock("Away", Connectivity.WIRELESS_OFFLINE))["lockId"]
    theirs = (await abroad.lock())["lockId"]
    phone, member = await member_phone(house)
    local = served.clock().astimezone(ZoneInfo("Europe/Rome"))
    slot = {
        "slotStart": (local + timedelta(hours=2)).strftime("%H:%M"),
        "slotEnd": (local + timedelta(hours=3)).strftime("%H:%M"),
    }
    days = [(local + timedelta(days=each)).date() for each in range(-2, 3)]
    today, tomorrow = WEEK[days[2].weekday()], str(days[3])

    await rule(house, member, closed, weekdays=[each for each in WEEK if each != today])
    only_weekday = await phone.open(closed)
    await rule(house, member, front, validUntil=str(days[1]))
    await rule(house, None, front, memberTagId=await member_tag(house, member), validFrom=tomorrow)
    await rule(house, member, front, **slot)
    many = await phone.open(front)
    await rule(house, member, front, validFrom=str(days[0]), validUntil=str(days[4]))
    opened = await phone.open(front)
    await rule(house, member, away)

    assert (only_weekday["__typename"], only_weekday["reasons"]) == (
        "AccessDenied",
        ["WRONG_WEEKDAY"],
    )
    midnight = datetime.combine(days[3], time(), ZoneInfo("Europe/Rome"))
    assert datetime.fromisoformat(only_weekday["nextAt"]) == midnight
    assert many["reasons"] == ["NOT_YET_VALID", "ENDED", "OUTSIDE_SLOT"]
    assert (opened["__typename"], opened["event"]["kind"]) == ("OpenedLock", "OPENED")
    assert (await phone.open(away))["__typename"] == "LockOffline"
    assert (await phone.open(theirs))["__typename"] == "NotFound"
    other = await house.lock("Other")
    assert (await phone.open(other["lockId"]))["reasons"] == ["NO_RULE"]
    event = (
        await house.ask(
            "query($id: ID!) { node(id: $id) { ... on LockEvent { method member { id } } } }",
            id=opened["event"]["id"],
        )
    )["node"]
    assert event == {"method": "REMOTE", "member": {"id": member}}


async def test_a_members_token_is_worth_nothing_without_its_key(served: Served) -> None:
    """Stolen from the phone, the token opens nothing: not with another key, not without a proof."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    phone, member = await member_phone(house)
    await rule(house, member, lock_id)
    thief = Phone(served.url, served.http)
    thief.token = phone.token
    query = "{ me { __typename } }"

    with_another_key = await thief.send(query)
    without_proof = await served.post(query, {"authorization": f"DPoP {phone.token}"})
    as_bearer = await served.post(query, {"authorization": f"Bearer {phone.token}"})

    assert [each.status_code for each in (with_another_key, without_proof, as_bearer)] == [401] * 3
    assert (await phone.ask(query))["me"]["__typename"] == "Account"


async def test_homes_are_those_of_all_ones_sites(served: Served) -> None:
    """Site by site: the doors that rules open, each with every schedule, and one's own PINs; of nobody else, and no
    door that only a tag without a rule, or a deleted rule, leads to."""
    house = await served.site("House", "Europe/Rome")
    flat = await served.site("Flat", "America/New_York")
    front, back = (await house.lock("Front"))["lockId"], (await house.lock("Back"))["lockId"]
    phone, emma = await member_phone(house)
    tenant = await flat.member("Emma", email="emma@example.com")
    otto = await house.member("Otto")
    doors = await lock_tag(house, front)
    await rule(house, emma, slotStart="08:00", slotEnd="18:00", lockTagIds=[doors])
    await rule(house, None, front, memberTagId=await member_tag(house, emma), weekdays=["SUNDAY"])
    await rule(house, otto, back)
    ended = await rule(house, emma, back)
    await house.change("deleteAccessRule", accessRuleId=ended)
    made = await assign(phone, house)

    homes = await phone.homes()
    await flat.change("removeMember", memberId=tenant)
    after = await phone.homes()

    assert [(each["site"]["name"], each["site"]["timezone"]) for each in homes] == [
        ("House", "Europe/Rome"),
        ("Flat", "America/New_York"),
    ]
    at_house, at_flat = homes
    assert [each["lock"] for each in at_house["doors"]] == [{"id": front, "name": "Front"}]
    assert [
        (each["slotStart"], each["slotEnd"], each["weekdays"])
        for each in at_house["doors"][0]["schedules"]
    ] == [("08:00:00", "18:00:00", WEEK), (None, None, ["SUNDAY"])]
    assert at_house["pins"] == [made["pin"]]
    assert (at_house["pinsOffered"], at_house["customPinsAllowed"]) == (True, True)
    assert (at_flat["doors"], at_flat["pins"], at_flat["pinsOffered"]) == ([], [], False)
    assert after == [at_house]


async def test_the_phone_hears_of_every_change_of_its_access(served: Served) -> None:
    """First the present; then, each within two seconds, a rule, its change and its end, tags of members and of locks,
    one's PINs, and the end of the membership."""
    house = await served.site()
    front, back = (await house.lock("Front"))["lockId"], (await house.lock("Back"))["lockId"]
    phone, member = await member_phone(house)
    club, doors = await member_tag(house), await lock_tag(house, front)
    stream = Access(phone)

    assert await stream.doors() == {}
    key = await rule(house, member, front)
    assert await stream.doors() == {"Front": [None]}
    await house.change("updateAccessRule", accessRuleId=key, slotStart="08:00", slotEnd="18:00")
    assert await stream.doors() == {"Front": ["08:00:00"]}
    await rule(
        house, None, memberTagId=club, lockTagIds=[doors], slotStart="20:00", slotEnd="23:00"
    )
    await house.change("updateTag", tagId=club, memberIds=[member])
    assert await stream.doors() == {"Front": ["08:00:00", "20:00:00"]}
    await house.change("updateTag", tagId=doors, lockIds=[front, back])
    assert await stream.doors() == {"Front": ["08:00:00", "20:00:00"], "Back": ["20:00:00"]}
    await house.change("deleteAccessRule", accessRuleId=key)
    assert await stream.doors() == {"Front": ["20:00:00"], "Back": ["20:00:00"]}
    made = await assign(phone, house)
    assert (await stream.next())["homes"][0]["pins"] == [made["pin"]]
    await house.change("blockPin", pinId=made["pin"]["id"])
    assert (await stream.next())["homes"][0]["pins"][0]["state"] == "BLOCKED"
    await house.change("updateTag", tagId=club, memberIds=[])
    assert await stream.doors() == {}
    await house.change("removeMember", memberId=member)
    assert await stream.next() == {"active": False, "homes": []}
    again = await house.member("Emma", email="emma@example.com")
    assert again != member


async def _read_out(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        pass


async def test_a_removed_member_is_out_within_two_seconds(served: Served) -> None:
    """What they were reading as an admin ends, their phone opens nothing and sets no PIN, and all answers are those for
    a stranger; at another site they are who they were."""
    house, other = await served.site(), await served.site("Other")
    entry = await house.lock()
    await house.device(entry)
    phone, member = await member_phone(house, role=Role.LIMITED_ADMIN)
    await other.member("Emma", email="emma@example.com")
    await rule(house, member, entry["lockId"])
    made = await assign(phone, house)
    await until(house, made["pin"]["id"], "UPDATED")
    reading = phone.follow(
        "subscription($pin: ID!) { pinSync(pinId: $pin) { status } }", pin=made["pin"]["id"]
    )
    assert (await anext(reading))["pinSync"]["status"] == "UPDATED"
    assert (await phone.open(entry["lockId"]))["__typename"] == "OpenedLock"

    removal = asyncio.create_task(house.change("removeMember", memberId=member))
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(_read_out(reading), SOON_SECONDS)
    await removal

    pin_id = made["pin"]["id"]
    assert (await phone.open(entry["lockId"]))["__typename"] == "NotFound"
    assert (await assign(phone, house))["__typename"] == "NotFound"
    assert (await phone.change("blockMyPin", pinId=pin_id))["__typename"] == "NotFound"
    assert (await phone.ask("query($id: ID!) { site(id: $id) { id } }", id=house.id))[
        "site"
    ] is None
    assert [each["site"]["name"] for each in await phone.homes()] == ["Other"]
    await until(house, pin_id, "REMOVED")


async def test_a_phone_that_is_removed_is_out_within_two_seconds(served: Served) -> None:
    """Its socket closes and its token ends; the person's other phone goes on."""
    house = await served.site()
    phone, _ = await member_phone(house)
    other = MembersPhone(served)
    await other.sign_in("emma@example.com")
    socket = await phone.socket()
    devices = await phone.ask("{ me { ... on Account { devices { nodes { id } } } } }")
    lost = devices["me"]["devices"]["nodes"][0]["id"]

    removed = await other.change("removeDevice", deviceId=lost)
    await socket.closed(SOON_SECONDS)

    assert removed["__typename"] == "RemovedDevice"
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401
    assert (await other.ask("{ me { __typename } }"))["me"]["__typename"] == "Account"


async def test_a_script_opens_nothing_as_a_member(served: Served) -> None:
    """An owner's token has no rules of its own: it unlocks remotely, as what it is, or not at all, and is told so."""
    house: House = await served.site()
    lock_id = (await house.lock())["lockId"]
    await rule(house, await house.member("Emma"), lock_id)

    answer = await house.change("openLock", lockId=lock_id)

    assert answer["__typename"] == "NotAllowed"
    assert "openLockRemotely" in answer["message"]
