"""A tag, and what it holds, change at the same time as a lock or a member goes; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.access.schedule import ALWAYS
from domain.access_rules.service import create_access_rule
from domain.actors import Role
from domain.bus import listening
from domain.errors import NotFound
from domain.locks.service import delete_lock
from domain.people.members import create_member, remove_member
from domain.tags.service import create_tag, update_tag
from domain.tags.tables import Tag, TaggedLock, TaggedMember, TagTarget
from tests.databases import Database
from tests.domain.crossing import held_back
from tests.domain.sync.yard import Yard

CONTENTS = {
    TagTarget.LOCK: "LOCK TABLE tagged_locks IN EXCLUSIVE MODE",
    TagTarget.MEMBER: "LOCK TABLE tagged_members IN EXCLUSIVE MODE",
}
"""Whoever fills or empties a tag stops before it writes, and has read what it fills it with."""


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _tag(yard: Yard, target: TagTarget, *ids: UUID) -> Tag:
    return await create_tag(
        yard.installation,
        yard.by,
        name="Some",
        target=target,
        member_ids=ids if target is TagTarget.MEMBER else None,
        lock_ids=ids if target is TagTarget.LOCK else None,
        now=yard.now,
    )


async def _one(yard: Yard, target: TagTarget) -> UUID:
    """A lock or a member that a tag can hold."""
    if target is TagTarget.LOCK:
        return (await yard.lock("Front")).id
    member = await create_member(
        yard.installation,
        yard.by,
        name="Zoe",
        role=Role.USER,
        can_edit=False,
        email=None,
        now=yard.now,
    )
    return member.id


def _gone(yard: Yard, target: TagTarget, row_id: UUID) -> Coroutine[Any, Any, Any]:
    if target is TagTarget.LOCK:
        return delete_lock(yard.installation, yard.by, lock_id=row_id, now=yard.now)
    return remove_member(yard.installation, yard.by, member_id=row_id, now=yard.now)


@pytest.mark.parametrize("target", TagTarget)
@pytest.mark.parametrize("how", ["made", "filled"])
@pytest.mark.parametrize("first", ["tag", "deletion"])
async def test_no_tag_holds_what_goes_while_it_is_filled(
    database: Database, yard: Yard, target: TagTarget, how: str, first: str
) -> None:
    """The tag that comes first is emptied by the deletion; the one that comes second is refused."""
    row_id = await _one(yard, target)
    field = "lock_ids" if target is TagTarget.LOCK else "member_ids"
    if how == "filled":
        tag = await _tag(yard, target)
        filled = update_tag(
            yard.installation, yard.by, tag_id=tag.id, fields={field: [row_id]}, now=yard.now
        )
    else:
        filled = _tag(yard, target, row_id)
    changes = [filled, _gone(yard, target, row_id)]

    async with held_back(database, CONTENTS[target]) as rows:
        tasks = [
            await rows.meets(each) for each in (changes if first == "tag" else reversed(changes))
        ]
    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert not await TaggedLock.filter(lock__deleted_at__isnull=False).exists()
    assert not await TaggedMember.filter(member__removed_at__isnull=False).exists()
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert [type(each) for each in refused] == ([] if first == "tag" else [NotFound])


async def test_a_pin_by_a_tag_of_which_a_lock_was_deleted_is_made(yard: Yard) -> None:
    """Also when the tag still holds the deleted lock, as older versions left it."""
    front, back = await yard.lock("Front"), await yard.lock("Back")
    tag = await _tag(yard, TagTarget.LOCK, front.id, back.id)
    await delete_lock(yard.installation, yard.by, lock_id=front.id, now=yard.now)
    await TaggedLock.create(tag=tag, lock_id=front.id)

    shown = await yard.pin(tag_ids=[tag.id])

    await back.connect()
    await back.settle()
    assert back.held(shown.digits)


@pytest.mark.parametrize("by", ["lock", "tag of locks"])
@pytest.mark.parametrize("whom", ["member", "tag of members"])
async def test_whoever_opened_a_lock_by_rule_is_woken_when_it_is_deleted(
    yard: Yard, by: str, whom: str
) -> None:
    """However the rule reaches the lock, and whomever it names: the screen of their phone shows one door less."""
    lock = await yard.lock("Front")
    members = await _tag(yard, TagTarget.MEMBER, yard.owner.id)
    locks = await _tag(yard, TagTarget.LOCK, lock.id)
    await create_access_rule(
        yard.installation,
        yard.by,
        member_id=yard.owner.id if whom == "member" else None,
        member_tag_id=members.id if whom != "member" else None,
        lock_ids=[lock.id] if by == "lock" else None,
        lock_tag_ids=[locks.id] if by != "lock" else None,
        schedule=ALWAYS,
        now=yard.now,
    )

    async with listening(f"member:{yard.owner.id}") as wakeups:
        await delete_lock(yard.installation, yard.by, lock_id=lock.id, now=yard.now)
        assert await wakeups.wait(10)
