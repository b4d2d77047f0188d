"""Access rules at their limits: as many as a lock can hold, and changes in the same moment; on both databases."""

import asyncio
import itertools
import random
from datetime import time
from typing import Any

from domain.access.schedule import Schedule, Slot
from domain.access_rules.tables import AccessRule, AccessRuleLock
from domain.database import use_case
from domain.link.entries import MAX_SCHEDULES
from domain.link.schedules import schedule_to_wire
from domain.node_ids import read_node_id
from domain.pins.entries import locks_of_pins
from domain.pins.tables import Pin, PinStatus
from domain.schedules.columns import schedule_columns
from domain.sync.tables import EntryState, LockEntry
from tests.api.firmware_lock import installed
from tests.api.member_steps import member_tag, rule
from tests.api.pin_steps import at_lock, lock_tag, pin_of
from tests.serving import House, Served

UNKNOWN = "... on InvalidInput { field } ... on NotFound { field }"


@use_case
async def many_rules(house: House, lock: str, first: int, count: int, **who: Any) -> None:
    """Rules with slots of their own, written as the API would."""
    lock_id = read_node_id("lock", lock)
    for minute in range(first, first + count):
        made = await AccessRule.create(
            site_id=house.row.id,
            created_at=house.served.clock(),
            **schedule_columns(Schedule(slot=Slot(time(minute // 60, minute % 60), time(23, 59)))),
            **who,
        )
        await AccessRuleLock.create(rule=made, lock_id=lock_id)


async def test_no_more_rules_than_a_lock_can_hold(served: Served) -> None:
    """One more would make the lock refuse everything: at most 32 for one member or tag, and 64 schedules at one lock."""
    house = await served.site()
    lock = await installed(house, await house.lock())
    member = await house.member("Emma")
    club, crowd = await member_tag(house, member), await member_tag(house)
    person, tag, late = (
        read_node_id(kind, key) for kind, key in (("member", member), ("tag", club), ("tag", crowd))
    )
    await many_rules(house, lock.id, 0, 32, member_id=person)
    await many_rules(house, lock.id, 32, 32, member_tag_id=tag)
    await many_rules(house, lock.id, 64, 1, member_tag_id=late)
    made = await pin_of(house, owner={"memberId": member})
    await lock.settled()

    too_many = await house.change(
        "createAccessRule",
        UNKNOWN,
        siteId=house.id,
        grantee={"memberId": member},
        lockIds=[lock.id],
    )
    joining = await house.change("updateTag", UNKNOWN, tagId=crowd, memberIds=[member])
    await house.change("blockPin", pinId=made["pin"]["id"])
    await house.change("unblockPin", pinId=made["pin"]["id"])
    await lock.settled()

    assert too_many["__typename"] == joining["__typename"] == "InvalidInput"
    assert (await at_lock(house, made["pin"]["id"], lock.id))["status"] == "UPDATED"
    (entry,) = [each for each in lock.state.entries.values() if each.kind == "PIN"]
    assert entry.payload is not None
    assert len(entry.payload["schedules"]) == MAX_SCHEDULES  # type: ignore[arg-type]


async def out_of_step() -> list[str]:
    """Personal PINs whose entries are not what the rules say now."""
    wrong = []
    pins = await Pin.filter(personal=True, status=PinStatus.ACTIVE)
    wanted = await locks_of_pins(pins)
    for each in pins:
        entries = await LockEntry.filter(pin_id=each.id, state=EntryState.LIVE)
        held = {entry.lock_id: entry.content["schedules"] for entry in entries}
        should = {
            lock_id: [schedule_to_wire(one) for one in schedules]
            for lock_id, schedules in wanted[each.id].items()
        }
        if held != should:
            wrong.append(f"{each.id} holds {len(held)} of {len(should)}")
    return wrong


async def test_changes_at_once_leave_every_lock_with_what_the_rules_say(served: Served) -> None:
    """Rules, tags, keypads and PINs changed in the same moment, again and again: no PIN stays where no rule is, and none
    is missing."""
    house = await served.site()
    lock_ids = [str((await house.lock(f"Lock {number}"))["lockId"]) for number in range(3)]
    people = [await house.member(f"Member {number}") for number in range(3)]
    club, doors = await member_tag(house, *people[:2]), await lock_tag(house, lock_ids[0])
    chosen, numbers = random.Random(5), itertools.count()
    to_end: list[str] = []
    pins = dict.fromkeys(people, "")

    def some(things: list[str]) -> list[str]:
        return chosen.sample(things, chosen.randint(0, len(things)))

    async def new_rule(member: str | None, **who: Any) -> None:
        where = {"lockTagIds": [doors]} if chosen.random() < 0.7 else {"lockIds": lock_ids[1:]}
        to_end.append(await rule(house, member, **who, **where))

    async def another_pin(member: str) -> None:
        if pins[member]:
            await house.change("deletePin", pinId=pins[member])
        pins[member] = (await pin_of(house, owner={"memberId": member}))["pin"]["id"]

    for _ in range(6):
        ending, to_end = to_end, []
        await asyncio.gather(
            new_rule(None, memberTagId=club),
            new_rule(chosen.choice(people)),
            *(house.change("deleteAccessRule", accessRuleId=each) for each in ending),
            house.change("updateTag", tagId=club, memberIds=some(people)),
            house.change("updateTag", tagId=doors, lockIds=some(lock_ids)),
            *(another_pin(each) for each in people),
            house.change(
                "createReader", lockId=lock_ids[0], name=f"R{next(numbers)}", hasKeypad=True
            ),
        )
        assert await out_of_step() == []
