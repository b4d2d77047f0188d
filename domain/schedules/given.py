"""From the five schedule fields of an input to a schedule, or a refusal that names the field."""

from collections.abc import Collection
from datetime import date, datetime, time

from domain.access.schedule import EVERY_DAY, Schedule, Slot, Weekday
from domain.access.schedule import InvalidSchedule as ScheduleFault
from domain.errors import InvalidSchedule


class EndOfDay(time):
    """24:00 (ISO 8601-1:2019, section 5.3.2 b): where a slot may end. As a time of day it is the next day's first moment."""


def make_schedule(
    *,
    valid_from: date | datetime | None,
    valid_until: date | datetime | None,
    slot_start: time | None,
    slot_end: time | None,
    weekdays: Collection[Weekday] | None,
) -> Schedule:
    """A schedule; `weekdays` None means every day, empty is refused. Raises InvalidSchedule.

    A slot from 00:00 to the end of the day is none. Its ends are whole seconds: locks are told no parts of them.
    """
    if (slot_start is None) != (slot_end is None):
        raise InvalidSchedule(
            "slot_start" if slot_start is None else "slot_end",
            "A slot has both a start and an end.",
        )
    for field, value in (("slot_start", slot_start), ("slot_end", slot_end)):
        if value is not None and value.microsecond:
            raise InvalidSchedule(field, "A time of day is in whole seconds, as 06:00:00.")
    if isinstance(slot_start, EndOfDay):
        raise InvalidSchedule("slot_start", "A slot that begins with a day begins at 00:00.")
    try:
        slot = _slot(slot_start, slot_end)
        days = EVERY_DAY if weekdays is None else frozenset(weekdays)
        return Schedule(valid_from, valid_until, slot, days)
    except ScheduleFault as fault:
        field = "slot_start" if fault.field == "slot" else fault.field
        raise InvalidSchedule(field, f"This {fault.message}.") from None


_OF_MOMENTS = {"valid_from": "starts_at", "valid_until": "ends_at"}


def make_schedule_of_moments(
    *,
    starts_at: datetime | None,
    ends_at: datetime | None,
    slot_start: time | None,
    slot_end: time | None,
    weekdays: Collection[Weekday] | None,
) -> Schedule:
    """As `make_schedule`, from moment to moment. Raises InvalidSchedule."""
    try:
        return make_schedule(
            valid_from=starts_at,
            valid_until=ends_at,
            slot_start=slot_start,
            slot_end=slot_end,
            weekdays=weekdays,
        )
    except InvalidSchedule as fault:
        field = _OF_MOMENTS.get(fault.field, fault.field)
        raise InvalidSchedule(field, fault.message) from None


def _slot(start: time | None, end: time | None) -> Slot | None:
    if start is None or end is None:
        return None
    if isinstance(end, EndOfDay):
        return None if start == time.min else Slot(start, time.min)
    return Slot(start, end)
