"""What follows from what a lock says of its deliveries: where it is, what it has applied, what it has refused.

Nothing is believed to have arrived without an acknowledgement whose sum matches, nor because something later arrived.
Nothing is believed to have been refused that may still be applied: only a delivery counts that would have brought the lock
on from where it says it is, and that it answered without moving. Of a snapshot in several parts each answer before the last
looks so, and only an event of the lock tells a refusal from it.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from domain.database.rows import column, save_all
from domain.link.state import state_sum
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.sync.entries import bring_back
from domain.sync.rules import pending_since, without_applied
from domain.sync.statements import DELIVERIES_OF_LOCKS, ENTRIES, ENTRIES_OF_LOCKS
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
    was_unknown = lock.state_unknown
    ahead = _reconcile(lock, position, await DELIVERIES_OF_LOCKS([lock.id]))
    await bring_back([lock.id] if lock.state_unknown and not was_unknown else [])
    return ahead


async def overtake(lock: Lock, position: FeedPosition) -> bool:
    """Within a transaction: the same for a lock that is ahead, and for no other: what a phone brings may be long ago, so
    nothing follows from a position that is behind."""
    return _overtake(lock, position, await LockDelivery.filter(lock_id=lock.id))


def _overtake(lock: Lock, position: FeedPosition, deliveries: Collection[LockDelivery]) -> bool:
    if position.epoch > lock.epoch or (
        position.epoch == lock.epoch
        and position.applied_revision > lock.applied_revision
        and _handed_out(lock, position.applied_revision, deliveries) is None
    ):
        lock.epoch = max(position.epoch, lock.epoch) + 1
        lock.applied_revision = 0
        lock.snapshot_needed = lock.state_unknown = True
        return True
    return False


def _reconcile(lock: Lock, position: FeedPosition, deliveries: Collection[LockDelivery]) -> bool:
    if _overtake(lock, position, deliveries):
        return True
    if position.epoch < lock.epoch:
        # A fresh lock says epoch 0; one that had acknowledged something has lost it.
        lock.snapshot_needed = True
        lock.state_unknown = lock.state_unknown or lock.applied_revision > 0
    elif position.applied_revision < lock.applied_revision:
        lock.snapshot_needed = lock.state_unknown = True
    return False


def _handed_out(
    lock: Lock, revision: int, deliveries: Collection[LockDelivery]
) -> LockDelivery | None:
    """The delivery that brings the lock, in this incarnation, to this revision, if there was one; one with a sum first."""
    found = [
        each
        for each in deliveries
        if each.incarnation == lock.incarnation
        and each.epoch == lock.epoch
        and each.to_revision == revision
    ]
    return min(found, key=lambda each: each.expected_sum is None, default=None)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What one lock says it has applied: its revision, the sum of its state, and the delivery that it took last (None for
    an id that is none of ours). Its row is held.
    """

    lock: Lock
    delivery_id: UUID | None
    applied: int
    state_sum: str


@dataclass(slots=True)
class Taken:
    """What an acknowledgement changed: the PINs of which more is known, the entries of which the lock has acknowledged
    another version, and whether it turned out to be ahead of the data.
    """

    pins: set[UUID] = field(default_factory=set)
    settled: set[UUID] = field(default_factory=set)
    out_of_step: bool = False


@dataclass(slots=True)
class _Verdict:
    """What follows from one acknowledgement, before anything is written."""

    lock: Lock
    answered: LockDelivery | None = None
    """A delivery that the lock refused or contradicted."""
    settles: bool = False
    """Whether the lock has come to `applied`, by `exact` where that is known."""
    exact: LockDelivery | None = None
    applied: int = 0
    others: Sequence[LockDelivery] = ()
    """The other deliveries that are settled with it, or remain in doubt."""
    past: Sequence[LockDelivery] = ()
    """Those of earlier epochs, once they are over."""
    older: Sequence[LockDelivery] = ()
    """Those settled before it."""
    out_of_step: bool = False
    of_all_pins: bool = False
    """Whether another thing is known of every PIN at the lock than before."""

    @property
    def of_whole_state(self) -> bool:
        return self.exact is not None and self.exact.snapshot

    @property
    def of_entries(self) -> list[str]:
        """The entries about which it says something, unless it is about all."""
        told = [each for each in (self.answered, self.exact, *self.others) if each is not None]
        return [entry_id for each in told for entry_id, _, _ in each.items]


