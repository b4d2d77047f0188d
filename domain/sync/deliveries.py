"""Cutting deliveries for a lock, and settling them when it acknowledges.

A delivery carries the entries with revision in (from, to]; a snapshot carries all live entries, with a revision of its
own. The dangerous directions: believing that something arrived (only an acknowledgement with a matching sum settles), and
a removal that a cut leaves out (revisions are handed out without gaps, in order).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from domain.columns import column
from domain.database import lock_row, transaction, use_case
from domain.installation import Installation
from domain.link.entries import Entry
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody, entries_that_fit
from domain.link.nonces import MAX_DELIVERY_ENTRIES
from domain.link.sealing import MessageKind, seal_message
from domain.link.state import state_sum
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.pins.reservations import release
from domain.sync.entries import payloads
from domain.sync.tables import EntryState, LockDelivery, LockEntry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far the lock on a feed says it is."""

    epoch: int
    revision: int


@dataclass(frozen=True, slots=True)
class CutDelivery:
    """A delivery as it is handed out: one sealed message, or one for each part of a snapshot."""

    id: UUID
    snapshot: bool
    sealed: tuple[bytes, ...]


async def reconcile(lock: Lock, position: FeedPosition) -> bool:
    """Within a transaction: compares where a lock says it is with what is known; its row is changed, not saved.

    Returns whether the lock was ahead of the data: it then gets an epoch of its own, above both. A revision that was
    wanted and never handed out is ahead too: what the lock has under this number is not what was wanted.
    """
    if position.epoch > lock.epoch or (
        position.epoch == lock.epoch
        and position.revision > lock.applied_revision
        and await _handed_out(lock, position.revision) is None
    ):
        lock.epoch = max(position.epoch, lock.epoch) + 1
        lock.applied_revision = 0
        lock.snapshot_needed = lock.state_unknown = True
        return True
    if position.epoch < lock.epoch:
        # A fresh lock says epoch 0; one that had acknowledged something has lost it.
        lock.snapshot_needed = True
        lock.state_unknown = lock.state_unknown or lock.applied_revision > 0
    elif position.revision < lock.applied_revision:
        lock.snapshot_needed = lock.state_unknown = True
    return False


async def _handed_out(lock: Lock, revision: int) -> LockDelivery | None:
    """The delivery that brings this life of the lock to this revision, if there was one; one with a sum comes first."""
    found = await LockDelivery.filter(
        lock_id=lock.id, incarnation=lock.incarnation, epoch=lock.epoch, to_revision=revision
    )
    return min(found, key=lambda each: each.expected_sum is None, default=None)


@use_case
async def cut_delivery(
    here: Installation,
    lock_id: UUID,
    incarnation: str,
    keys: LinkKeys,
    reported: int,
    now: datetime,
) -> CutDelivery | None:
    """The next delivery for a lock, or None when it has everything. `reported` is the revision it said it has."""
    async with transaction():
        lock = await lock_row(Lock, lock_id)
        if lock is None or lock.deleted_at is not None or lock.incarnation != incarnation:
            return None
        if lock.snapshot_needed:
            if not await _snapshot_handed_out(lock):
                lock.wanted_revision += 1
                await lock.save(update_fields=["wanted_revision"])
            return await _snapshot(here, lock, keys, now)
        start = max(reported, lock.applied_revision)
        if start >= lock.wanted_revision:
            return None
        return await _changes(here, lock, keys, start, now)


async def _changes(
    here: Installation, lock: Lock, keys: LinkKeys, start: int, now: datetime
) -> CutDelivery:
    rows = (
        await LockEntry.filter(lock_id=lock.id, revision__gt=start)
        .order_by("revision")
        .limit(MAX_DELIVERY_ENTRIES + 1)
    )
    entries = await _wire(here, lock, keys, rows)
    count = entries_that_fit(entries)
    whole = count == len(rows)
    to = lock.wanted_revision if whole else rows[count - 1].revision
    body = DeliveryBody(start, to, False, 1, 1, tuple(entries[:count]))
    return await _hand_out(
        lock, keys, rows[:count], [body], await _sum(lock) if whole else None, now
    )


