"""Access rules: who may open which locks when, with a phone or a personal PIN; on both databases."""

from datetime import UTC, datetime, time
from typing import Any

from domain.actors import Role
from locksim.firmware import Firmware
from locksim.keypad import Key
from locksim.signals import Signal
from tests.api.firmware_lock import FirmwareLock, installed
from tests.api.member_steps import assign, member_phone, member_tag, rule
from tests.api.pin_steps import default_tag, lock_tag, pin, until_all
from tests.locksim.rig import MemoryDisk
from tests.serving import House, Served

SCHEDULE = "schedule { validFrom validUntil slotStart slotEnd weekdays }"
RULE = f"id label state grantee {{ ... on Node {{ id }} }} locks {{ nodes {{ name }} }} {SCHEDULE}"
UNKNOWN = "... on InvalidInput { field } ... on NotFound { field }"
REFUSED = f"{UNKNOWN} ... on InvalidSchedule {{ field }}"
UPDATED = f"... on UpdatedAccessRule {{ widened narrowed accessRule {{ {RULE} }} }} {REFUSED}"
EVERY_DAY = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


async def rules(house: House, member: str | None = None) -> list[dict[str, Any]]:
    """`Site.accessRules`."""
    query = f"""query($id: ID!, $members: [ID!]) {{ site(id: $id) {{
      accessRules(memberIds: $members) {{ nodes {{ {RULE} }} }} }} }}"""
    members = None if member is None else [member]
    site = (await house.ask(query, id=house.id, members=members))["site"]
    found: list[dict[str, Any]] = site["accessRules"]["nodes"]
    return found


def shown(lock: FirmwareLock, digits: str, moment: str) -> bool:
    """Whether the lock, as it has all on its disk, opens to these digits at this moment (UTC)."""
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    disk = MemoryDisk()
    disk.state = lock.disk.state
    firmware = Firmware(
        lock.own,
        disk,
        uptime_ms=0,
        battery_ms=int(at.timestamp() * 1000),
        random_bytes=bytes,
    )
    firmware.outbox.clear()
    for key in (*digits, Key.ENTER):
        firmware.press(Key(key), 1)
    return Signal.GRANTED in firmware.outbox


async def test_each_rule_keeps_its_own_schedule_at_the_lock(served: Served) -> None:
    """A personal PIN opens when any of its member's rules does, and at no other time; on both changes of the clocks, over
    midnight, and on the first and last day."""
    house = await served.site()
    lock = await installed(house, await house.lock())
    phone, member = await member_phone(house)
    await rule(house, member, lock.id, slotStart="02:15", slotEnd="03:15", weekdays=["SUNDAY"])
    club = await member_tag(house, member)
    await rule(
        house,
        None,
        memberTagId=club,
        lockTagIds=[await lock_tag(house, lock.id)],
        slotStart="22:00",
        slotEnd="06:00",
        weekdays=["MONDAY"],
    )
    await rule(house, member, lock.id, validFrom="2027-12-24", validUntil="2027-12-24")
    digits = (await assign(phone, house))["digits"]
    await lock.settled()

    opens = {
        "2027-03-28T00:59:59": False,  # 01:59:59; the clocks go to 03:00
        "2027-03-28T01:00:00": True,
        "2027-03-28T01:15:00": False,  # 03:15
        "2027-10-31T00:14:59": False,
        "2027-10-31T00:15:00": True,  # 02:15 for the first time
        "2027-10-31T00:59:59": True,
        "2027-10-31T01:00:00": False,  # 02:00 for the second time
        "2027-10-31T01:15:00": True,
        "2027-10-31T02:15:00": False,
        "2027-11-01T20:59:59": False,  # Monday, 21:59:59
        "2027-11-01T21:00:00": True,
        "2027-11-02T04:59:59": True,  # Tuesday morning, of the slot that began on Monday
        "2027-11-02T05:00:00": False,
        "2027-11-02T21:00:00": False,
        "2027-12-23T22:59:59": False,
        "2027-12-23T23:00:00": True,  # the whole of 24 December in Rome
        "2027-12-24T22:59:59": True,
        "2027-12-24T23:00:00": False,
    }

    assert {moment: shown(lock, digits, moment) for moment in opens} == opens