async def take_acknowledgements(
    acknowledgements: Collection[Acknowledgement], now: datetime
) -> dict[UUID, Taken]:
    """Within a transaction, under the locks' rows: settles what each of these locks has acknowledged; the result by lock.

    What a lock says it has applied counts by its revision and its sum, whatever delivery it names: one that hears an old
    delivery again names that one. What tells nothing new changes nothing. A sum that is not that of the revision, and a
    revision never handed out, bring a snapshot. The rows of the locks are changed, not saved.
    """
    if not acknowledgements:
        return {}
    handed_out: dict[UUID, list[LockDelivery]] = {each.lock.id: [] for each in acknowledgements}
    for delivery in await DELIVERIES_OF_LOCKS(list(handed_out)):
        handed_out[delivery.lock_id].append(delivery)
    known = [each.lock for each in acknowledgements if not each.lock.state_unknown]
    verdicts = [_judged(each, handed_out[each.lock.id]) for each in acknowledgements]
    await bring_back([lock.id for lock in known if lock.state_unknown])
    entries = await _entries_of(verdicts)
    answered = [each.answered for each in verdicts if each.answered is not None]
    await save_all(answered, "answer")
    taken = {}
    told: list[LockEntry] = []
    for each in verdicts:
        of_lock = entries.get(each.lock.id, {})
        found = _known(each, of_lock) if each.settles else []
        told += found
        pins = {row.pin_id for row in found}
        if each.answered is not None:
            pins |= {of_lock[name].pin_id for name, _, _ in each.answered.items if name in of_lock}
        taken[each.lock.id] = Taken(
            {pin_id for pin_id in pins if pin_id is not None},
            {row.id for row in found},
            each.out_of_step,
        )
    await _save_settled([each for each in verdicts if each.settles], told, now)
    for lock_id, pin_id in await _pins_at({each.lock.id for each in verdicts if each.of_all_pins}):
        taken[lock_id].pins.add(pin_id)
    return taken


def _judged(told: Acknowledgement, handed_out: Collection[LockDelivery]) -> _Verdict:
    """The lock's row is changed as far as it can be before the entries are read."""
    lock, applied, verdict = told.lock, told.applied, _Verdict(told.lock, applied=told.applied)
    named = next(
        (
            each
            for each in handed_out
            if each.id == told.delivery_id and each.incarnation == lock.incarnation
        ),
        None,
    )
    if named is not None and named.epoch != lock.epoch:
        return verdict
    if named is not None and applied < named.to_revision and not named.snapshot:
        lock.snapshot_needed = True  # it could not apply this one: it needs a whole one
    exact = named is not None and applied == named.to_revision
    delivery = named if exact else _handed_out(lock, applied, handed_out)
    refused = named is not None and was_refused(named, applied)
    empty = applied == 0 and told.state_sum == state_sum(())
    if delivery is None and not (refused and empty):
        # Unless what it names is below what it was never brought to, it may speak of an epoch before the present one.
        if named is not None and applied >= named.to_revision:
            position = FeedPosition(lock.epoch, applied)
            if _reconcile(lock, position, handed_out):
                log.warning("lock claims what was never sent", lock=node_id("lock", lock.id))
                verdict.out_of_step = verdict.of_all_pins = True
        return verdict
    if delivery is not None and delivery.expected_sum not in (None, told.state_sum.lower()):
        lock.snapshot_needed = lock.state_unknown = True
        lock.wanted_revision += 1  # a snapshot of this revision would not be above the lock's own
        log.warning("lock holds something else than was sent", lock=node_id("lock", lock.id))
        delivery.answer = DeliveryAnswer.DIFFERS
        verdict.answered, verdict.of_all_pins = delivery, True
        return verdict
    if named is not None and refused:
        verdict.answered = _refusal(lock, named)
    if delivery is None:
        return verdict
    known = delivery.settled_at is not None or delivery.to_revision <= lock.applied_revision
    proven = exact or delivery.expected_sum is not None
    # While its state is unknown it may tell of what it had before it lost it: nothing becomes known, nor free, by that.
    of_a_lost_state = lock.state_unknown and not delivery.snapshot
    # Without a sum only a delivery of this epoch tells that the lock speaks of this epoch.
    of_some_epoch = named is None and not proven
    if known or of_a_lost_state or of_some_epoch:
        return verdict
    verdict.settles, verdict.exact = True, delivery if proven else None
    verdict.older = [each for each in handed_out if each.settled_at is not None]
    verdict.others = [
        each
        for each in handed_out
        if each.epoch == lock.epoch
        and each.to_revision <= applied
        and each.settled_at is None
        and each is not verdict.exact
    ]
    if verdict.of_whole_state:
        verdict.past = [each for each in handed_out if each.epoch < lock.epoch]
        verdict.of_all_pins = lock.state_unknown
        lock.snapshot_needed = lock.state_unknown = False
    lock.applied_revision = applied
    return verdict


