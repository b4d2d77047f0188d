"""What follows from what a lock says of its deliveries: where it is, what it has applied, what it has refused.

Nothing is believed to have arrived without an acknowledgement whose sum matches, nor because something later arrived.
Nothing is believed to have been refused that may still be applied: only a delivery counts that would have brought the lock
on from where it says it is, and that it answered without moving. Of a snapshot in several parts each answer before the last
looks so, and only an event of the lock tells a refusal from it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from domain.database.rows import column, save_all
from domain.link.state import state_sum
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.sync.rules import pending_since, without_applied
from domain.sync.tables import DeliveryAnswer, EntryState, LockDelivery, LockEntry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far the lock on a feed says it is."""

    epoch: int
    applied_revision: int


async def reconcile(lock: Lock, position: FeedPosition) -> bool:
    """Within a transaction: compares where a lock says it is with what is known; its row is changed, not saved.

    Returns whether the lock was ahead of the data: it then gets an epoch of its own, above both. A revision that was
    wanted and never handed out is ahead too: what the lock has under this number is not what was wanted.
    """
    if position.epoch > lock.epoch or (
        position.epoch == lock.epoch
        and position.applied_revision > lock.applied_revision
        and await _handed_out(lock, position.applied_revision) is None
    ):
        lock.epoch = max(position.epoch, lock.epoch) + 1
        lock.applied_revision = 0
        lock.snapshot_needed = lock.state_unknown = True
        return True
    if position.epoch < lock.epoch:
        # A fresh lock says epoch 0; one that had acknowledged something has lost it.
        lock.snapshot_needed = True
        lock.state_unknown = lock.state_unknown or lock.applied_revision > 0
    elif position.applied_revision < lock.applied_revision:
        lock.snapshot_needed = lock.state_unknown = True
    return False


async def _handed_out(lock: Lock, revision: int) -> LockDelivery | None:
    """The delivery that brings the lock, in this incarnation, to this revision, if there was one; one with a sum first."""
    found = await LockDelivery.filter(
        lock_id=lock.id, incarnation=lock.incarnation, epoch=lock.epoch, to_revision=revision
    )
    return min(found, key=lambda each: each.expected_sum is None, default=None)


@dataclass(frozen=True, slots=True)
class Taken:
    """What an acknowledgement changed: the PINs of which more is known, the entries of which the lock has acknowledged
    another version, and whether it turned out to be ahead of the data.
    """

    pins: frozenset[UUID] = frozenset()
    settled: frozenset[UUID] = frozenset()
    out_of_step: bool = False


async def take_acknowledgement(
    lock: Lock, delivery_id: UUID | None, applied: int, sum_of_lock: str, now: datetime
) -> Taken:
    """Within a transaction, under the lock's row: settles what the lock has acknowledged.

    What it says it has applied counts by its revision and its sum, whatever delivery it names: one that hears an old
    delivery again names that one. What tells nothing new changes nothing. A sum that is not that of the revision, and a
    revision never handed out, bring a snapshot. The row of the lock is changed, not saved.
    """
    named = await LockDelivery.get_or_none(
        id=delivery_id, lock_id=lock.id, incarnation=lock.incarnation
    )
    if named is not None and named.epoch != lock.epoch:
        return Taken()
    if named is not None and applied < named.to_revision and not named.snapshot:
        lock.snapshot_needed = True  # it could not apply this one: it needs a whole one
    exact = named is not None and applied == named.to_revision
    delivery = named if exact else await _handed_out(lock, applied)
    refused = named is not None and was_refused(named, applied)
    empty = applied == 0 and sum_of_lock == state_sum(())
    if delivery is None and not (refused and empty):
        return await _never_handed_out(lock, named, applied)
    if delivery is not None and delivery.expected_sum not in (None, sum_of_lock.lower()):
        lock.snapshot_needed = lock.state_unknown = True
        lock.wanted_revision += 1  # a snapshot of this revision would not be above the lock's own
        log.warning("lock holds something else than was sent", lock=node_id("lock", lock.id))
        delivery.answer = DeliveryAnswer.DIFFERS
        await delivery.save(update_fields=["answer"])
        return Taken(await _pins_of(lock))
    pins = await note_refusal(lock, named) if named is not None and refused else frozenset()
    if delivery is None:
        return Taken(pins)
    known = delivery.settled_at is not None or delivery.to_revision <= lock.applied_revision
    proven = exact or delivery.expected_sum is not None
    # While its state is unknown it may tell of what it had before it lost it: nothing becomes known, nor free, by that.
    of_a_lost_state = lock.state_unknown and not delivery.snapshot
    # Without a sum only a delivery of this epoch tells that the lock speaks of this epoch.
    of_some_epoch = named is None and not proven
    if known or of_a_lost_state or of_some_epoch:
        return Taken(pins)
    settled = await _settle(lock, delivery if proven else None, applied, now)
    return Taken(pins | settled.pins, settled.settled)


async def _never_handed_out(lock: Lock, named: LockDelivery | None, applied: int) -> Taken:
    """The lock names a revision that it was never brought to. Unless what it names is below that, it may speak of an
    epoch before the present one.
    """
    if named is None or applied < named.to_revision:
        return Taken()
    if not await reconcile(lock, FeedPosition(lock.epoch, applied)):
        return Taken()
    log.warning("lock claims what was never sent", lock=node_id("lock", lock.id))
    return Taken(await _pins_of(lock), out_of_step=True)


