"""Cutting deliveries for a lock; `settling` says what an acknowledgement of one means.

A delivery carries the entries with revision in (from, to]; a snapshot carries all live entries, with a revision of its
own. Revisions are handed out without gaps, in order: a removal that a cut left out would never reach the lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.actors import LockActor
from domain.database import Queue, Work, transaction, use_case
from domain.installation import Installation
from domain.link.entries import Entry
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody, entries_that_fit
from domain.link.nonces import MAX_DELIVERY_ENTRIES
from domain.link.sealing import MessageKind, seal_message
from domain.link.state import state_sum
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.sync.connections import present_lock
from domain.sync.payloads import payloads_to_send
from domain.sync.settling import forget_refused
from domain.sync.tables import EntryState, LockDelivery, LockEntry


@dataclass(frozen=True, slots=True)
class CutDelivery:
    """A delivery as it is handed out: one sealed message, or one for each part of a snapshot."""

    id: UUID
    snapshot: bool
    sealed: tuple[bytes, ...]


@use_case
async def cut_delivery(
    installation: Installation,
    actor: LockActor,
    keys: LinkKeys,
    reported: int,
    now: datetime,
) -> CutDelivery | None:
    """The next delivery for a lock, or None when it has everything. `reported` is the revision it said it has."""
    async with transaction(Queue(Work.LOCKS, actor.site_id)):
        lock = await present_lock(actor.lock_id, actor.incarnation)
        if lock is None:
            return None
        if lock.snapshot_needed:
            if not await _snapshot_handed_out(lock):
                lock.wanted_revision += 1
                await lock.save(update_fields=["wanted_revision"])
            return await _snapshot(installation, lock, keys, now)
        start = max(reported, lock.applied_revision)
        if start >= lock.wanted_revision:
            return None
        return await _changes(installation, lock, keys, start, now)


async def _changes(
    installation: Installation, lock: Lock, keys: LinkKeys, start: int, now: datetime
) -> CutDelivery:
    rows = (
        await LockEntry.filter(lock_id=lock.id, revision__gt=start)
        .order_by("revision")
        .limit(MAX_DELIVERY_ENTRIES + 1)
    )
    entries = await _wire(installation, lock, keys, rows)
    count = entries_that_fit(entries)
    whole = count == len(rows)
    to = lock.wanted_revision if whole else rows[count - 1].revision
    body = DeliveryBody(start, to, False, 1, 1, tuple(entries[:count]))
    return await _hand_out(
        lock, keys, rows[:count], [body], await _sum(lock) if whole else None, now
    )


async def _snapshot_handed_out(lock: Lock) -> bool:
    """Whether a snapshot of all that is wanted now was not acknowledged: its revision may be handed out again."""
    return await LockDelivery.filter(
        lock_id=lock.id,
        incarnation=lock.incarnation,
        epoch=lock.epoch,
        to_revision=lock.wanted_revision,
        snapshot=True,
        settled_at=None,
    ).exists()


async def _snapshot(
    installation: Installation, lock: Lock, keys: LinkKeys, now: datetime
) -> CutDelivery:
    rows = await LockEntry.filter(lock_id=lock.id, state=EntryState.LIVE).order_by("revision")
    entries = await _wire(installation, lock, keys, rows)
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
    installation: Installation, lock: Lock, keys: LinkKeys, rows: Sequence[LockEntry]
) -> list[Entry]:
    made = await payloads_to_send(installation, lock, keys, rows)
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
        "parts": bodies[0].parts,
    }
    await forget_refused(lock)
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
