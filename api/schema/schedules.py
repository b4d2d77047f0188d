"""The five schedule fields, as shown and as asked for."""

from datetime import date, datetime, time
from typing import Any, Protocol

import strawberry

from domain.access.schedule import Schedule as DomainSchedule
from domain.access.schedule import Weekday
from domain.schedules.given import make_schedule


@strawberry.type(description="When an invitation's doors open, in the site's time zone.")
class MomentSchedule:
    valid_from: datetime | None = strawberry.field(
        description="Open from here on; null: from the start."
    )
    valid_until: datetime | None = strawberry.field(
        description="Closed from here on; null: open end."
    )
    slot_start: time | None = strawberry.field(description="Daily from this time; null: all day.")
    slot_end: time | None = strawberry.field(
        description="Daily until this time; an earlier one than slotStart is on the next day."
    )
    weekdays: list[Weekday] = strawberry.field(description="The days on which a slot begins.")


def moment_schedule(schedule: DomainSchedule) -> MomentSchedule:
    """A schedule of moments, for display."""
    start, end = schedule.valid_from, schedule.valid_until
    assert isinstance(start, datetime | None)
    assert isinstance(end, datetime | None)
    return MomentSchedule(
        valid_from=start,
        valid_until=end,
        slot_start=schedule.slot.start if schedule.slot else None,
        slot_end=schedule.slot.end if schedule.slot else None,
        weekdays=[day for day in Weekday if day in schedule.weekdays],
    )


@strawberry.type(description="When a PIN or an access rule opens, in the site's time zone.")
class DateSchedule:
    valid_from: date | None = strawberry.field(description="The first day; null: no limit.")
    valid_until: date | None = strawberry.field(description="The last day; null: no limit.")
    slot_start: time | None = strawberry.field(description="Daily from this time; null: all day.")
    slot_end: time | None = strawberry.field(
        description="Daily until this time; an earlier one than slotStart is on the next day."
    )
    weekdays: list[Weekday] = strawberry.field(description="The days on which a slot begins.")


def date_schedule(schedule: DomainSchedule) -> DateSchedule:
    """A schedule of dates, for display."""
    return DateSchedule(
        valid_from=schedule.valid_from,
        valid_until=schedule.valid_until,
        slot_start=schedule.slot.start if schedule.slot else None,
        slot_end=schedule.slot.end if schedule.slot else None,
        weekdays=[day for day in Weekday if day in schedule.weekdays],
    )


class ScheduleFields(Protocol):
    """An input with the five fields."""

    valid_from: Any
    valid_until: Any
    slot_start: time | None
    slot_end: time | None
    weekdays: list[Weekday] | None


def schedule_of(asked: ScheduleFields) -> DomainSchedule:
    """The schedule of an input that has the five fields. Raises InvalidSchedule."""
    return make_schedule(
        valid_from=asked.valid_from,
        valid_until=asked.valid_until,
        slot_start=asked.slot_start,
        slot_end=asked.slot_end,
        weekdays=asked.weekdays,
    )
