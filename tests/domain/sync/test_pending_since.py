"""Since when a lock is behind: the oldest change that it lacks, not the newest; on both databases."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.access.schedule import Weekday
from domain.locks.tables import Lock
from domain.pins.service import delete_pin, update_pin
from domain.sync.rules import MOST_PENDING_CHANGES
from domain.sync.status import locks_in_sync, pins_at_locks
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock

HOUR = timedelta(hours=1)


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _since(lock: YardLock, pin_id: UUID) -> tuple[datetime | None, datetime | None]:
    """Of the PIN at the lock, and of the lock as a whole."""
    (state,) = (await pins_at_locks([pin_id]))[pin_id]
    (whole,) = await locks_in_sync(Lock.filter(id=lock.id))
    return state.pending_since, whole.pending_since


async def _change(yard: Yard, pin_id: UUID, times: int = 1) -> datetime:
    """Gives it another day so many times, an hour apart; when it was the first time."""
    first = yard.now + HOUR
    for _ in range(times):
        yard.now += HOUR
        fields = {"weekdays": [list(Weekday)[yard.now.hour % 7]]}
        await update_pin(yard.installation, yard.by, pin_id=pin_id, fields=fields, now=yard.now)
    return first


async def _away(yard: Yard) -> tuple[YardLock, UUID]:
    """A lock that has a PIN and nothing to wait for, and is away since."""
    lock = await yard.lock("Front")
    pin_id = (await yard.pin(lock)).pin.id
    await yard.settle()
    assert await _since(lock, pin_id) == (None, None)
    await lock.disconnect()
    return lock, pin_id


async def test_it_is_the_first_of_several_changes(yard: Yard) -> None:
    """A lock that has been away for a week is a week behind, also when the last change is an hour old."""
    lock, pin_id = await _away(yard)
    first = await _change(yard, pin_id, 3)
    await delete_pin(yard.installation, yard.by, pin_id=pin_id, now=yard.now)

    assert await _since(lock, pin_id) == (first, first)
    await yard.settle()
    assert await _since(lock, pin_id) == (None, None)


async def test_of_a_lock_it_is_the_oldest_of_all_that_it_lacks(yard: Yard) -> None:
    """Each PIN has its own; what is no change for the lock changes neither."""
    lock, first = await _away(yard)
    second = (await yard.pin(lock)).pin.id
    made = yard.now
    changed = await _change(yard, first)
    await update_pin(
        yard.installation, yard.by, pin_id=second, fields={"notes": "x"}, now=yard.now + HOUR
    )

    assert await _since(lock, first) == (changed, made)
    assert await _since(lock, second) == (made, made)


async def test_what_was_acknowledged_meanwhile_is_not_counted(yard: Yard) -> None:
    """Two changes after the one that was handed out: when that is acknowledged, the first of the two is the oldest."""
    lock, pin_id = await _away(yard)
    handed_out = await _change(yard, pin_id)
    await lock.connect()
    await lock.server_hears()
    await lock.server_looks()
    after = await _change(yard, pin_id, 2)
    before = await _since(lock, pin_id)
    while lock.down:
        lock.lock_hears()
    await lock.server_hears()

    assert before == (handed_out, handed_out)
    assert await _since(lock, pin_id) == (after, after)


async def test_it_is_the_first_of_very_many(yard: Yard) -> None:
    """What is kept for it does not grow without end."""
    lock, pin_id = await _away(yard)
    first = await _change(yard, pin_id, MOST_PENDING_CHANGES + 9)

    assert await _since(lock, pin_id) == (first, first)
    await yard.settle()
    assert await _since(lock, pin_id) == (None, None)


async def test_a_new_secret_does_not_make_it_newer(yard: Yard) -> None:
    """What the door lacked before, it lacks still; what it had, it lacks since then."""
    lock, changed = await _away(yard)
    other = (await yard.pin(lock)).pin.id
    await yard.settle()
    await lock.disconnect()
    first = await _change(yard, changed, 2)
    lock.reset(await yard.provision(lock.id))
    yard.now += HOUR
    await lock.connect()

    assert await _since(lock, changed) == (first, first)
    assert (await _since(lock, other))[0] == yard.now
    await yard.settle()
    assert await _since(lock, changed) == (None, None)
