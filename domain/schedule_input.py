"""From the five schedule fields of an input to a schedule, or a refusal that names the field."""

from collections.abc import Collection
from datetime import date, datetime, time

from domain.access.schedule import EVERY_DAY, Schedule, Slot, Weekday
from domain.access.schedule import InvalidSchedule as ScheduleFault
from domain.errors import InvalidSchedule

_API_NAMES = {
    "valid_from": "validFrom",
    "valid_until": "validUntil",
    "slot": "slotStart",
    "slot_start": "slotStart",
    "slot_end": "slotEnd",
    "weekdays": "weekdays",
}


def make_schedule(
    *,
    valid_from: date | datetime | None,
    valid_until: date | datetime | None,
    slot_start: time | None,
    slot_end: time | None,
    weekdays: Collection[Weekday] | None,
) -> Schedule:
    """A schedule; `weekdays` None means every day, empty is refused. Raises InvalidSchedule."""
    if (slot_start is None) != (slot_end is None):
        raise InvalidSchedule(
            "slotStart" if slot_start is None else "slotEnd", "A slot has both a start and an end."
        )
    try:
        slot = (
            Slot(slot_start, slot_end) if slot_start is not None and slot_end is not None else None
        )
        days = EVERY_DAY if weekdays is None else frozenset(weekdays)
        return Schedule(valid_from, valid_until, slot, days)
    except ScheduleFault as fault:
        field = _API_NAMES[fault.field]
        raise InvalidSchedule(field, f"{field} {fault.message}.") from None
