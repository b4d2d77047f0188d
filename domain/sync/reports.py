"""What a lock reports: that it is there, its nonce, its events.

The dangerous directions: an event lost after it was acknowledged, or recorded twice. Events are keyed by (lock, state
id, sequence), numbered under the site's head row so that number order is commit order, and acknowledged only by the
answer to a report whose transaction has committed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.decision import DenialReason
from domain.columns import column
from domain.database import Queue, Work, lock_row, transaction, use_case
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.link.events import LockEventBody, LockEventKind, OpeningMethod
from domain.link.nonces import well_formed_nonce
from domain.link.wire import Malformed
from domain.locks.tables import Lock
from domain.people.actors import LockActor
from domain.smartpins.reported import note_events, smart_pins_named
from domain.sync.connections import hear, is_heard
from domain.sync.event_numbers import next_numbers
from domain.sync.rules import MAX_EVENTS_PER_REPORT, NONCES_KEPT
from domain.sync.server_events import SERVER_EVENTS, record_server_event
from domain.sync.settling import take_acknowledgement
from domain.sync.tables import LockEntry, LockEvent, UnlockCommand

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


@use_case
async def report_lock(
    actor: LockActor,
    *,
    lock_id: UUID,
    applied_revision: int,
    acknowledged: Acknowledged | None,
    nonce: str | None,
    events: Sequence[LockEventBody],
    now: datetime,
) -> Reported:
    """Takes one report. Raises NotFound for another lock's id, NotAllowed after re-provisioning, InvalidInput."""
    if lock_id != actor.lock_id:
        raise NotFound("lockId")
    _check(applied_revision, nonce, events)
    async with transaction(Queue(Work.LOCKS, actor.site_id)) as tx:
        lock = await lock_row(Lock, lock_id)
        if lock is None or lock.deleted_at is not None or lock.incarnation != actor.incarnation:
            raise NotAllowed("This life of the lock has ended.")
        if not is_heard(lock, actor):
            raise NotAllowed("The lock is on a newer connection.")
        hear(lock, actor)
        tx.wake(f"site-sync:{lock.site_id}")
        lock.last_contact_at = now
        if nonce is not None and all(nonce != known for known, _ in lock.nonces):
            lock.nonces = [[nonce, now.isoformat()], *lock.nonces][:NONCES_KEPT]
            tx.wake(f"lock:{lock.id}")
        if acknowledged is not None:
            taken = await take_acknowledgement(
                lock, acknowledged.delivery_id, applied_revision, acknowledged.state_sum, now
            )
            if taken.out_of_step:
                await record_server_event(tx, lock, LockEventKind.OUT_OF_STEP, now)
            tx.wake(f"lock:{lock.id}", *(f"pin-sync:{each}" for each in taken.pins))
        new = await _record(lock, events, now) if events else []
        for event in new:
            _follow_lockout(lock, event)
        if new:
            commands = {event.command_id for event in new if event.command_id is not None}
            tx.wake(f"events:{lock.site_id}", *(f"command:{each}" for each in commands))
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
    if not events:
        return Reported(None, 0)
    return Reported(events[0].state_id, max(event.sequence for event in events))


def _check(applied_revision: int, nonce: str | None, events: Sequence[LockEventBody]) -> None:
    """GraphQL's types let through what the link's own language refuses. Raises InvalidInput."""
    if nonce is not None and not well_formed_nonce(nonce):
        raise InvalidInput("nonce", "A nonce is 32 bytes in base64url.")
    if len(events) > MAX_EVENTS_PER_REPORT:
        raise InvalidInput("events", f"At most {MAX_EVENTS_PER_REPORT} events in a report.")
    if len({event.state_id for event in events}) > 1:
        raise InvalidInput("events", "The events of one report have one state id.")
    if applied_revision < 0:
        raise InvalidInput("appliedRevision", "Revisions are counted from 0.")
    for event in events:
        if event.kind in SERVER_EVENTS:
            raise InvalidInput("events", f"No lock sends this: {event.kind} is the server's word.")
        try:
            LockEventBody.from_report(event.to_report())
        except Malformed as malformed:
            raise InvalidInput("events", f"No lock sends this: {malformed}.") from None
        except (ValueError, OverflowError):  # no offset, or in UTC before the year 1 or after 9999
            raise InvalidInput("events", "No lock sends this: at is no moment in UTC.") from None


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


async def _record(lock: Lock, events: Sequence[LockEventBody], now: datetime) -> list[LockEvent]:
    """Under the lock's row: stores what is new, numbered, and returns it."""
    state_id = events[0].state_id
    told = [event.sequence for event in events]
    stored = LockEvent.filter(lock_id=lock.id, state_id=state_id, sequence__in=told)
    known = set(await column(stored, "sequence"))
    new = {event.sequence: event for event in events if event.sequence not in known}
    commands = await _commands(lock, new.values())
    owners = await _owners(lock, new.values())
    names = {event.entry_id for event in new.values() if event.entry_id is not None}
    guests = await smart_pins_named(lock, names)
    if not new:
        return []
    rows = []
    numbers = await next_numbers(lock.site_id, len(new))
    for number, sequence in zip(numbers, sorted(new), strict=True):
        event = new[sequence]
        command = commands.get(_as_uuid(event.command_id))
        guest = guests.get(event.entry_id)
        rows.append(
            LockEvent(
                site_id=lock.site_id,
                number=number,
                lock_id=lock.id,
                state_id=state_id,
                sequence=sequence,
                kind=event.kind,
                method=event.method,
                at=event.at,
                recorded_at=now,
                entry_id=event.entry_id,
                command_id=command.id if command else None,
                member_id=command.member_id if command else owners.get(event.entry_id),
                invitation_id=command.invitation_id if command else None,
                device_id=command.device_id if command else None,
                smart_pin_id=guest.id if guest else None,
                reasons=[reason.value for reason in event.reasons],
            )
        )
    await LockEvent.bulk_create(rows)
    await note_events(guests, [new[sequence] for sequence in sorted(new)], now)
    return rows


async def _owners(lock: Lock, events: Iterable[LockEventBody]) -> dict[str | None, UUID]:
    """Whose PINs these events name, by entry name; only entries of this very lock count."""
    names = {event.entry_id for event in events if event.entry_id is not None}
    if not names:
        return {}
    rows = await LockEntry.filter(lock_id=lock.id, name__in=list(names)).select_related("pin")
    return {row.name: row.pin.owner_id for row in rows if row.pin is not None}


def _as_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def _commands(
    lock: Lock, events: Iterable[LockEventBody]
) -> dict[UUID | None, UnlockCommand]:
    """The orders that these events answer; only orders to this very lock count."""
    ids = {_as_uuid(event.command_id) for event in events}
    rows = await UnlockCommand.filter(id__in=[each for each in ids if each], lock_id=lock.id)
    return {row.id: row for row in rows}
