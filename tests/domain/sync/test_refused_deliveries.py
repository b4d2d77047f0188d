"""What a lock has said it refused is known not to be there, and nothing else is; on both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.link import messages
from domain.locks.tables import Lock
from domain.pins.service import delete_pin
from domain.sync import deliveries
from domain.sync.reports import Acknowledged, report_lock
from domain.sync.rules import DELIVERY_PATIENCE
from domain.sync.status import pins_at_locks
from domain.sync.tables import LockDelivery
from locksim.deliveries import sum_of
from locksim.signals import Delivery
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock

DIGITS = "49172638"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _opens(pin_id: UUID) -> list[int] | None:
    (state,) = (await pins_at_locks([pin_id]))[pin_id]
    return state.opens


async def _handed_out(lock: YardLock) -> list[Delivery]:
    """What the feed has for the lock, which never sees it."""
    await lock.server_looks()
    found = [each for each in lock.down if isinstance(each, Delivery)]
    lock.down.clear()
    return found


async def _answered(
    lock: YardLock, named: str | None, *, event: str | None = None, state_sum: str | None = None
) -> None:
    """The lock answers a delivery by what it holds, which is as before; or an event names what it refused."""
    assert lock.actor is not None
    state = lock.firmware.state
    refused = {"stateId": "answers", "sequence": 1, "kind": "DELIVERY_REFUSED", "deliveryId": event}
    await report_lock(
        lock.yard.installation,
        lock.actor,
        lock_id=lock.id,
        applied_revision=state.applied,
        acknowledged=Acknowledged(UUID(named), state_sum or sum_of(state)) if named else None,
        nonce=None,
        events=[refused] if event else [],
        now=lock.yard.now,
    )


async def test_a_pin_in_a_refused_delivery_is_said_not_to_open(yard: Yard) -> None:
    """From the refusal on, also once it is deleted; while the next one is on its way it may be there."""
    lock = await yard.lock("Front")
    await yard.settle()
    shown = await yard.pin(lock, digits=DIGITS)
    (changes,) = await _handed_out(lock)
    assert await _opens(shown.pin.id) == [1]
    await _answered(lock, changes.id)
    assert await _opens(shown.pin.id) == []
    (snapshot,) = await _handed_out(lock)
    assert await _opens(shown.pin.id) == [1]
    await _answered(lock, snapshot.id)
    assert await _opens(shown.pin.id) == []
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)
    assert await _opens(shown.pin.id) == []
    await lock.connect()
    await yard.settle()
    assert not lock.type(DIGITS)
    assert await LockDelivery.filter(settled_at=None).count() == 0


async def test_a_lock_that_refuses_everything_is_not_told_without_end(yard: Yard) -> None:
    """A refused snapshot is handed out again after a while, longer each time, and one row is kept of it."""
    lock = await yard.lock("Front")
    await yard.settle()
    await yard.pin(lock, digits=DIGITS)
    (changes,) = await _handed_out(lock)
    await _answered(lock, changes.id)
    (snapshot,) = await _handed_out(lock)
    for times in (1, 2, 4):
        await _answered(lock, snapshot.id)
        assert await _handed_out(lock) == []
        yard.now += DELIVERY_PATIENCE * times - timedelta(seconds=1)
        assert await _handed_out(lock) == []
        yard.now += timedelta(seconds=1)
        (snapshot,) = await _handed_out(lock)
        assert await LockDelivery.filter(lock_id=lock.id, settled_at=None).count() == 1


async def test_a_late_word_of_a_refusal_does_not_concern_what_was_handed_out_since(
    yard: Yard,
) -> None:
    """The last acknowledgement is said again on every connection: the next copy may be there all the same."""
    lock = await yard.lock("Front")
    await yard.settle()
    shown = await yard.pin(lock, digits=DIGITS)
    (changes,) = await _handed_out(lock)
    await _answered(lock, changes.id)
    (first,) = await _handed_out(lock)
    await _answered(lock, first.id)
    yard.now += DELIVERY_PATIENCE
    (second,) = await _handed_out(lock)
    for named in (changes, first):
        await _answered(lock, named.id)
        assert await _opens(shown.pin.id) == [1]
    lock.say_again(second)
    assert lock.type(DIGITS)
    await yard.settle()
    assert await _opens(shown.pin.id) == [1]


async def test_a_snapshot_in_parts_is_refused_by_an_event_and_not_by_an_answer(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that gathers answers each part like that; only an event that names the delivery tells a refusal."""
    for module in (deliveries, messages):
        monkeypatch.setattr(module, "MAX_DELIVERY_ENTRIES", 2)
    lock = await yard.lock("Front")
    await yard.settle()
    await Lock.filter(id=lock.id).update(snapshot_needed=True)
    shown = await yard.pin(lock, digits=DIGITS)
    for _ in range(3):
        await yard.pin(lock)
    parts = await _handed_out(lock)
    assert len(parts) > 1
    await _answered(lock, parts[0].id)
    assert await _opens(shown.pin.id) == [1]
    await _answered(lock, None, event=parts[0].id)
    assert await _opens(shown.pin.id) == []


async def test_an_answer_from_elsewhere_refuses_nothing(yard: Yard) -> None:
    """A wrong sum, another lock's delivery, and one that does not begin where the lock is."""
    lock, other = await yard.lock("Front"), await yard.lock("Back")
    await yard.settle()
    shown = await yard.pin(lock, digits=DIGITS)
    (changes,) = await _handed_out(lock)
    await _answered(other, changes.id)
    await _answered(other, None, event=changes.id)
    assert await _opens(shown.pin.id) == [1]
    await LockDelivery.filter(id=changes.id).update(from_revision=lock.firmware.state.applied + 1)
    await _answered(lock, changes.id)
    assert await _opens(shown.pin.id) == [1]
    await LockDelivery.filter(id=changes.id).update(from_revision=lock.firmware.state.applied)
    await _answered(lock, changes.id, state_sum="0" * 64)
    assert await _opens(shown.pin.id) is None


async def test_a_sum_that_differs_after_a_snapshot_brings_one_more_at_once(yard: Yard) -> None:
    """And the next only after a while, so that a lock that never agrees does not make the server busy."""
    lock = await yard.lock("Front")
    await lock.connect()
    (snapshot,) = await _handed_out(lock)
    counted = 1
    for waits in (False, True, True):
        lock.say_again(snapshot)
        lock.up.clear()
        await _answered(lock, snapshot.id, state_sum="0" * 64)
        if waits:
            assert await _handed_out(lock) == []
            yard.now += DELIVERY_PATIENCE * counted
            counted *= 2
        (snapshot,) = await _handed_out(lock)
    await lock.connect()
    await yard.settle()
    assert await lock.at_rest()
    assert not (await lock.row()).state_unknown
