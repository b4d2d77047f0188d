"""A delivery that was lost is not taken for one that arrived, whatever is acknowledged after it; on both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.errors import PinNotAcceptable
from domain.link import messages
from domain.locks.tables import Lock
from domain.pins.service import delete_pin, reassign_pin
from domain.sync import deliveries
from domain.sync.reports import Acknowledged, report_lock
from domain.sync.rules import DELIVERY_PATIENCE, SyncStatus
from domain.sync.status import PinAtLock, pins_at_locks
from domain.sync.tables import LockDelivery
from locksim.deliveries import sum_of
from locksim.signals import Delivery
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock

FIRST, SECOND, THIRD = "49172638", "58203917", "60314028"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


@pytest.fixture
def short_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries of two entries at most, so that what a lock should get comes in parts."""
    for module in (deliveries, messages):
        monkeypatch.setattr(module, "MAX_DELIVERY_ENTRIES", 2)


async def _state(yard: Yard, pin_id: UUID) -> PinAtLock:
    (state,) = (await pins_at_locks([pin_id]))[pin_id]
    return state


async def _reassigned(yard: Yard, pin_id: UUID, digits: str) -> None:
    await reassign_pin(yard.installation, yard.by, pin_id=pin_id, digits=digits, now=yard.now)


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
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)
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


async def test_what_a_lock_has_applied_counts_whatever_delivery_it_names(yard: Yard) -> None:
    """It hears an old delivery again before it has reported the new one, and names that; its row is gone long since."""
    lock = await yard.lock("Front")
    first = await yard.pin(lock, digits=FIRST)
    await yard.settle()
    old = lock.heard[0]
    second = await yard.pin(lock, digits=SECOND)
    await yard.settle()
    await _reassigned(yard, second.pin.id, THIRD)
    await _the_next_delivery_arrives(lock)
    await _reported(yard, lock, UUID(old.id))

    for pin_id, version in ((first.pin.id, 1), (second.pin.id, 2)):
        state = await _state(yard, pin_id)
        assert (state.status, state.opens) == (SyncStatus.UPDATED, [version])
    assert await lock.at_rest()


async def test_another_sum_than_that_of_the_revision_brings_a_snapshot_whatever_is_named(
    yard: Yard,
) -> None:
    """A delivery that nobody knows does not hide that the lock holds something else than it was sent."""
    lock = await yard.lock("Front")
    await yard.pin(lock, digits=FIRST)
    await lock.connect()
    await lock.server_looks()
    (delivery,) = await LockDelivery.filter(lock_id=lock.id)
    await _reported(yard, lock, uuid4(), delivery.to_revision, "0" * 64)

    row = await lock.row()
    assert (row.snapshot_needed, row.state_unknown) == (True, True)
    await yard.settle()
    assert lock.type(FIRST)


@pytest.mark.usefixtures("short_deliveries")
async def test_a_part_that_is_named_by_an_older_one_counts_by_its_revision(yard: Yard) -> None:
    """It has no sum. What its entries have since become is not taken for what arrived."""
    lock = await yard.lock("Front")
    await yard.settle()
    pins = [await yard.pin(lock) for _ in range(5)]
    await _the_next_delivery_arrives(lock)
    part = UUID(lock.heard[-1].id)
    await _reported(yard, lock, part)
    await _the_next_delivery_arrives(lock)
    await _reassigned(yard, pins[2].pin.id, FIRST)
    await _reported(yard, lock, part)

    named = [state.opens for each in pins for state in [await _state(yard, each.pin.id)]]
    assert named == [[1], [1], [1], [1], []]
    assert (await lock.row()).applied_revision == lock.firmware.state.applied
    await lock.disconnect()
    await yard.settle()
    assert [(await _state(yard, each.pin.id)).opens for each in pins] == [[1], [1], [2], [1], [1]]


async def test_a_lock_that_acknowledges_nothing_is_told_again(yard: Yard) -> None:
    """It says that it has everything, but never the sum: after a while the same comes again, and wants an answer."""
    lock = await yard.lock("Front")
    await yard.settle()
    await yard.pin(lock, digits=FIRST)
    await _the_next_delivery_arrives(lock)
    await lock.connect()
    await lock.server_looks()
    at_once = [each for each in lock.down if isinstance(each, Delivery)]
    yard.now += DELIVERY_PATIENCE
    await lock.server_looks()
    (again,) = [each for each in lock.down if isinstance(each, Delivery)]
    await _reported(yard, lock, UUID(again.id))

    assert at_once == []
    assert await lock.at_rest()


async def test_while_it_is_not_known_what_a_lock_holds_changes_free_no_digits(yard: Yard) -> None:
    """Its disk was put back; a word that it said before comes late: what it tells of is no longer there."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits=FIRST)
    await yard.settle()
    image = lock.disk.state
    assert image is not None
    await _reassigned(yard, shown.pin.id, SECOND)
    await lock.server_looks()
    lock.lock_hears()
    late = lock.firmware.state
    named = UUID(lock.heard[-1].id)
    lock.restore(image)
    await lock.connect()
    await Lock.filter(id=lock.id).update(state_unknown=True, snapshot_needed=True)
    await _reported(yard, lock, named, late.applied, sum_of(late))

    assert (await _state(yard, shown.pin.id)).opens is None
    assert lock.type(FIRST)
    with pytest.raises(PinNotAcceptable):
        await yard.pin(lock, digits=FIRST)
    await yard.settle()
    assert (await _state(yard, shown.pin.id)).opens == [2]
    assert not lock.type(FIRST)
    assert (await yard.pin(lock, digits=FIRST)).digits == FIRST


async def _the_next_delivery_arrives(lock: YardLock) -> None:
    """And what the lock says to it is lost."""
    heard = len(lock.heard)
    await lock.server_looks()
    while len(lock.heard) == heard:
        assert lock.lock_hears()
    lock.up.clear()


async def _reported(
    yard: Yard,
    lock: YardLock,
    named: UUID,
    applied: int | None = None,
    state_sum: str | None = None,
) -> None:
    """A report on the lock's own socket, of its present state unless another is given."""
    assert lock.actor is not None
    state = lock.firmware.state
    await report_lock(
        lock.yard.installation,
        lock.actor,
        lock_id=lock.id,
        applied_revision=state.applied if applied is None else applied,
        acknowledged=Acknowledged(named, state_sum or sum_of(state)),
        nonce=None,
        events=[],
        now=yard.now,
    )
