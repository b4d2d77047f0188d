"""A door's list of PINs holds what the door should hold and what it may still hold; on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from domain.listing.site_lists import pins_of
from domain.locks.tables import Lock
from domain.pins.service import delete_pin, set_blocked
from domain.schedules.states import CredentialState
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _at(yard: Yard, lock: YardLock, state: CredentialState | None = None) -> set[UUID]:
    states = None if state is None else [state]
    return {pin.id for pin in await pins_of(yard.site, states, None, [lock.id], None, yard.now)}


async def test_a_removed_pin_is_listed_by_door_until_the_door_has_let_go(yard: Yard) -> None:
    """Each door by itself, as it acknowledges; among the removed ones only, since it is one."""
    front, back = await yard.lock("Front"), await yard.lock("Back")
    shown, kept = await yard.pin(front, back), await yard.pin(front, back)
    await yard.settle()
    await back.disconnect()
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)

    assert await _at(yard, front, CredentialState.REMOVED) == {shown.pin.id}
    await front.settle()
    assert await _at(yard, front, CredentialState.REMOVED) == set()
    assert await _at(yard, back, CredentialState.REMOVED) == {shown.pin.id}
    assert back.type(shown.digits)
    assert await _at(yard, back) == {kept.pin.id}
    await yard.settle()
    assert await _at(yard, back, CredentialState.REMOVED) == set()


async def test_a_pin_that_leaves_a_door_is_listed_there_until_it_has_left(yard: Yard) -> None:
    """It goes on at another; there it is listed at once."""
    front, back = await yard.lock("Front"), await yard.lock("Back")
    shown = await yard.pin(front)
    await yard.settle()
    await yard.moved(shown.pin, back)

    assert await _at(yard, front) == await _at(yard, back) == {shown.pin.id}
    await yard.settle()
    assert (await _at(yard, front), await _at(yard, back)) == (set(), {shown.pin.id})


async def test_a_blocked_pin_stays_in_its_doors_lists(yard: Yard) -> None:
    """The door should hold its block; also when it has acknowledged that."""
    front = await yard.lock("Front")
    shown = await yard.pin(front)
    await set_blocked(yard.installation, yard.by, pin_id=shown.pin.id, blocked=True, now=yard.now)
    before = await _at(yard, front, CredentialState.BLOCKED)
    await yard.settle()

    assert before == await _at(yard, front, CredentialState.BLOCKED) == {shown.pin.id}


async def test_of_a_door_that_is_not_known_all_that_it_ever_held_is_listed(yard: Yard) -> None:
    """A disk put back may hold it again, also what it had let go."""
    front = await yard.lock("Front")
    shown = await yard.pin(front)
    await yard.settle()
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)
    await yard.settle()
    gone = await _at(yard, front, CredentialState.REMOVED)
    await Lock.filter(id=front.id).update(state_unknown=True, snapshot_needed=True)

    assert gone == set()
    assert await _at(yard, front, CredentialState.REMOVED) == {shown.pin.id}
    await yard.settle()
    assert await _at(yard, front, CredentialState.REMOVED) == set()
