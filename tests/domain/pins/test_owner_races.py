"""PINs, their owners and what else changes at the same time; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest

from domain.actors import Role
from domain.database import lock_row, transaction, use_case
from domain.errors import NotFound, PinTooShort
from domain.people.members import create_member, remove_member
from domain.people.tables import Member
from domain.pins.choices import NewPin
from domain.pins.service import create_pin, reassign_pin
from domain.pins.tables import Pin, PinStatus
from domain.sites.tables import Site
from domain.sync.tables import EntryState, LockEntry
from domain.tags.service import live_tags
from domain.tags.tables import Tag, TagKind, TagTarget
from tests.databases import Database, only_postgresql
from tests.domain.sync.yard import Yard


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _member(yard: Yard) -> Member:
    return await create_member(
        yard.installation,
        yard.by,
        name="Zoe",
        role=Role.USER,
        can_edit=False,
        email=None,
        now=yard.now,
    )


def _pin(yard: Yard, owner: Member, *lock_ids: Any) -> Awaitable[Any]:
    new = NewPin(owner_id=owner.id, lock_ids=list(lock_ids) or None)
    return create_pin(yard.installation, yard.by, new, yard.now)


async def test_no_pin_outlives_a_member_who_is_removed_while_it_is_made(yard: Yard) -> None:
    """Whichever comes first: what was made before the removal is withdrawn by it, what would come after is refused."""
    lock = await yard.lock("Front")
    for wait in (0.0, 0.002, 0.005, 0.01, 0.02, 0.05):
        owner = await _member(yard)

        async def removed(after: float = wait, owner: Member = owner) -> None:
            await asyncio.sleep(after)
            await remove_member(yard.installation, yard.by, member_id=owner.id, now=yard.now)

        made = [_pin(yard, owner, lock.id) for _ in range(4)]
        outcomes = await asyncio.gather(removed(), *made, return_exceptions=True)

        assert all(
            each is None or isinstance(each, NotFound) or hasattr(each, "pin") for each in outcomes
        )
        assert not await Pin.filter(owner_id=owner.id).exclude(status=PinStatus.REMOVED).exists()
        held = LockEntry.filter(pin__owner_id=owner.id).exclude(state=EntryState.REMOVED)
        assert not await held.exists()


@only_postgresql
async def test_a_row_that_is_held_lets_others_point_at_it(yard: Yard) -> None:
    """A report's events point at their site while its settings change: with rows locked whole, the two deadlocked."""
    held, done = asyncio.Event(), asyncio.Event()

    @use_case
    async def hold() -> None:
        async with transaction():
            await lock_row(Site, yard.site.id)
            held.set()
            await done.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    try:
        async with asyncio.timeout(5):
            await _tag(yard)
    finally:
        done.set()
        await holding


@use_case
async def _tag(yard: Yard) -> None:
    async with transaction():
        await Tag.create(
            site_id=yard.site.id,
            kind=TagKind.SPECIAL,
            target=TagTarget.LOCK,
            name="Doors",
            created_at=yard.now,
        )


async def test_generated_digits_in_place_of_a_pins_own_are_not_one_more(yard: Yard) -> None:
    """On a lock that holds as many PINs of the only length as it may, each can be given others."""
    lock = await yard.lock("Front")
    await Site.filter(id=yard.site.id).update(
        pin_min_length=4, pin_max_length=4, pin_auto_length=4, guess_limit=1000
    )
    shown = await yard.pin(lock)
    with pytest.raises(PinTooShort):
        await yard.pin(lock)

    again = await reassign_pin(
        yard.installation, yard.by, pin_id=shown.pin.id, digits=None, now=yard.now
    )

    assert (len(again.digits), again.digits == shown.digits) == (4, False)


async def test_a_member_who_goes_between_two_reads_of_their_tag_is_not_found(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by their default tag, which is there when it is looked up and holds nobody a moment later."""
    lock, owner = await yard.lock("Front"), await _member(yard)
    tag = await Tag.get(name="Zoe", kind=TagKind.DEFAULT, target=TagTarget.MEMBER)
    look_up = live_tags

    async def and_then_they_go(*args: Any) -> list[Tag]:
        found = await look_up(*args)
        await remove_member(yard.installation, yard.by, member_id=owner.id, now=yard.now)
        return found

    monkeypatch.setattr("domain.pins.choices.live_tags", and_then_they_go)
    new = NewPin(owner_tag_id=tag.id, lock_ids=[lock.id])
    with pytest.raises(NotFound) as refused:
        await create_pin(yard.installation, yard.by, new, yard.now)
    assert refused.value.field == "owner.member_tag_id"
