"""What a lock reports: that it is there, its nonce, its events.

The dangerous directions: an event lost after it was acknowledged, or recorded twice. Events are keyed by (lock, state
id, sequence), numbered under the site's head row so that number order is commit order, and acknowledged only by the
answer to a report whose transaction has committed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.database import lock_row, transaction, use_case
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.link.events import LockEventBody
from domain.link.nonces import well_formed_nonce
from domain.locks.tables import Lock
from domain.people.actors import LockActor
from domain.sync.rules import MAX_EVENTS_PER_REPORT, NONCES_KEPT
from domain.sync.tables import EventHead, LockEvent, UnlockCommand


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
    nonce: str | None,
    events: Sequence[LockEventBody],
    now: datetime,
) -> Reported:
    """Takes one report. Raises NotFound for another lock's id, NotAllowed after re-provisioning, InvalidInput."""
    if lock_id != actor.lock_id:
        raise NotFound("lockId")
    if nonce is not None and not well_formed_nonce(nonce):
        raise InvalidInput("nonce", "A nonce is 32 bytes in base64url.")
    if len(events) > MAX_EVENTS_PER_REPORT:
        raise InvalidInput("events", f"At most {MAX_EVENTS_PER_REPORT} events in a report.")
    if len({event.state_id for event in events}) > 1:
        raise InvalidInput("events", "The events of one report have one state id.")
    async with transaction() as tx:
        lock = await lock_row(Lock, lock_id)
        if lock is None or lock.deleted_at is not None or lock.incarnation != actor.incarnation:
            raise NotAllowed("This life of the lock has ended.")
        tx.wake(f"site-sync:{lock.site_id}")
        lock.last_contact_at = now
        if nonce is not None and all(nonce != known for known, _ in lock.nonces):
            lock.nonces = [[nonce, now.isoformat()], *lock.nonces][:NONCES_KEPT]
            tx.wake(f"lock:{lock.id}")
        await lock.save(update_fields=["last_contact_at", "nonces"])
        if events:
            commands = await _record(lock, events, now)
            tx.wake(f"events:{lock.site_id}", *(f"command:{each}" for each in commands))
    if not events:
        return Reported(None, 0)
    return Reported(events[0].state_id, max(event.sequence for event in events))


async def _record(lock: Lock, events: Sequence[LockEventBody], now: datetime) -> set[UUID]:
    """Stores what is new, numbered; returns the ids of the commands that were answered."""
    site_id = lock.site_id
    await EventHead.bulk_create([EventHead(id=site_id)], ignore_conflicts=True)
    head = await lock_row(EventHead, site_id)
    assert head is not None
    state_id = events[0].state_id
    known = set(
        await LockEvent.filter(
            lock_id=lock.id,
            state_id=state_id,
            sequence__in=[event.sequence for event in events],
        ).values_list("sequence", flat=True)
    )
    new = {event.sequence: event for event in events if event.sequence not in known}
    commands = await _commands(lock, new.values())
    rows = []
    for sequence in sorted(new):
        event = new[sequence]
        head.number += 1
        command = commands.get(_as_uuid(event.command_id))
        rows.append(
            LockEvent(
                site_id=site_id,
                number=head.number,
                lock_id=lock.id,
                state_id=state_id,
                sequence=sequence,
                kind=event.kind,
                method=event.method,
                at=event.at,
                recorded_at=now,
                entry_id=event.entry_id,
                command_id=command.id if command else None,
                member_id=command.member_id if command else None,
                invitation_id=command.invitation_id if command else None,
                device_id=command.device_id if command else None,
                reasons=[reason.value for reason in event.reasons],
            )
        )
    await LockEvent.bulk_create(rows)
    await head.save()
    return {command.id for command in commands.values()}


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
