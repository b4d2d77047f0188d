"""What a lock reports: that it is there, its nonce, what it has applied, its events.

Events are acknowledged by the answer to a report, once its transaction has committed: the lock forgets them then. One that
cannot be read is refused alone, so that it does not stop all that follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.access.decision import DenialReason
from domain.actors import LockActor
from domain.database import Queue, Transaction, Work, transaction, use_case
from domain.database.rows import saving
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.facts import announce
from domain.installation import Installation
from domain.link.events import LockEventKind, OpeningMethod
from domain.link.messages import MAX_REVISION
from domain.link.nonces import well_formed_nonce
from domain.locks.tables import Lock
from domain.sync.connections import hear, is_heard, present_lock
from domain.sync.events import record_events, record_server_event
from domain.sync.facts import EntriesSettled
from domain.sync.rules import NONCES_KEPT
from domain.sync.settling import note_refusals, take_acknowledgement
from domain.sync.tables import LockEvent
from domain.sync.told_events import RefusedEvent, read_events

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


@use_case
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

    Raises NotFound for another lock's id, NotAllowed after re-provisioning, InvalidInput.
    """
    if lock_id != actor.lock_id:
        raise NotFound("lock_id")
    _check(applied_revision, nonce)
    told = read_events(events)
    async with transaction(Queue(Work.LOCKS, actor.site_id)) as tx:
        lock = await present_lock(lock_id, actor.incarnation)
        if lock is None:
            raise NotAllowed("The lock has been deleted, or has proven a later secret.")
        if not is_heard(lock, actor):
            raise NotAllowed("The lock is on a newer connection.")
        tx.wake(topics.site_sync(lock.site_id))
        async with saving(lock):
            hear(lock, actor)
            lock.last_contact_at = now
            if nonce is not None and all(nonce != known for known, _ in lock.nonces):
                lock.nonces = [[nonce, now.isoformat()], *lock.nonces][:NONCES_KEPT]
                tx.wake(topics.lock(lock.id))
            if acknowledged is not None:
                await _settle(installation, tx, lock, applied_revision, acknowledged, now)
            new = await record_events(installation, tx, lock, told, now)
            refused = [each.delivery_id for each in told.events.values() if each.delivery_id]
            pins = await note_refusals(lock, refused, applied_revision)
            tx.wake(*(topics.pin_sync(each) for each in pins))
            for event in new:
                _follow_lockout(lock, event)
    return Reported(told.state_id, told.up_to, told.refused)


async def _settle(
    installation: Installation,
    tx: Transaction,
    lock: Lock,
    applied: int,
    acknowledged: Acknowledged,
    now: datetime,
) -> None:
    taken = await take_acknowledgement(
        lock, acknowledged.delivery_id, applied, acknowledged.state_sum, now
    )
    if taken.out_of_step:
        await record_server_event(tx, lock, LockEventKind.OUT_OF_STEP, now)
    if taken.settled:
        await announce(installation, tx, EntriesSettled(taken.settled), now)
    tx.wake(topics.lock(lock.id), *(topics.pin_sync(each) for each in taken.pins))


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
        case LockEventKind.DENIED if _was_wrong(event):
            lock.wrong_entries += 1


def _was_wrong(event: LockEvent) -> bool:
    """Whether the lock has counted this denial. Ten digits that do not open are wrong, whatever the reason."""
    if event.method is OpeningMethod.SMARTPIN:
        return not UNCOUNTED.intersection(event.reasons)
    return event.method in TYPED and bool(WRONG.intersection(event.reasons))