async def test_tags_of_members_and_of_locks_are_live_in_both_directions(served: Served) -> None:
    """Who joins a tag gets its rules, who leaves it loses them; likewise the locks of a tag; on the locks themselves."""
    house = await served.site()
    entries = [await house.lock("Front"), await house.lock("Cellar")]
    for entry in entries:
        await house.device(entry)
    front, cellar = [str(entry["lockId"]) for entry in entries]
    phone, member = await member_phone(house)
    other = await house.member("Otto")
    club = await member_tag(house, other)
    doors = await lock_tag(house, front)
    await rule(house, None, memberTagId=club, lockTagIds=[doors])
    pin_id = (await assign(phone, house))["pin"]["id"]
    none = (await pin(house, pin_id))["lockSync"]["nodes"]

    await house.change("updateTag", tagId=club, memberIds=[other, member])
    await until_all(house, pin_id, Front="UPDATED")
    await house.change("updateTag", tagId=doors, lockIds=[front, cellar])
    await until_all(house, pin_id, Front="UPDATED", Cellar="UPDATED")
    await house.change("updateTag", tagId=doors, lockIds=[cellar])
    await until_all(house, pin_id, Front="REMOVED", Cellar="UPDATED")
    await house.change("updateTag", tagId=doors, lockIds=[front])
    await until_all(house, pin_id, Front="UPDATED", Cellar="REMOVED")
    await house.change("updateTag", tagId=club, memberIds=[other])
    await until_all(house, pin_id, Front="REMOVED", Cellar="REMOVED")
    own_tag = await default_tag(house, member)
    again = await rule(house, None, memberTagId=own_tag, lockTagIds=[doors])
    await until_all(house, pin_id, Front="UPDATED", Cellar="REMOVED")
    await house.change("deleteTag", tagId=doors)
    await until_all(house, pin_id, Front="REMOVED", Cellar="REMOVED")

    assert none == []
    assert [each["locks"]["nodes"] for each in await rules(house) if each["id"] == again] == [[]]


async def test_an_update_loosens_nothing_that_it_does_not_name(served: Served) -> None:
    """What is left out stays; null clears; what became wider and narrower is said, the locks too."""
    house = await served.site()
    front, back = (await house.lock("Front"))["lockId"], (await house.lock("Back"))["lockId"]
    whole = {
        "validFrom": "2026-01-01",
        "validUntil": "2030-12-31",
        "slotStart": "08:00:00",
        "slotEnd": "18:00:00",
        "weekdays": ["MONDAY", "FRIDAY"],
    }
    key = await rule(house, await house.member("Emma"), front, **whole)
    steps: list[tuple[dict[str, Any], list[str], list[str]]] = [
        ({"validUntil": "2029-12-31"}, [], ["VALID_UNTIL"]),
        ({"weekdays": ["MONDAY"]}, [], ["WEEKDAYS"]),
        ({"weekdays": ["MONDAY", "SUNDAY"]}, ["WEEKDAYS"], []),
        ({"slotEnd": "19:00"}, ["SLOT"], []),
        ({"slotStart": "09:00", "slotEnd": "20:00"}, ["SLOT"], ["SLOT"]),
        ({"lockIds": [back]}, ["LOCKS"], ["LOCKS"]),
        ({"lockIds": [front, back]}, ["LOCKS"], []),
        ({"lockTagIds": [await lock_tag(house, back)]}, [], []),
        ({"slotStart": None, "slotEnd": None}, ["SLOT"], []),
        ({"validFrom": None}, ["VALID_FROM"], []),
        ({"weekdays": None, "validUntil": None}, ["VALID_UNTIL", "WEEKDAYS"], []),
        ({}, [], []),
    ]

    expected = dict(whole)
    for changes, widened, narrowed in steps:
        answer = await house.change("updateAccessRule", UPDATED, accessRuleId=key, **changes)
        assert (answer["widened"], answer["narrowed"]) == (widened, narrowed), changes
        expected |= {name: value for name, value in changes.items() if name in whole}
        told = {**answer["accessRule"]["schedule"]}
        for name, value in expected.items():
            normal = value
            if value is None and name == "weekdays":
                normal = EVERY_DAY
            elif isinstance(value, str) and name.startswith("slot"):
                normal = time.fromisoformat(value).isoformat()
            assert told[name] == normal, (changes, name)
    assert [each["name"] for each in (await rules(house))[0]["locks"]["nodes"]] == ["Front", "Back"]