async def _entries_of(verdicts: Collection[_Verdict]) -> dict[UUID, dict[str, LockEntry]]:
    """The entries about which these say something, by their locks and by their own ids."""
    found: dict[UUID, dict[str, LockEntry]] = {each.lock.id: {} for each in verdicts}
    whole = [each.lock.id for each in verdicts if each.of_whole_state]
    named = [name for each in verdicts if not each.of_whole_state for name in each.of_entries]
    for select, ids in ((ENTRIES_OF_LOCKS, whole), (ENTRIES, named)):
        for row in await select(ids) if ids else ():
            found[row.lock_id][str(row.id)] = row
    return found


def _known(verdict: _Verdict, entries: Mapping[str, LockEntry]) -> list[LockEntry]:
    """The entries of which it is known what the lock now holds of them; changed, not saved.

    `exact` is the delivery that brought the lock to `applied`, where that is known: the lock holds all that it carried.
    An earlier delivery may have been lost, and what it carried need not be in a later one, since the entry may have changed
    again meanwhile. The lock holds that if the newest revision of the entry is not above `applied`, since no delivery passes
    over a revision; else it stays unsettled: the lock may hold it or not.
    """
    applied, exact = verdict.applied, verdict.exact
    known: dict[str, LockEntry] = {}
    if verdict.of_whole_state:
        # It was swapped in whole: whatever it did not carry, the lock no longer holds.
        for row in entries.values():
            if row.state is not EntryState.LIVE and row.revision <= applied:
                row.applied_version = row.version
            row.applied_live = False
        known = dict(entries)
    for entry_id, version, live in exact.items if exact is not None else ():
        row = known[entry_id] = entries[entry_id]
        row.applied_version, row.applied_live = version, live
    for delivery in verdict.others:
        for entry_id, _, _ in delivery.items:
            row = entries[entry_id]
            if entry_id not in known and row.revision <= applied:
                known[entry_id] = row
                row.applied_version, row.applied_live = row.version, row.state is EntryState.LIVE
        delivery.items = [item for item in delivery.items if item[0] not in known]
    return list(known.values())


async def _save_settled(
    verdicts: Sequence[_Verdict], known: Sequence[LockEntry], now: datetime
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
    if not verdicts:
        return
    others = [each for verdict in verdicts for each in verdict.others]
    over = [each.id for each in others if not each.items]
    over += [each.id for verdict in verdicts for each in verdict.past]
    over += [each.id for verdict in verdicts for each in verdict.older]
    if over:
        await LockDelivery.filter(id__in=over).delete()
    await save_all([each for each in others if each.items], "items")
    exact = [each.exact for each in verdicts if each.exact is not None]
    for delivery in exact:
        delivery.settled_at = now
    await save_all(exact, "settled_at")


async def _pins_at(lock_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Each of these locks with each PIN that it holds, held or should hold."""
    if not lock_ids:
        return []
    rows = LockEntry.filter(lock_id__in=list(lock_ids), pin_id__isnull=False)
    return list(await rows.values_list("lock_id", "pin_id"))


def was_refused(delivery: LockDelivery, applied: int) -> bool:
    """Whether the lock's answer from revision `applied` says that it did not apply this delivery and will not."""
    whole = not delivery.snapshot or delivery.parts == 1
    return whole and _would_apply(delivery, applied)


def _would_apply(delivery: LockDelivery, applied: int) -> bool:
    return delivery.settled_at is None and delivery.from_revision <= applied < delivery.to_revision


def _refusal(lock: Lock, delivery: LockDelivery) -> LockDelivery | None:
    """The delivery, marked as refused and not saved; None where that is nothing new, or nothing is known of the lock."""
    if lock.state_unknown or delivery.answer is DeliveryAnswer.REFUSED:
        return None
    delivery.answer = DeliveryAnswer.REFUSED
    return delivery


async def note_refusals(lock: Lock, names: Collection[str], applied: int) -> set[UUID]:
    """Within a transaction, under the lock's row: the deliveries that its events name were refused.

    Returns the PINs of which more is known now.
    """
    ids = []
    for name in names:
        with contextlib.suppress(ValueError):
            ids.append(UUID(name))
    if not ids:
        return set()
    rows = await LockDelivery.filter(
        id__in=ids, lock_id=lock.id, incarnation=lock.incarnation, epoch=lock.epoch
    )
    would = [each for each in rows if _would_apply(each, applied)]
    refused = [each for each in would if _refusal(lock, each) is not None]
    await save_all(refused, "answer")
    carried = [entry_id for each in refused for entry_id, _, _ in each.items]
    return set(await column(LockEntry.filter(id__in=carried, pin_id__isnull=False), "pin_id"))
