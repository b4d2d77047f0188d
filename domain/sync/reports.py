"""What a lock reports: that it is there, its nonce, what it has applied, its events.

Events are acknowledged by the answer to a report, once its transaction has committed: the lock forgets them then. One that
cannot be read is refused alone, so that it does not stop all that follow.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.access.decision import DenialReason
from domain.actors import LockActor
from domain.database import Queue, Transaction, Work, lock_rows, transaction, use_case
from domain.database.rows import save_all
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.facts import announce
from domain.installation import Installation
from domain.link.events import LockEventKind, OpeningMethod
from domain.link.messages import MAX_REVISION
from domain.link.nonces import NONCE_LIFETIME_SECONDS, well_formed_nonce
from domain.locks.rules import is_online
from domain.locks.tables import Lock
from domain.sync.connections import hear, is_heard, is_present
from domain.sync.events import record_events, record_server_event
from domain.sync.facts import EntriesSettled
from domain.sync.rules import NONCES_KEPT
from domain.sync.settling import Acknowledgement, note_refusals, take_acknowledgements
from domain.sync.tables import LockEvent
from domain.sync.told_events import RefusedEvent, ToldEvents, read_events

TYPED = frozenset({OpeningMethod.PIN, OpeningMethod.SMARTPIN, OpeningMethod.SHORT_PIN})
WRONG = frozenset(
    {
        DenialReason.UNKNOWN_CREDENTIAL,
        DenialReason.WRONG_LENGTH,
        DenialReason.NOT_ACCEPTED,
    }
)
"""Why an entry of other than ten digits was denied that the lock counts as wrong. It does not count one that was denied for
another reason, such as a guest's short PIN while SmartPINs are off."""
UNCOUNTED = frozenset({DenialReason.PIN_LOCKOUT, DenialReason.PIN_MODE_OFF})
"""Why an entry was denied at which the lock did not look."""
_SAVED = (
    "connection",
    "nonces",
    "last_contact_at",
    "epoch",
    "wanted_revision",
    "applied_revision",
    "snapshot_needed",
    "state_unknown",
    "wrong_entries",
    "locked_out_since",
    "clock_lost_since",
)
"""What a report may change of its lock's row."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The delivery that the lock took last (None for an id that is none of ours), and the sum of its own state."""

    delivery_id: UUID | None
    state_sum: str


@dataclass(frozen=True, slots=True)
class Reported:
    """How far the lock's events are stored: it may forget those of `state_id` up to `events_up_to`."""

    state_id: str | None
    events_up_to: int
    refused: tuple[RefusedEvent, ...] = ()
    """What the lock may forget too, since it will never be taken."""


@dataclass(frozen=True, slots=True)
class _Report:
    actor: LockActor
    applied_revision: int
    acknowledged: Acknowledged | None
    nonce: str | None
    told: ToldEvents
    now: datetime


async def report_lock(
    installation: Installation,
    actor: LockActor,
    *,
    lock_id: UUID,
    applied_revision: int,
    acknowledged: Acknowledged | None,
    nonce: str | None,
    events: Sequence[object],
    now: datetime,
) -> Reported:
    """Takes one report; `events` as JSON has them. What cannot be read of them is refused singly, and the rest is taken.

    Reports that come at once are taken by one transaction. One with events is taken alone, and so is that of a lock whose
    row somebody holds: what they wait for nobody else has to. Raises NotFound for another lock's id, NotAllowed after
    re-provisioning, InvalidInput.
    """
    if lock_id != actor.lock_id:
        raise NotFound("lock_id")
    _check(applied_revision, nonce)
    report = _Report(actor, applied_revision, acknowledged, nonce, read_events(events), now)
    if not (report.told.events or report.told.refused):
        done = await installation.together.ask(_take_free, installation, lock_id, report)
        if done is not None:
            return done
    return await _take_alone(installation, report)


@use_case
async def _take_free(
    installation: Installation, reports: Sequence[_Report]
) -> list[Reported | NotAllowed | None]:
    """Takes the reports of locks whose rows nobody holds; None for the others."""
    async with transaction() as tx:
        rows = await lock_rows(Lock, [each.actor.lock_id for each in reports], free_only=True)
        free = {lock.id for lock in rows}
        taken = await _take(
            installation, tx, rows, [each for each in reports if each.actor.lock_id in free]
        )
        if all(each.acknowledged is None for each in reports):
            await tx.forget_if_it_crashes()
    return [taken.get(each.actor.lock_id) for each in reports]


@use_case
async def _take_alone(installation: Installation, report: _Report) -> Reported:
    async with transaction(Queue(Work.LOCKS, report.actor.site_id)) as tx:
        rows = await lock_rows(Lock, [report.actor.lock_id])
        if not rows:
            raise _gone()
        (taken,) = (await _take(installation, tx, rows, [report])).values()
    if isinstance(taken, NotAllowed):
        raise taken
    return taken


def _gone() -> NotAllowed:
    return NotAllowed("The lock has been deleted, or has proven a later secret.")


