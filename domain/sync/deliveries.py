"""Cutting deliveries for a lock; `settling` says what an acknowledgement of one means.

A delivery carries the entries with revision in (from, to]; a snapshot carries all live entries, with a revision of its
own. Revisions are handed out without gaps, in order: a removal that a cut left out would never reach the lock.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actors import LockActor
from domain.database import Queue, Work, lock_row, lock_rows, transaction, use_case
from domain.database.rows import save_all
from domain.installation import Installation
from domain.link.courier import MAX_BUNDLE_FRAME_BYTES
from domain.link.entries import Entry
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody, entries_that_fit
from domain.link.nonces import MAX_DELIVERY_ENTRIES
from domain.link.sealing import MAX_BODY_BYTES, MessageKind, seal_message
from domain.link.state import state_sum
from domain.locks.secrets import keys_of_locks
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.sync.connections import is_present
from domain.sync.payloads import TamperedEntry, payloads_to_send
from domain.sync.statements import (
    ENTRIES_BEHIND,
    LIVE_ENTRIES_OF_LOCKS,
    NEXT_ENTRIES,
    UNSETTLED_OF_LOCKS,
)
from domain.sync.tables import DeliveryAnswer, EntryState, LockDelivery, LockEntry

MOST_ENTRIES_AT_ONCE = 5_000
"""Entries that one transaction cuts for several locks together; a lock with more to get is cut for alone."""


@dataclass(frozen=True, slots=True)
class CutDelivery:
    """A delivery as it is handed out: one sealed message, or one for each part of a snapshot."""

    id: UUID
    snapshot: bool
    sealed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """A lock on its feed that should get something. `reported` is the revision it said it has."""

    actor: LockActor
    reported: int
    now: datetime


@dataclass(frozen=True, slots=True)
class _Cut:
    """What one lock gets, before it is sealed; its row is held."""

    lock: Lock
    keys: LinkKeys
    rows: Sequence[LockEntry]
    bodies: Sequence[DeliveryBody]
    whole: bool
    """Whether the lock has everything with it."""


async def cut_delivery(installation: Installation, behind: Behind) -> CutDelivery | None:
    """The next delivery for a lock, or None when it has everything.

    Locks that are behind at once are cut for by one transaction, but for one whose row somebody holds, and one that
    lacks very much: nobody else has to wait for these. Raises TamperedEntry.
    """
    cut = await installation.together.ask(_cut_free, installation, behind.actor.lock_id, behind)
    return await _cut_alone(installation, behind) if cut is _NOT_NOW else cut


_NOT_NOW = CutDelivery(UUID(int=0), False, ())
"""In place of a delivery: this lock has to be cut for alone."""


@use_case
async def _cut_free(
    installation: Installation, behind: Sequence[Behind]
) -> list[CutDelivery | TamperedEntry | None]:
    async with transaction():
        rows = await lock_rows(Lock, [each.actor.lock_id for each in behind], free_only=True)
        locks = {lock.id: lock for lock in rows}
        chosen, entries = [], 0
        for each in behind:
            lock = locks.get(each.actor.lock_id)
            if lock is not None and entries + _lacks(lock, each) <= MOST_ENTRIES_AT_ONCE:
                entries += _lacks(lock, each)
                chosen.append(each)
        cut = await _cut(installation, locks, chosen)
    return [cut.get(each.actor.lock_id, _NOT_NOW) for each in behind]


@use_case
async def _cut_alone(installation: Installation, behind: Behind) -> CutDelivery | None:
    async with transaction(Queue(Work.LOCKS, behind.actor.site_id)):
        lock = await lock_row(Lock, behind.actor.lock_id)
        if lock is None:
            return None
        (cut,) = (await _cut(installation, {lock.id: lock}, [behind])).values()
    if isinstance(cut, TamperedEntry):
        raise cut
    return cut


def _lacks(lock: Lock, behind: Behind) -> int:
    """At most so many entries it gets: each change of one takes a revision."""
    return int(lock.wanted_revision) - (0 if lock.snapshot_needed else _start(lock, behind))


def _start(lock: Lock, behind: Behind) -> int:
    return max(behind.reported, int(lock.applied_revision))


async def _cut(
    installation: Installation, locks: Mapping[UUID, Lock], behind: Sequence[Behind]
) -> dict[UUID, CutDelivery | TamperedEntry | None]:
    """Within a transaction, under the locks' rows: cuts for each what it lacks. None for one that lacks nothing, and for
    one that is there no more.
    """
    done: dict[UUID, CutDelivery | TamperedEntry | None] = {
        each.actor.lock_id: None for each in behind
    }
    due = {
        lock.id: _start(lock, each)
        for each in behind
        if is_present(lock := locks[each.actor.lock_id], each.actor.incarnation)
        and (lock.snapshot_needed or _start(lock, each) < lock.wanted_revision)
    }
    if not due:
        return done
    entries = await _entries([locks[each] for each in due], due)
    keys = await keys_of_locks(installation, [locks[each] for each in due])
    rows = [row for of_lock in entries.values() for row in of_lock]
    payloads = await payloads_to_send(installation, keys, rows)
    done |= {each: made for each, made in payloads.items() if isinstance(made, TamperedEntry)}
    sound = [locks[each] for each in due if each in keys and done[each] is None]
    now = max(each.now for each in behind)
    return done | {
        cut.lock.id: CutDelivery(delivery.id, delivery.snapshot, _sealed(cut))
        for cut, delivery in await _hand_out(sound, due, keys, entries, payloads, now)
    }


@dataclass(frozen=True, slots=True)
class NextDelivery:
    """What a lock lacks next, as it is noted, before it is sealed."""

    id: UUID
    bodies: Sequence[DeliveryBody]
    whole: bool
    """Whether the lock has everything with it."""


async def next_delivery(
    installation: Installation,
    lock: Lock,
    keys: LinkKeys,
    start: int,
    now: datetime,
    *,
    space: int,
) -> NextDelivery | None:
    """Within a transaction, under the lock's row: what it lacks behind revision `start`, or a snapshot where it needs one.

    None when it has everything, and when not one of the entries fits into so many bytes. Raises TamperedEntry.
    """
    if not lock.snapshot_needed and start >= lock.wanted_revision:
        return None
    entries = await _entries([lock], {lock.id: start})
    payloads = await payloads_to_send(installation, {lock.id: keys}, entries[lock.id])
    made = payloads.get(lock.id, {})
    if isinstance(made, TamperedEntry):
        raise made
    lacking = _wire(entries[lock.id], made)
    if lacking and not lock.snapshot_needed and not entries_that_fit(lacking, space):
        return None
    starts, own_keys = {lock.id: start}, {lock.id: keys}
    ((cut, delivery),) = await _hand_out(
        [lock], starts, own_keys, entries, payloads, now, space=space
    )
    return NextDelivery(delivery.id, cut.bodies, cut.whole)


def _wire(rows: Sequence[LockEntry], payloads: Mapping[UUID, Any]) -> list[Entry]:
    return [Entry(row.name, row.kind, row.version, payloads.get(row.id)) for row in rows]


async def _hand_out(
    locks: Sequence[Lock],
    starts: Mapping[UUID, int],
    keys: Mapping[UUID, LinkKeys],
    entries: Mapping[UUID, Sequence[LockEntry]],
    payloads: Mapping[UUID, Any],
    now: datetime,
    *,
    space: int = MAX_BODY_BYTES,
) -> list[tuple[_Cut, LockDelivery]]:
    """Notes what each of these locks gets: what is no snapshot in at most so many bytes."""
    handed_out: dict[UUID, list[LockDelivery]] = {lock.id: [] for lock in locks}
    for delivery in await UNSETTLED_OF_LOCKS(list(handed_out)) if locks else ():
        handed_out[delivery.lock_id].append(delivery)
    await _new_revisions([lock for lock in locks if lock.snapshot_needed], handed_out)
    cuts = []
    for lock in locks:
        rows, made = entries[lock.id], payloads.get(lock.id, {})
        wire = _wire(rows, made)
        cuts.append(_cut_entries(lock, keys[lock.id], starts[lock.id], rows, wire, space))
    sums = await _sums([cut.lock for cut in cuts if cut.whole])
    return await _noted(cuts, sums, handed_out, now)


async def _new_revisions(
    locks: Collection[Lock], handed_out: Mapping[UUID, Collection[LockDelivery]]
) -> None:
    """A snapshot takes a revision of its own, unless one of all that is wanted now was not acknowledged: its revision may
    be handed out again.
    """
    fresh = [
        lock
        for lock in locks
        if not any(
            each.snapshot
            and each.incarnation == lock.incarnation
            and each.epoch == lock.epoch
            and each.to_revision == lock.wanted_revision
            for each in handed_out[lock.id]
        )
    ]
    for lock in fresh:
        lock.wanted_revision += 1
    await save_all(fresh, "wanted_revision")


async def _entries(
    locks: Sequence[Lock], starts: Mapping[UUID, int]
) -> dict[UUID, list[LockEntry]]:
    """What each lock gets, in the order of revisions: all live entries, or those behind the revision where it starts; of
    one lock alone not many more than a delivery carries.
    """
    found: dict[UUID, list[LockEntry]] = {lock.id: [] for lock in locks}
    whole = [lock.id for lock in locks if lock.snapshot_needed]
    changed = [lock.id for lock in locks if not lock.snapshot_needed]
    rows: list[LockEntry] = []
    if whole:
        rows += await LIVE_ENTRIES_OF_LOCKS(whole)
    if len(changed) == 1:
        rows += await NEXT_ENTRIES(changed[0], starts[changed[0]], MAX_DELIVERY_ENTRIES + 1)
    elif changed:
        rows += [row for row in await ENTRIES_BEHIND(changed) if row.revision > starts[row.lock_id]]
    for row in sorted(rows, key=lambda row: row.revision):
        found[row.lock_id].append(row)
    return found


def _cut_entries(
    lock: Lock,
    keys: LinkKeys,
    start: int,
    rows: Sequence[LockEntry],
    entries: Sequence[Entry],
    space: int,
) -> _Cut:
    if lock.snapshot_needed:
        cuts: list[Sequence[Entry]] = []
        while entries:
            count = entries_that_fit(entries, MAX_BODY_BYTES - MAX_BUNDLE_FRAME_BYTES)
            cuts.append(entries[:count])
            entries = entries[count:]
        parts = cuts or [()]
        bodies = [
            DeliveryBody(0, lock.wanted_revision, True, number, len(parts), tuple(part))
            for number, part in enumerate(parts, start=1)
        ]
        return _Cut(lock, keys, rows, bodies, whole=True)
    count = entries_that_fit(entries, space)
    whole = count == len(rows)
    to = lock.wanted_revision if whole else rows[count - 1].revision
    body = DeliveryBody(start, to, False, 1, 1, tuple(entries[:count]))
    return _Cut(lock, keys, rows[:count], [body], whole)


async def _sums(locks: Collection[Lock]) -> dict[UUID, str]:
    """For each lock the sum of everything that it should hold."""
    held: dict[UUID, list[tuple[str, int, bytes]]] = {lock.id: [] for lock in locks}
    if held:
        rows = LockEntry.filter(lock_id__in=list(held), state=EntryState.LIVE, gone_at=None)
        for lock_id, *entry, digest in await rows.values_list(
            "lock_id", "name", "version", "payload_hash"
        ):
            held[lock_id].append((*entry, bytes.fromhex(digest)))
    return {lock_id: state_sum(entries) for lock_id, entries in held.items()}


async def _noted(
    cuts: Collection[_Cut],
    sums: Mapping[UUID, str],
    handed_out: Mapping[UUID, Collection[LockDelivery]],
    now: datetime,
) -> list[tuple[_Cut, LockDelivery]]:
    """Each with its delivery. The same changes again, since nobody has acknowledged them, are one row, however often a
    deaf lock is told. A late report of an earlier refusal does not concern what is handed out anew.
    """
    found, new = [], []
    for cut in cuts:
        first, lock = cut.bodies[0], cut.lock
        made = LockDelivery(
            lock_id=lock.id,
            incarnation=lock.incarnation,
            epoch=lock.epoch,
            from_revision=first.from_revision,
            to_revision=first.to_revision,
            snapshot=first.snapshot,
            parts=first.parts,
            expected_sum=sums.get(lock.id) if cut.whole else None,
            items=[[str(row.id), row.version, row.state is EntryState.LIVE] for row in cut.rows],
            created_at=now,
        )
        same = [each for each in handed_out[lock.id] if _is_again(made, each)]
        if not same:
            new.append(made)
        found.append((cut, max(same, key=lambda each: each.id, default=made)))
    refused = [
        each.id
        for cut in cuts
        for each in handed_out[cut.lock.id]
        if each.answer is DeliveryAnswer.REFUSED
    ]
    if refused:
        await LockDelivery.filter(id__in=refused).delete()
    await LockDelivery.bulk_create(new)
    return found


_SAME = (
    "incarnation",
    "epoch",
    "from_revision",
    "to_revision",
    "snapshot",
    "expected_sum",
    "parts",
)


def _is_again(made: LockDelivery, before: LockDelivery) -> bool:
    return (
        before.answer is not DeliveryAnswer.REFUSED
        and made.items == before.items
        and all(getattr(made, each) == getattr(before, each) for each in _SAME)
    )


def _sealed(cut: _Cut) -> tuple[bytes, ...]:
    lock = cut.lock
    assert lock.incarnation is not None
    return tuple(
        seal_message(
            cut.keys.bundle,
            MessageKind.DELIVERY,
            node_id("lock", lock.id),
            lock.incarnation,
            lock.epoch,
            body.encode(),
        )
        for body in cut.bodies
    )
