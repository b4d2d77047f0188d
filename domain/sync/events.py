"""Writing events: what a lock told, what is missing of it or could not be read, and what the server tells of a lock.

Each is stored once, by (lock, state id, sequence), and numbered in its site in the order of the commits: the site's row in
`event_heads` is held until the commit, so whoever has seen one number never sees a lower one appear.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from domain import topics
from domain.audit.service import RecordedChange
from domain.database import Transaction, lock_row
from domain.database.rows import column
from domain.facts import announce
from domain.installation import Installation
from domain.link.events import LockEventBody, LockEventKind
from domain.locks.tables import Lock
from domain.sync.facts import EventsRecorded
from domain.sync.tables import EventHead, LockEntry, LockEvent, OpenLease, UnlockCommand
from domain.sync.told_events import RefusedEvent, ToldEvents

MOST_KEPT = 5_000
"""Events that a lock may be told to forget at once."""


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """The events of one state that were new."""

    new: Sequence[LockEvent]
    behind: int
    """The highest sequence of that state that was stored before."""

    @property
    def in_turn(self) -> Sequence[LockEvent]:
        """Those that came in their turn, not late."""
        return [row for row in self.new if row.sequence > self.behind]


async def record_events(
    installation: Installation, tx: Transaction, lock: Lock, told: ToldEvents, now: datetime
) -> StoredEvents:
    """Within a transaction, under the lock's row: stores what is new.

    An event that the server cannot read leaves EVENT_REFUSED in its place; numbers that were never reported leave
    EVENTS_MISSING before the event behind them, once. Whatever comes late for such a number is stored all the same.
    """
    refused = {
        place: each
        for each in reversed(told.refused)
        if (place := _place(each, told.state_id)) is not None
    }
    known = set(await _known(lock, told.state_id, [*told.events, *refused]))
    events = {number: each for number, each in told.events.items() if number not in known}
    notices = [
        _notice(lock, each, now, state_id=told.state_id, sequence=number)
        for number, each in refused.items()
        if number not in known and number not in told.events
    ]
    behind = await _highest(lock, told.state_id)
    rows = sorted([*await _rows(lock, events, now), *notices], key=lambda row: row.sequence)
    rows = [*_with_gaps(lock, rows, behind, told.kept_from, now), *await _unnamed(lock, told, now)]
    if not rows:
        return StoredEvents((), behind)
    for row, number in zip(rows, await _next_numbers(lock.site_id, len(rows)), strict=True):
        row.number = number
    await LockEvent.bulk_create(rows)
    names = frozenset(row.entry_id for row in rows if row.entry_id is not None)
    recorded = EventsRecorded(lock.id, frozenset(row.id for row in rows), names)
    await announce(installation, tx, recorded, now)
    commands = {row.command_id for row in rows if row.command_id is not None}
    tx.wake(topics.events(lock.site_id), *(topics.command(each) for each in commands))
    return StoredEvents([row for row in rows if row.state_id == told.state_id], behind)


async def _known(lock: Lock, state_id: str | None, sequences: Sequence[int]) -> list[int]:
    """Those of the sequences that are stored."""
    rows = LockEvent.filter(lock_id=lock.id, state_id=state_id, sequence__in=sequences)
    return await column(rows, "sequence") if sequences else []


async def _highest(lock: Lock, state_id: str | None) -> int:
    """The highest sequence that is stored of a state; 0 for none."""
    rows = LockEvent.filter(lock_id=lock.id, state_id=state_id).order_by("-sequence")
    last = await rows.first() if state_id is not None else None
    return last.sequence if last is not None else 0


def _with_gaps(
    lock: Lock, rows: Sequence[LockEvent], behind: int, kept_from: int, now: datetime
) -> Sequence[LockEvent]:
    """The rows of one state, in order, with an event before each that the numbers do not lead up to.

    What the lock still keeps (`kept_from`) is not missing: it comes in another receipt.
    """
    whole = []
    for row in rows:
        missing = min(row.sequence, kept_from or row.sequence) - behind - 1
        if missing > 0:
            whole.append(_server_event(lock, LockEventKind.EVENTS_MISSING, now, count=missing))
        whole.append(row)
        behind = max(behind, row.sequence)
    return whole


def _place(refused: RefusedEvent, state_id: str | None) -> int | None:
    """The sequence of a refused event, if it has one among the events of this state."""
    return refused.sequence if state_id is not None and refused.state_id == state_id else None


def _notice(lock: Lock, refused: RefusedEvent, now: datetime, **name: object) -> LockEvent:
    """What the admins are told of an event that was refused; nothing of what could not be read."""
    return _server_event(
        lock,
        LockEventKind.EVENT_REFUSED,
        now,
        refusal=refused.code,
        claimed_kind=refused.kind,
        **{**name, "at": refused.at},
    )


async def _unnamed(lock: Lock, told: ToldEvents, now: datetime) -> list[LockEvent]:
    """Notices of what has no name of this state: a lock may say it again for ever, so of each field at fault one a day."""
    first: dict[str, RefusedEvent] = {}
    for each in reversed(told.refused):
        if _place(each, told.state_id) is None:
            first[f"refused-{each.field.removeprefix('event.')}-{now.date()}"] = each
    rows = LockEvent.filter(lock_id=lock.id, state_id__in=list(first), sequence=1)
    known = set(await column(rows, "state_id")) if first else set()
    return [
        _notice(lock, each, now, state_id=name, sequence=1)
        for name, each in first.items()
        if name not in known
    ]


async def _rows(lock: Lock, events: dict[int, LockEventBody], now: datetime) -> list[LockEvent]:
    """The rows of new events, which are in order, without their numbers."""
    commands = await _commands(lock, events.values())
    leases = await _leases(lock, events.values())
    owners = await _owners(lock, events.values())
    rows = []
    for sequence, event in events.items():
        command = commands.get(_as_uuid(event.command_id))
        lease = leases.get(_as_uuid(event.lease_id))
        by = command or lease
        rows.append(
            LockEvent(
                site_id=lock.site_id,
                lock_id=lock.id,
                state_id=event.state_id,
                sequence=sequence,
                kind=event.kind,
                method=event.method,
                at=event.at,
                recorded_at=now,
                moment=event.at or now,
                entry_id=event.entry_id,
                command_id=command.id if command else None,
                lease_id=lease.id if lease else None,
                member_id=by.member_id if by else owners.get(event.entry_id),
                invitation_id=by.invitation_id if by else None,
                device_id=by.device_id if by else None,
                reasons=[reason.value for reason in event.reasons],
                count=event.count,
            )
        )
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
    """The commands that these events answer; only commands to this very lock count."""
    ids = {_as_uuid(event.command_id) for event in events}
    rows = await UnlockCommand.filter(id__in=[each for each in ids if each], lock_id=lock.id)
    return {row.id: row for row in rows}


async def _leases(lock: Lock, events: Iterable[LockEventBody]) -> dict[UUID | None, OpenLease]:
    """The leases with which phones opened; only leases for this very lock count."""
    ids = [each for event in events if (each := _as_uuid(event.lease_id))]
    rows = await OpenLease.filter(id__in=ids, lock_id=lock.id) if ids else ()
    return {row.id: row for row in rows}


async def events_stored_up_to(lock: Lock, state_id: str, kept_from: int) -> int:
    """Up to which sequence the server has all events of a state, when the lock keeps those from `kept_from` on; 0: it says
    nothing. Receipts come late and out of order, so the highest that is stored tells nothing of those before it."""
    stored = LockEvent.filter(lock_id=lock.id, state_id=state_id, sequence__gte=kept_from)
    up_to = kept_from - 1
    for sequence in await column(stored.order_by("sequence").limit(MOST_KEPT), "sequence"):
        if sequence != up_to + 1:
            break
        up_to = sequence
    return up_to


async def record_server_event(
    tx: Transaction | RecordedChange, lock: Lock, kind: LockEventKind, now: datetime
) -> None:
    """Within a transaction: an event that the server itself tells of a lock."""
    event = _server_event(lock, kind, now)
    (event.number,) = await _next_numbers(lock.site_id, 1)
    await event.save(force_create=True)
    tx.wake(topics.events(lock.site_id))


def _server_event(lock: Lock, kind: LockEventKind, now: datetime, **fields: Any) -> LockEvent:
    """One event, not saved and without a number. It is under no state id of the lock's, unless `fields` say so."""
    told: dict[str, Any] = {"state_id": f"server-{uuid4().hex}", "sequence": 1, "at": now, **fields}
    told["moment"] = told["at"] or now
    return LockEvent(site_id=lock.site_id, lock_id=lock.id, kind=kind, recorded_at=now, **told)


async def _next_numbers(site_id: UUID, count: int) -> range:
    """The next `count` numbers of the site; its row is held from here on."""
    await EventHead.bulk_create([EventHead(id=site_id)], ignore_conflicts=True)
    head = await lock_row(EventHead, site_id)
    assert head is not None
    first = head.number + 1
    head.number += count
    await head.save(update_fields=["number"])
    return range(first, first + count)