async def _take(
    installation: Installation,
    tx: Transaction,
    rows: Collection[Lock],
    reports: Collection[_Report],
) -> dict[UUID, Reported | NotAllowed]:
    """Under the locks' rows, one report of each: takes it, unless the lock is there no more or on a newer connection."""
    locks = {lock.id: lock for lock in rows}
    answers: dict[UUID, Reported | NotAllowed] = {}
    heard: list[tuple[Lock, _Report]] = []
    for report in reports:
        lock = locks[report.actor.lock_id]
        if not is_present(lock, report.actor.incarnation):
            answers[lock.id] = _gone()
        elif not is_heard(lock, report.actor):
            answers[lock.id] = NotAllowed("The lock is on a newer connection.")
        else:
            told = report.told
            answers[lock.id] = Reported(told.state_id, told.up_to, told.refused)
            heard.append((lock, report))
    before = [shown(lock, report.now) for lock, report in heard]
    for lock, report in heard:
        hear(lock, report.actor)
        lock.last_contact_at = report.now
        if report.nonce is not None and all(report.nonce != known for known, _ in lock.nonces):
            if _was_silent(lock, report.now):
                tx.wake(
                    topics.lock(lock.id)
                )  # its feed may send the time; the next hour's needs no wake-up
            newest = [report.nonce, report.now.isoformat()]
            lock.nonces = [newest, *lock.nonces][:NONCES_KEPT]
    acknowledged = {
        lock.id: Acknowledgement(lock, ack.delivery_id, report.applied_revision, ack.state_sum)
        for lock, report in heard
        if (ack := report.acknowledged) is not None
    }
    if acknowledged:
        await settle(installation, tx, acknowledged, max(report.now for _, report in heard))
    for lock, report in heard:
        if report.told.events or report.told.refused:
            applied = report.applied_revision
            await take_events(installation, tx, lock, report.told, applied, report.now)
    for (lock, report), was in zip(heard, before, strict=True):
        if shown(lock, report.now) != was:
            tx.wake(topics.site_sync(lock.site_id, lock.id))
    await save_all([lock for lock, _ in heard], *_SAVED)
    return answers


def _was_silent(lock: Lock, now: datetime) -> bool:
    """Whether there was no nonce of this lock that was good for anything."""
    if not lock.nonces:
        return True
    newest = datetime.fromisoformat(lock.nonces[0][1])
    return (now - newest).total_seconds() > NONCE_LIFETIME_SECONDS


def shown(lock: Lock, now: datetime) -> tuple[object, ...]:
    """What a report may change of that which followers of the site's locks see."""
    online = is_online(lock.feed_id, lock.nonces, lock.last_contact_at, now)
    return online, lock.wanted_revision, lock.applied_revision, lock.state_unknown


async def settle(
    installation: Installation,
    tx: Transaction,
    told: Mapping[UUID, Acknowledgement],
    now: datetime,
) -> None:
    """Under the locks' rows: what each of these has acknowledged, by lock, with all that follows from it."""
    settled: set[UUID] = set()
    for lock_id, taken in (await take_acknowledgements(told.values(), now)).items():
        settled |= taken.settled
        if taken.out_of_step:
            await record_server_event(tx, told[lock_id].lock, LockEventKind.OUT_OF_STEP, now)
        tx.wake(topics.lock(lock_id), *(topics.pin_sync(each, lock_id) for each in taken.pins))
    if settled:
        await announce(installation, tx, EntriesSettled(frozenset(settled)), now)


async def take_events(
    installation: Installation,
    tx: Transaction,
    lock: Lock,
    told: ToldEvents,
    applied_revision: int,
    now: datetime,
) -> bool:
    """Under the lock's row: stores its events, with all that follows from them; whether any was new."""
    stored = await record_events(installation, tx, lock, told, now)
    refused = [each.delivery_id for each in told.events.values() if each.delivery_id]
    pins = await note_refusals(lock, refused, applied_revision)
    tx.wake(*(topics.pin_sync(each, lock.id) for each in pins))
    for event in stored.in_turn:
        _follow_lockout(lock, event)
        _follow_clock(lock, event)
    return bool(stored.new)


def _check(applied_revision: int, nonce: str | None) -> None:
    """What the types of the API do not check. Raises InvalidInput."""
    if nonce is not None and not well_formed_nonce(nonce):
        raise InvalidInput("nonce", "A nonce is 32 bytes in base64url.")
    if not 0 <= applied_revision <= MAX_REVISION:
        raise InvalidInput("applied_revision", "Revisions are counted from 0.")


def _follow_lockout(lock: Lock, event: LockEvent) -> None:
    """Keeps what the API shows of a lockout; the lock itself counts, on its own disk."""
    match event.kind:
        case LockEventKind.LOCKOUT_STARTED:
            lock.locked_out_since = lock.locked_out_since or event.at or event.recorded_at
        case LockEventKind.LOCKOUT_ENDED:
            lock.locked_out_since, lock.wrong_entries = None, 0
        case LockEventKind.OPENED if event.method in TYPED:
            lock.wrong_entries = 0
        case LockEventKind.DENIED if was_wrong(event):
            lock.wrong_entries += 1


def _follow_clock(lock: Lock, event: LockEvent) -> None:
    """Keeps whether the lock goes without the time, as it has told."""
    match event.kind:
        case LockEventKind.CLOCK_LOST:
            lock.clock_lost_since = event.recorded_at
        case LockEventKind.CLOCK_SET:
            lock.clock_lost_since = None


def was_wrong(event: LockEvent) -> bool:
    """Whether the lock has counted this event, a denial. Ten digits that do not open are wrong, whatever the reason."""
    if event.method is OpeningMethod.SMARTPIN:
        return not UNCOUNTED.intersection(event.reasons)
    return event.method in TYPED and bool(WRONG.intersection(event.reasons))
