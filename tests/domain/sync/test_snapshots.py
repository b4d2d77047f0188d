"""A snapshot is everything: whatever it did not carry is gone from the lock, and is said to be gone; on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.locks.tables import Lock
from domain.pins.service import set_blocked
from domain.sync.rules import SyncStatus
from domain.sync.status import pins_at_locks
from tests.databases import Database
from tests.domain.sync.yard import Yard


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def test_what_a_snapshot_left_out_opens_nothing_though_it_is_wanted_again(yard: Yard) -> None:
    """Blocked when the snapshot was cut, unblocked before it was acknowledged: the old version is not said to open."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits="49172638")
    await yard.settle()
    await Lock.filter(id=lock.id).update(snapshot_needed=True)
    common = {"installation": yard.installation, "by": yard.by, "pin_id": shown.pin.id}
    await set_blocked(**common, blocked=True, now=yard.now)  # type: ignore[arg-type]
    await lock.server_looks()
    await set_blocked(**common, blocked=False, now=yard.now)  # type: ignore[arg-type]
    lock.lock_hears()
    await lock.server_hears()
    (state,) = (await pins_at_locks([shown.pin.id]))[shown.pin.id]

    assert not lock.type("49172638")
    assert (state.status, state.opens) == (SyncStatus.NOT_UPDATED, [])
    await yard.settle()
    (state,) = (await pins_at_locks([shown.pin.id]))[shown.pin.id]
    assert (state.status, state.opens) == (SyncStatus.UPDATED, [3])
    assert lock.type("49172638")
