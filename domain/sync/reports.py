"""What a lock reports: that it is there, its nonce, its events.

The dangerous directions: an event lost after it was acknowledged, or recorded twice. Events are keyed by (lock, state
id, sequence), numbered under the site's head row so that number order is commit order, and acknowledged only by the
answer to a report whose transaction has committed. And one that cannot be read, which would stop all that follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.access.decision import DenialReason
from domain.actors import LockActor
from domain.database import Queue, Work, lock_row, transaction, use_case
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.link.events import LockEventKind, OpeningMethod
from domain.link.messages import MAX_REVISION
from domain.link.nonces import well_formed_nonce
from domain.locks.tables import Lock
from domain.sync.connections import hear, is_heard
from domain.sync.event_recording import record_events
from domain.sync.refused_deliveries import note_refusals
from domain.sync.rules import NONCES_KEPT
from domain.sync.server_events import record_server_event
from domain.sync.settling import take_acknowledgement
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
"""The reasons of entries of other than ten digits that the lock counts as wrong; a short PIN of theirs is none while
SmartPINs are off."""
UNCOUNTED = frozenset({DenialReason.PIN_LOCKOUT, DenialReason.PIN_MODE_OFF})
"""The reasons of entries that the lock did not look at."""


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
        lock = await lock_row(Lock, lock_id)
        if lock is None or lock.deleted_at is not None or lock.incarnation != actor.incarnation:
            raise NotAllowed("This life of the lock has ended.")
        if not is_heard(lock, actor):
            raise NotAllowed("The lock is on a newer connection.")
        hear(lock, actor)
        tx.wake(topics.site_sync(lock.site_id))
        lock.last_contact_at = now
        if nonce is not None and all(nonce != known for known, _ in lock.nonces):
            lock.nonces = [[nonce, now.isoformat()], *lock.nonces][:NONCES_KEPT]
            tx.wake(topics.lock(lock.id))
        if acknowledged is not None:
            taken = await take_acknowledgement(
                lock, acknowledged.delivery_id, applied_revision, acknowledged.state_sum, now
            )
            if taken.out_of_step:
                await record_server_event(tx, lock, LockEventKind.OUT_OF_STEP, now)
            tx.wake(topics.lock(lock.id), *(topics.pin_sync(each) for each in taken.pins))
        new = await record_events(lock, told, now)
        refused = [each.delivery_id for each in told.events.values() if each.delivery_id]
        pins = await note_refusals(lock, refused, applied_revision)
        tx.wake(*(topics.pin_sync(each) for each in pins))
        for event in new.current:
            _follow_lockout(lock, event)
        if new.events:
            commands = {event.command_id for event in new.events if event.command_id is not None}
            tx.wake(topics.events(lock.site_id), *(topics.command(each) for each in commands))
        await lock.save(
            update_fields=[
                "last_contact_at",
                "connection",
                "nonces",
                "epoch",
                "wanted_revision",
                "applied_revision",
                "snapshot_needed",
                "state_unknown",
                "wrong_entries",
                "locked_out_since",
            ]
        )
    return Reported(told.state_id, told.up_to, told.refused)


def _check(applied_revision: int, nonce: str | None) -> None:
    """GraphQL's types let through what the link's own language refuses. Raises InvalidInput."""
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
