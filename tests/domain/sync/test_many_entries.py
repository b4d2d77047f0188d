"""A lock with thousands of entries is like any other: nothing said about them grows past what a statement takes."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from domain.audit.service import recorded
from domain.database import use_case
from domain.locks.tables import Lock
from domain.pins.entries import follow_pins
from domain.pins.tables import PinLock
from domain.sync.rules import SyncStatus
from domain.sync.status import locks_in_sync, pins_at_locks
from domain.sync.tables import LockDelivery
from tests.databases import Database
from tests.domain.sync.crowd import crowd
from tests.domain.sync.yard import Yard

MANY = 4_000


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def test_a_snapshot_of_thousands_is_acknowledged_and_so_is_their_removal(yard: Yard) -> None:
    """All of them arrive and are said to; all of them leave again and are said to, by one snapshot each time."""
    lock = await yard.lock("Front")
    keys = await crowd(yard.installation, yard.by, yard.site, lock.own.lock_id, MANY, yard.now)
    await yard.settle()

    assert len(lock.firmware.state.entries) > MANY
    assert await _statuses(keys) == [SyncStatus.UPDATED] * MANY

    await _all_leave(yard, keys)
    await Lock.filter(id=lock.id).update(snapshot_needed=True)
    await yard.settle()
    (whole,) = await locks_in_sync(Lock.filter(id=lock.id))

    assert await _statuses(keys) == [SyncStatus.REMOVED] * MANY
    assert (whole.status, whole.pending) == (SyncStatus.UPDATED, 0)
    assert await LockDelivery.filter(settled_at=None).count() == 0


async def _statuses(keys: list[UUID]) -> list[SyncStatus]:
    return [state.status for found in (await pins_at_locks(keys)).values() for state in found]


@use_case
async def _all_leave(yard: Yard, keys: list[UUID]) -> None:
    async with recorded(yard.installation, yard.by, "updatePin", yard.now) as change:
        await PinLock.filter(pin_id__in=keys).delete()
        await follow_pins(yard.installation, change, keys, yard.now)
        change.note("Member", yard.owner.id)
