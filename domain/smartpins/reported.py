"""What locks tell of SmartPINs: first use, short PINs set and dropped, blocks made at the keypad.

The dangerous direction: an event booked on the wrong guest. Only a SmartPIN of this very lock counts, found by the tag
that nobody can make without the lock's secret.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from domain.link.events import LockEventBody, LockEventKind, OpeningMethod
from domain.locks.tables import Lock
from domain.smartpins.tables import SmartPin


async def smart_pins_named(lock: Lock, names: Collection[str]) -> dict[str | None, SmartPin]:
    """The lock's SmartPINs among these entry names."""
    rows = await SmartPin.filter(lock_id=lock.id, entry_name__in=list(names)) if names else []
    return {row.entry_name: row for row in rows}


async def note_events(
    known: Mapping[str | None, SmartPin], events: Iterable[LockEventBody], now: datetime
) -> None:
    """Within the transaction that stores these events, which are new and in order: keeps what the API shows."""
    touched: dict[str, SmartPin] = {}
    for event in events:
        row = known.get(event.entry_id)
        if row is None:
            continue
        at = event.at or now
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
        touched[row.entry_name] = row
    for row in touched.values():
        await row.save(update_fields=["first_used_at", "short_pin_set_at", "blocked_at_door"])