async def _settle(lock: Lock, exact: LockDelivery | None, applied: int, now: datetime) -> Taken:
    """Notes what the lock now holds.

    `exact` is the delivery that brought the lock to `applied`, where that is known: the lock holds all that it carried.
    An earlier delivery may have been lost, and what it carried need not be in a later one, since the entry may have changed
    again meanwhile. The lock holds that if the newest revision of the entry is not above `applied`, since no delivery passes
    over a revision; else it stays unsettled: the lock may hold it or not.
    """
    handed_out = await LockDelivery.filter(
        lock_id=lock.id, epoch=lock.epoch, to_revision__lte=applied, settled_at=None
    )
    others = [each for each in handed_out if exact is None or each.id != exact.id]
    carried = exact.items if exact is not None else []
    snapshot = exact is not None and exact.snapshot
    rows = LockEntry.filter(lock_id=lock.id)
    if not snapshot:
        items = [*carried, *(item for each in others for item in each.items)]
        rows = rows.filter(id__in=[entry_id for entry_id, _, _ in items])
    entries = {str(row.id): row for row in await rows}
    known: dict[str, LockEntry] = {}
    if snapshot:
        # It was swapped in whole: whatever it did not carry, the lock no longer holds.
        for row in entries.values():
            if row.state is not EntryState.LIVE and row.revision <= applied:
                row.applied_version = row.version
            row.applied_live = False
        known = dict(entries)
    for entry_id, version, live in carried:
        row = known[entry_id] = entries[entry_id]
        row.applied_version, row.applied_live = version, live
    for delivery in others:
        for entry_id, _, _ in delivery.items:
            row = entries[entry_id]
            if entry_id not in known and row.revision <= applied:
                known[entry_id] = row
                row.applied_version, row.applied_live = row.version, row.state is EntryState.LIVE
        delivery.items = [item for item in delivery.items if item[0] not in known]
    await _save_settled(lock, exact, others, list(known.values()), now)
    was_unknown = snapshot and lock.state_unknown
    if snapshot:
        lock.snapshot_needed = lock.state_unknown = False
        await LockDelivery.filter(lock_id=lock.id, epoch__lt=lock.epoch).delete()
    lock.applied_revision = applied
    settled = frozenset(row.id for row in known.values())
    if was_unknown:
        return Taken(await _pins_of(lock), settled)
    return Taken(frozenset(row.pin_id for row in known.values() if row.pin_id is not None), settled)


async def _save_settled(
    lock: Lock,
    exact: LockDelivery | None,
    others: Sequence[LockDelivery],
    known: Sequence[LockEntry],
    now: datetime,
) -> None:
    """Saves what is known of the entries, and forgets deliveries of which nothing is left to know.

    Of what is settled only the newest delivery is kept, since the lock may repeat its acknowledgement.
    """
    for row in known:
        row.pending_changes = without_applied(row.pending_changes, row.applied_version)
        if row.applied_version == row.version:
            row.pending_since = None
        else:
            row.pending_since = pending_since(row.pending_changes) or row.pending_since
    await save_all(known, "applied_version", "applied_live", "pending_since", "pending_changes")
    await LockDelivery.filter(lock_id=lock.id, settled_at__isnull=False).delete()
    await LockDelivery.filter(id__in=[each.id for each in others if not each.items]).delete()
    doubtful = [each for each in others if each.items]
    await save_all(doubtful, "items")
    if exact is not None:
        exact.settled_at = now
        await exact.save(update_fields=["settled_at"])


async def _pins_of(lock: Lock) -> frozenset[UUID]:
    rows = LockEntry.filter(lock_id=lock.id, pin_id__isnull=False)
    return frozenset(await column(rows, "pin_id"))


def was_refused(delivery: LockDelivery, applied: int) -> bool:
    """Whether the lock's answer from revision `applied` says that it did not apply this delivery and will not."""
    whole = not delivery.snapshot or delivery.parts == 1
    return whole and _would_apply(delivery, applied)


def _would_apply(delivery: LockDelivery, applied: int) -> bool:
    return delivery.settled_at is None and delivery.from_revision <= applied < delivery.to_revision


async def note_refusal(lock: Lock, delivery: LockDelivery) -> frozenset[UUID]:
    """Within a transaction, under the lock's row: the PINs of which more is known now."""
    if lock.state_unknown or delivery.answer is DeliveryAnswer.REFUSED:
        return frozenset()
    delivery.answer = DeliveryAnswer.REFUSED
    await delivery.save(update_fields=["answer"])
    carried = [entry_id for entry_id, _, _ in delivery.items]
    rows = LockEntry.filter(id__in=carried, pin_id__isnull=False)
    return frozenset(await column(rows, "pin_id"))


async def note_refusals(lock: Lock, names: Collection[str], applied: int) -> frozenset[UUID]:
    """As `note_refusal`, of the deliveries that the lock's events name."""
    pins: set[UUID] = set()
    for name in names:
        try:
            delivery_id = UUID(name)
        except ValueError:
            continue
        delivery = await LockDelivery.get_or_none(
            id=delivery_id, lock_id=lock.id, incarnation=lock.incarnation, epoch=lock.epoch
        )
        if delivery is not None and _would_apply(delivery, applied):
            pins |= await note_refusal(lock, delivery)
    return frozenset(pins)


async def forget_refused(lock: Lock) -> None:
    """Within a transaction, when something is handed out anew: a late report of an earlier refusal does not concern it."""
    await LockDelivery.filter(
        lock_id=lock.id, settled_at=None, answer=DeliveryAnswer.REFUSED
    ).delete()
