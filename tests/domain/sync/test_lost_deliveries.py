"""A delivery that was lost is not taken for one that arrived, whatever is acknowledged after it; on both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.errors import PinNotAcceptable
from domain.link import messages
from domain.locks.tables import Lock
from domain.pins.service import delete_pin, reassign_pin
from domain.sync import deliveries
from domain.sync.rules import DELIVERY_PATIENCE, SyncStatus
from domain.sync.status import PinAtLock, pins_at_locks
from domain.sync.tables import LockDelivery
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock

FIRST, SECOND, THIRD = "49172638", "58203917", "60314028"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.here.passwords.close()


@pytest.fixture
def short_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries of two entries at most, so that what a lock should get comes in parts."""
    for module in (deliveries, messages):
        monkeypatch.setattr(module, "MAX_DELIVERY_ENTRIES", 2)


async def _state(yard: Yard, pin_id: UUID) -> PinAtLock:
    (state,) = (await pins_at_locks([pin_id]))[pin_id]
    return state


async def _reassigned(yard: Yard, pin_id: UUID, digits: str) -> None:
    await reassign_pin(yard.here, yard.by, pin_id=pin_id, digits=digits, now=yard.now)


async def _a_part_is_lost(lock: YardLock) -> None:
    """Handed out, and gone with the connection."""
    await lock.connect()
    await lock.server_looks()
    await lock.disconnect()


async def _the_next_part_arrives(lock: YardLock) -> None:
    """Of a new connection, and is acknowledged."""
    await lock.connect()
    await lock.server_hears()
    await lock.server_looks()
    while lock.down:
        lock.lock_hears()
    await lock.server_hears()


@pytest.mark.usefixtures("short_deliveries")
async def test_a_version_in_a_lost_part_is_not_said_to_be_there(yard: Yard) -> None:
    """Its entry was changed again before a later part was acknowledged: the door may have the old one, and has."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits=FIRST)
    await yard.settle()
    await lock.disconnect()
    await _reassigned(yard, shown.pin.id, SECOND)
    for _ in range(3):
        await yard.pin(lock)
    await _a_part_is_lost(lock)
    await _reassigned(yard, shown.pin.id, THIRD)
    await _the_next_part_arrives(lock)

    state = await _state(yard, shown.pin.id)
    assert lock.type(FIRST)
    assert (state.status, state.opens) == (SyncStatus.NOT_UPDATED, [1, 2])
    with pytest.raises(PinNotAcceptable):
        await yard.pin(lock, digits=FIRST)
    await yard.settle()
    state = await _state(yard, shown.pin.id)
    assert (state.status, state.opens) == (SyncStatus.UPDATED, [3])
    assert not lock.type(FIRST)
    assert (await yard.pin(lock, digits=FIRST)).digits == FIRST
    assert await LockDelivery.filter(settled_at=None).count() == 0


@pytest.mark.usefixtures("short_deliveries")
async def test_a_removal_in_a_lost_part_is_not_said_to_be_done(yard: Yard) -> None:
    """The PIN left the lock and came back before a later part was acknowledged; its digits stay the lock's own."""
    front, back = await yard.lock("Front"), await yard.lock("Back")
    shown = await yard.pin(front, digits=FIRST)
    await yard.settle()
    await front.disconnect()
    await yard.moved(shown.pin, back)
    for _ in range(3):
        await yard.pin(front)
    await _a_part_is_lost(front)
    await yard.moved(shown.pin, front)
    await delete_pin(yard.here, yard.by, pin_id=shown.pin.id, now=yard.now)
    await _the_next_part_arrives(front)

    states = {state.lock.id: state for state in (await pins_at_locks([shown.pin.id]))[shown.pin.id]}
    assert states[front.id].opens == [1]
    assert front.type(FIRST)
    with pytest.raises(PinNotAcceptable):
        await yard.pin(front, digits=FIRST)
    await yard.settle()
    assert not front.type(FIRST)


async def test_a_snapshot_that_is_not_heard_is_handed_out_again_and_not_made_anew(
    yard: Yard,
) -> None:
    """A deaf lock costs one row and one revision, however often it is told, and ever more seldom."""
    lock = await yard.lock("Front")
    await yard.pin(lock, digits=FIRST)
    await lock.connect()
    told: list[float] = []
    began = yard.now
    while (yard.now - began) < timedelta(hours=2):
        if await lock.server_looks() and any(lock.down):
            told.append((yard.now - began) / DELIVERY_PATIENCE)
            lock.down.clear()
        yard.now += DELIVERY_PATIENCE

    row = await Lock.get(id=lock.id)
    assert await LockDelivery.filter(lock_id=lock.id).count() == 1
    assert row.wanted_revision == (await LockDelivery.get(lock_id=lock.id)).to_revision
    assert told[:5] == [0, 1, 3, 7, 15]
    assert 8 < len(told) < 20
    await yard.settle()
    assert lock.type(FIRST)