async def _snapshot_handed_out(lock: Lock) -> bool:
    """Whether a snapshot of all that is wanted now waits for its acknowledgement: it may be handed out again."""
    return await LockDelivery.filter(
        lock_id=lock.id,
        incarnation=lock.incarnation,
        epoch=lock.epoch,
        to_revision=lock.wanted_revision,
        snapshot=True,
        settled_at=None,
    ).exists()


async def _snapshot(here: Installation, lock: Lock, keys: LinkKeys, now: datetime) -> CutDelivery:
    rows = await LockEntry.filter(lock_id=lock.id, state=EntryState.LIVE).order_by("revision")
    entries = await _wire(here, lock, keys, rows)
    cuts: list[tuple[Entry, ...]] = []
    while entries:
        count = entries_that_fit(entries)
        cuts.append(tuple(entries[:count]))
        entries = entries[count:]
    cuts = cuts or [()]
    bodies = [
        DeliveryBody(0, lock.wanted_revision, True, number, len(cuts), cut)
        for number, cut in enumerate(cuts, start=1)
    ]
    return await _hand_out(lock, keys, rows, bodies, await _sum(lock), now)


async def _wire(
    here: Installation, lock: Lock, keys: LinkKeys, rows: Sequence[LockEntry]
) -> list[Entry]:
    made = await payloads(here, lock, keys, rows)
    return [Entry(row.name, row.kind, row.version, made.get(row.id)) for row in rows]


async def _sum(lock: Lock) -> str:
    """The sum of everything that the lock should hold."""
    rows = await LockEntry.filter(lock_id=lock.id, state=EntryState.LIVE).values_list(
        "name", "version", "payload_hash"
    )
    return state_sum((name, version, bytes.fromhex(digest)) for name, version, digest in rows)


async def _hand_out(
    lock: Lock,
    keys: LinkKeys,
    rows: Sequence[LockEntry],
    bodies: Sequence[DeliveryBody],
    expected_sum: str | None,
    now: datetime,
) -> CutDelivery:
    assert lock.incarnation is not None
    what = {
        "lock_id": lock.id,
        "incarnation": lock.incarnation,
        "epoch": lock.epoch,
        "from_revision": bodies[0].from_revision,
        "to_revision": bodies[0].to_revision,
        "snapshot": bodies[0].snapshot,
        "expected_sum": expected_sum,
    }
    items = [[str(row.id), row.version, row.state is EntryState.LIVE] for row in rows]
    # The same changes again, since nobody has acknowledged them: one row, however often a deaf lock is told.
    unanswered = await LockDelivery.filter(settled_at=None, **what).order_by("-id")
    delivery = next((each for each in unanswered if each.items == items), None)
    if delivery is None:
        delivery = await LockDelivery.create(items=items, created_at=now, **what)
    sealed = tuple(
        seal_message(
            keys.bundle,
            MessageKind.DELIVERY,
            node_id("lock", lock.id),
            lock.incarnation,
            lock.epoch,
            body.encode(),
        )
        for body in bodies
    )
    return CutDelivery(delivery.id, delivery.snapshot, sealed)


@dataclass(frozen=True, slots=True)
class Taken:
    """What an acknowledgement changed: the PINs concerned, and whether the lock turned out to be ahead of the data."""

    pins: frozenset[UUID] = frozenset()
    out_of_step: bool = False


async def take_acknowledgement(
    lock: Lock, delivery_id: UUID | None, applied: int, sum_of_lock: str, now: datetime
) -> Taken:
    """Within a transaction, under the lock's row: settles what the lock has acknowledged.

    An acknowledgement of a delivery that was never sent to this life of the lock, or that tells nothing new, changes
    nothing. One whose sum is not that of the revision claimed, or that claims a revision never handed out, brings a
    snapshot. The row of the lock is changed, not saved.
    """
    named = await LockDelivery.get_or_none(
        id=delivery_id, lock_id=lock.id, incarnation=lock.incarnation
    )
    if named is None or named.epoch != lock.epoch:
        return Taken()
    if applied < named.to_revision:
        # A part of a snapshot arrived, or the lock could not apply a delivery: then it needs a whole one.
        lock.snapshot_needed = lock.snapshot_needed or not named.snapshot
        return Taken()
    delivery = named if applied == named.to_revision else await _handed_out(lock, applied)
    if delivery is None:
        if not await reconcile(lock, FeedPosition(lock.epoch, applied)):
            return Taken()
        log.warning("lock claims what was never sent", lock=node_id("lock", lock.id))
        return Taken(await _pins_of(lock), out_of_step=True)
    if delivery.expected_sum not in (None, sum_of_lock.lower()):
        lock.snapshot_needed = lock.state_unknown = True
        lock.wanted_revision += 1  # a snapshot of this revision would not be above the lock's own
        log.warning("lock holds something else than was sent", lock=node_id("lock", lock.id))
        return Taken(await _pins_of(lock))
    already = delivery.settled_at is not None or delivery.to_revision <= lock.applied_revision
    return Taken() if already else Taken(await _settle(lock, delivery, applied, now))


