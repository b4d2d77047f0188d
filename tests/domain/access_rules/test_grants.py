"""What rules amount to, against a reading of the same rows that is too simple to be wrong; on both databases."""

import random
from collections import defaultdict
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from domain.access.schedule import Schedule, Slot
from domain.access_rules.grants import grants_of_members, members_of_rules, rules_naming_lock
from domain.access_rules.tables import AccessRule, AccessRuleLock, AccessRuleLockTag
from domain.actors import Role
from domain.locks.rules import Connectivity
from domain.locks.tables import Lock
from domain.people.tables import Member
from domain.schedules.columns import schedule_columns
from domain.sites.rules import SystemType
from domain.sites.tables import Site
from domain.tags.tables import Tag, TaggedLock, TaggedMember, TagKind, TagTarget
from tests.counting import counted
from tests.databases import Database

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SCHEDULES = [
    Schedule(),
    Schedule(slot=Slot(time(8), time(18))),
    Schedule(slot=Slot(time(22), time(6))),
]


class World:
    """A site with a few of everything, some of it gone, at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.members: list[Member] = []
        self.locks: list[Lock] = []
        self.tags: list[Tag] = []
        self.rules: list[AccessRule] = []
        self.tagged: set[tuple[UUID, UUID]] = set()
        self.reaches: set[tuple[UUID, UUID]] = set()
        """(rule, lock or tag of locks)."""

    def gone(self) -> datetime | None:
        """The end of one in five."""
        return NOW if self.random.random() < 0.2 else None

    async def make(self) -> None:
        site = await Site.create(
            name="House",
            timezone="Europe/Rome",
            system_type=SystemType.STANDARD,
            pin_salt=b"0" * 16,
            pin_time_cost=1,
            pin_memory_kib=8,
            pin_parallelism=1,
            created_at=NOW,
        )
        at: dict[str, Any] = {"site": site, "created_at": NOW}
        for number in range(4):
            name = str(number)
            self.members.append(
                await Member.create(name=name, role=Role.USER, removed_at=self.gone(), **at)
            )
            self.locks.append(
                await Lock.create(
                    name=name,
                    connectivity=Connectivity.ONLINE_WIRED,
                    deleted_at=self.gone(),
                    **at,
                )
            )
            target = TagTarget.MEMBER if number % 2 else TagTarget.LOCK
            self.tags.append(
                await Tag.create(
                    name=name, kind=TagKind.SPECIAL, target=target, deleted_at=self.gone(), **at
                )
            )
        for tag in self.tags:
            await self._fill(tag)
        for _ in range(6):
            await self._rule(at)

    async def _fill(self, tag: Tag) -> None:
        of_members = tag.target is TagTarget.MEMBER
        things: list[Member | Lock] = [*self.members] if of_members else [*self.locks]
        for thing in self.random.sample(things, 2):
            if of_members:
                await TaggedMember.create(tag=tag, member_id=thing.id)
            else:
                await TaggedLock.create(tag=tag, lock_id=thing.id)
            self.tagged.add((tag.id, thing.id))

    async def _rule(self, at: dict[str, Any]) -> None:
        schedule = self.random.choice(SCHEDULES)
        who = self.random.choice([*self.members, *(t for t in self.tags if t.target == "MEMBER")])
        named: dict[str, Any] = {"member" if isinstance(who, Member) else "member_tag": who}
        rule = await AccessRule.create(
            deleted_at=self.gone(), **named, **schedule_columns(schedule), **at
        )
        self.rules.append(rule)
        for place in self.random.sample(
            [*self.locks, *(t for t in self.tags if t.target == "LOCK")], 2
        ):
            if isinstance(place, Lock):
                await AccessRuleLock.create(rule=rule, lock=place)
            else:
                await AccessRuleLockTag.create(rule=rule, tag=place)
            self.reaches.add((rule.id, place.id))

    def expected(self, member: Member) -> dict[UUID, list[Schedule]]:
        """The doors of a member, thing by thing."""
        found: dict[UUID, list[Schedule]] = defaultdict(list)
        tags = [tag for tag in self.tags if tag.deleted_at is None]
        for rule in self.rules if member.removed_at is None else []:
            names = rule.member_id == member.id or any(
                rule.member_tag_id == tag.id and (tag.id, member.id) in self.tagged for tag in tags
            )
            for lock in self.locks:
                reached = (rule.id, lock.id) in self.reaches or any(
                    (rule.id, tag.id) in self.reaches and (tag.id, lock.id) in self.tagged
                    for tag in tags
                )
                alive = rule.deleted_at is None and lock.deleted_at is None
                if names and reached and alive and rule.schedule() not in found[lock.id]:
                    found[lock.id].append(rule.schedule())
        return {lock_id: schedules for lock_id, schedules in found.items() if schedules}


async def test_grants_are_what_the_rows_say(database: Database) -> None:
    """Of members, tags, locks and rules that are there; each schedule once; for any number of members alike."""
    granted = 0
    for seed in range(12):
        world = World(seed)
        await world.make()

        found = await grants_of_members([member.id for member in world.members])

        for member in world.members:
            expected = world.expected(member)
            granted += len(expected)
            assert found.get(member.id, {}) == expected, f"seed {seed}"
            assert (await grants_of_members([member.id])).get(member.id, {}) == expected
    assert granted > 20


async def test_grants_cost_the_same_for_one_member_and_for_all(database: Database) -> None:
    """The number of statements does not grow with members, rules or locks."""
    world = World(1)
    await world.make()

    with counted() as for_one:
        await grants_of_members([world.members[0].id])
    with counted() as for_all:
        await grants_of_members([member.id for member in world.members])

    assert len(for_one) == len(for_all) <= 6


async def test_whoever_a_change_may_concern_is_found(database: Database) -> None:
    """Every member with a grant at a lock is among those who are looked at when its tags or keypad change."""
    for seed in range(12):
        world = World(seed)
        await world.make()
        for lock in world.locks:
            concerned = await members_of_rules(await rules_naming_lock(lock.id))
            for member in world.members:
                if lock.id in world.expected(member):
                    assert member.id in concerned, f"seed {seed}"