async def test_what_cannot_be_meant_is_refused_and_changes_nothing(served: Served) -> None:
    """Both of member and tag, or neither; no locks, empty lists, null locks; schedules; foreign, deleted and wrong ids."""
    house, abroad = await served.site(), await served.site("Abroad")
    front, theirs = (await house.lock("Front"))["lockId"], (await abroad.lock())["lockId"]
    emma, stranger = await house.member("Emma"), await abroad.member("Sven")
    gone = await house.member("Gone")
    await house.change("removeMember", memberId=gone)
    club, doors = await member_tag(house, emma), await lock_tag(house, front)
    their_tag = await member_tag(abroad, stranger)
    key, foreign = await rule(house, emma, front), await rule(abroad, stranger, theirs)
    ended = await rule(house, emma, front)
    await house.change("deleteAccessRule", accessRuleId=ended)
    before = await rules(house)
    at: dict[str, Any] = {"siteId": house.id, "lockIds": [front]}
    of_emma = {**at, "grantee": {"memberId": emma}}

    creating: list[tuple[dict[str, Any], str, str]] = [
        ({"siteId": house.id, "grantee": {"memberId": emma}}, "InvalidInput", "lockIds"),
        ({**of_emma, "lockIds": []}, "InvalidInput", "lockIds"),
        ({**of_emma, "lockTagIds": []}, "InvalidInput", "lockTagIds"),
        ({**of_emma, "weekdays": []}, "InvalidSchedule", "weekdays"),
        ({**of_emma, "slotStart": "08:00"}, "InvalidSchedule", "slotEnd"),
        ({**of_emma, "slotStart": "08:00", "slotEnd": "08:00"}, "InvalidSchedule", "slotEnd"),
        (
            {**of_emma, "validFrom": "2027-01-02", "validUntil": "2027-01-01"},
            "InvalidSchedule",
            "validUntil",
        ),
        ({**at, "grantee": {"memberId": ""}}, "NotFound", "grantee.memberId"),
        ({**at, "grantee": {"memberTagId": ""}}, "NotFound", "grantee.memberTagId"),
        ({**at, "grantee": {"memberId": stranger}}, "NotFound", "grantee.memberId"),
        ({**at, "grantee": {"memberId": gone}}, "NotFound", "grantee.memberId"),
        ({**at, "grantee": {"memberId": front}}, "NotFound", "grantee.memberId"),
        ({**at, "grantee": {"memberTagId": their_tag}}, "NotFound", "grantee.memberTagId"),
        ({**at, "grantee": {"memberTagId": doors}}, "NotFound", "grantee.memberTagId"),
        ({**of_emma, "lockIds": [front, theirs]}, "NotFound", "lockIds"),
        ({**of_emma, "lockTagIds": [club]}, "NotFound", "lockTagIds"),
        ({**of_emma, "siteId": abroad.id}, "NotFound", "siteId"),
    ]
    for asked, kind, field in creating:
        answer = await house.change("createAccessRule", REFUSED, **asked)
        assert (answer["__typename"], answer["field"]) == (kind, field), asked
        assert "_" not in answer["message"], "the API's spelling, not ours"
    updating: list[tuple[dict[str, Any], str, str]] = [
        ({"lockIds": None}, "InvalidInput", "lockIds"),
        ({"lockTagIds": None}, "InvalidInput", "lockTagIds"),
        ({"lockIds": []}, "InvalidInput", "lockIds"),
        ({"lockIds": [theirs], "validFrom": None}, "NotFound", "lockIds"),
        ({"slotStart": "08:00"}, "InvalidSchedule", "slotEnd"),
        ({"accessRuleId": foreign}, "NotFound", "accessRuleId"),
        ({"accessRuleId": ended}, "NotFound", "accessRuleId"),
    ]
    for asked, kind, field in updating:
        answer = await house.change("updateAccessRule", UPDATED, **{"accessRuleId": key, **asked})
        assert (answer["__typename"], answer["field"]) == (kind, field), asked
    for each in (foreign, ended):
        answer = await house.change("deleteAccessRule", UNKNOWN, accessRuleId=each)
        assert (answer["__typename"], answer["field"]) == ("NotFound", "accessRuleId")

    assert await rules(house) == before
    assert [each["id"] for each in await rules(abroad)] == [foreign]
    assert await rules(house, emma) == before
    assert await rules(house, await house.member("Otto")) == []


async def test_a_rule_lets_in_exactly_one(served: Served) -> None:
    """Both of member and tag, or neither, or null, is no document that counts; whoever has no role there learns nothing."""
    house, abroad = await served.site(), await served.site("Abroad")
    front = (await house.lock("Front"))["lockId"]
    emma = await house.member("Emma")
    club = await member_tag(house, emma)
    asked: dict[str, Any] = {"siteId": house.id, "lockIds": [front]}

    for whom in ({"memberId": emma}, {"memberTagId": club}):
        answers = [
            await house.change("createAccessRule", REFUSED, token=token, grantee=whom, **asked)
            for token in (house.token, await house.make_token(Role.USER), abroad.token)
        ]
        kinds = [(each["__typename"], each.get("field")) for each in answers]
        assert kinds == [("CreatedAccessRule", None), ("NotAllowed", None), ("NotFound", "siteId")]
    document = "mutation($i: CreateAccessRuleInput!) { createAccessRule(input: $i) { __typename } }"
    for wrong in ({"memberId": emma, "memberTagId": club}, {}, {"memberId": None}):
        document = (
            "mutation($i: CreateAccessRuleInput!) { createAccessRule(input: $i) { __typename } }"
        )
        bearer = {"authorization": f"Bearer {house.token}"}
        answer = (await served.post(document, bearer, i={**asked, "grantee": wrong})).json()
        assert answer["errors"][0]["extensions"]["code"] == "VARIABLES_INVALID", wrong
    assert {each["label"]: each["state"] for each in await rules(house)} == {
        "Emma": "ACTIVE",
        "Cleaners": "ACTIVE",
    }