async def _settle(
    lock: Lock, acknowledged: LockDelivery, applied: int, now: datetime
) -> frozenset[UUID]:
    """Notes what the lock now holds.

    What the acknowledged delivery carried is there. What an older one carried may have been lost with it, and need not be
    in a later one, when its entry has changed again meanwhile. It is there if the entry's newest revision is not above
    `applied`, since no delivery passes over a revision; else it stays unsettled: it may be there or not.
    """
    older = await LockDelivery.filter(
        lock_id=lock.id, epoch=lock.epoch, to_revision__lte=applied, settled_at=None
    ).exclude(id=acknowledged.id)
    rows = LockEntry.filter(lock_id=lock.id)
    if not acknowledged.snapshot:
        items = [item for each in (acknowledged, *older) for item in each.items]
        rows = rows.filter(id__in=[entry_id for entry_id, _, _ in items])
    entries = {str(row.id): row for row in await rows}
    known: dict[str, LockEntry] = {}
    if acknowledged.snapshot:
        # It was swapped in whole: whatever it did not carry, the lock no longer holds.
        for row in entries.values():
            if row.state is not EntryState.LIVE and row.revision <= applied:
                row.applied_version = row.version
            row.applied_live = False
        known = dict(entries)
    for entry_id, version, live in acknowledged.items:
        row = known[entry_id] = entries[entry_id]
        row.applied_version, row.applied_live = version, live
    for delivery in older:
        for entry_id, _, _ in delivery.items:
            row = entries[entry_id]
            if entry_id not in known and row.revision <= applied:
                known[entry_id] = row
                row.applied_version, row.applied_live = row.version, row.state is EntryState.LIVE
        delivery.items = [item for item in delivery.items if item[0] not in known]
    await _save_settled(acknowledged, older, list(known.values()), now)
    was_unknown = acknowledged.snapshot and lock.state_unknown
    if acknowledged.snapshot:
        lock.snapshot_needed = lock.state_unknown = False
        await LockDelivery.filter(lock_id=lock.id, epoch__lt=lock.epoch).delete()
    lock.applied_revision = applied
    if was_unknown:
        return await _pins_of(lock)
    return frozenset(row.pin_id for row in known.values() if row.pin_id is not None)


async def _save_settled(
    acknowledged: LockDelivery,
    older: Sequence[LockDelivery],
    known: Sequence[LockEntry],
    now: datetime,
) -> None:
    """Saves what is known of the entries, frees digits, and forgets deliveries of which nothing is left to know.

    Of what is settled only the newest delivery is kept, since the lock may repeat its acknowledgement.
    """
    for row in known:
        if row.applied_version == row.version:
            row.pending_since = None
    if known:
        await LockEntry.bulk_update(
            known, fields=["applied_version", "applied_live", "pending_since"]
        )
    await release(known)
    settled = LockDelivery.filter(lock_id=acknowledged.lock_id, settled_at__isnull=False)
    await settled.delete()
    await LockDelivery.filter(id__in=[each.id for each in older if not each.items]).delete()
    doubtful = [each for each in older if each.items]
    if doubtful:
        await LockDelivery.bulk_update(doubtful, fields=["items"])
    acknowledged.settled_at = now
    await acknowledged.save(update_fields=["settled_at"])


async def _pins_of(lock: Lock) -> frozenset[UUID]:
    rows = LockEntry.filter(lock_id=lock.id, pin_id__isnull=False)
    return frozenset(await column(rows, "pin_id"))
