"""What locks tell of SmartPINs: first use, short PINs set and dropped, blocks made at the keypad.

An event counts for a SmartPIN of this very lock alone, found by the tag that nobody can make without the lock's secret: a
tag of another lock says nothing of its guests.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.database import Transaction
from domain.installation import Installation
from domain.link.events import LockEventKind, OpeningMethod
from domain.smartpins.tables import SmartPin
from domain.sync.facts import EventsRecorded
from domain.sync.tables import LockEvent


async def note_events(
    installation: Installation, tx: Transaction, fact: EventsRecorded, now: datetime
) -> None:
    """Under the lock's row: the events name their SmartPINs, which keep what the API shows of them."""
    named = SmartPin.filter(lock_id=fact.lock_id, entry_name__in=list(fact.entry_names))
    for row in await named if fact.entry_names else ():
        events = LockEvent.filter(id__in=list(fact.event_ids), entry_id=row.entry_name)
        await _note(row, await events.order_by("number"))
        await events.update(smart_pin_id=row.id)


async def _note(row: SmartPin, events: Sequence[LockEvent]) -> None:
    changed = False
    for event in events:
        at = event.at or event.recorded_at
        match event.kind:
            case LockEventKind.OPENED if event.method is OpeningMethod.SMARTPIN:
                row.first_used_at = row.first_used_at or at
            case LockEventKind.SHORT_PIN_SET:
                row.short_pin_set_at = at
            case LockEventKind.SHORT_PIN_DROPPED:
                row.short_pin_set_at = None
            case LockEventKind.SMARTPIN_BLOCKED:
                row.blocked_at_door = row.blocked_at_door or at
                row.short_pin_set_at = None
            case _:
                continue
        changed = True
    if changed:
        await row.save(update_fields=["first_used_at", "short_pin_set_at", "blocked_at_door"])
