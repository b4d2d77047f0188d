"""The five schedule fields, as shown and as asked for."""

from datetime import date, datetime, time
from typing import Any, Protocol

import strawberry

from domain.access import schedule as domain
from domain.access.schedule import Weekday
from domain.schedules.given import make_schedule


@strawberry.type(
    description="When something opens, in the site's time zone: from moment to moment or from day to day, never both."
)
class Schedule:
    starts_at: datetime | None = strawberry.field(
        description="Open from here on; null: by the day, or from the start."
    )
    ends_at: datetime | None = strawberry.field(
        description="Closed from here on; null: by the day, or open end."
    )
    valid_from: date | None = strawberry.field(
        description="The first day; null: by the moment, or no limit."
    )
    valid_until: date | None = strawberry.field(
        description="The last day, a slot over midnight that begins on it included; null: by the moment, or no limit."
    )
    slot_start: time | None = strawberry.field(description="Daily from this time; null: all day.")
    slot_end: time | None = strawberry.field(
        description="Daily until this time; an earlier one than slotStart is on the next day."
    )
    weekdays: list[Weekday] = strawberry.field(description="The days on which a slot begins.")


def schedule_type(schedule: domain.Schedule) -> Schedule:
    """A schedule as the API shows it."""
    start, end = schedule.valid_from, schedule.valid_until
    return Schedule(
        starts_at=start if isinstance(start, datetime) else None,
        ends_at=end if isinstance(end, datetime) else None,
        valid_from=None if isinstance(start, datetime) else start,
        valid_until=None if isinstance(end, datetime) else end,
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


def schedule_of(asked: ScheduleFields) -> domain.Schedule:
    """The schedule of an input that has the five fields. Raises InvalidSchedule."""
    return make_schedule(
        valid_from=asked.valid_from,
        valid_until=asked.valid_until,
        slot_start=asked.slot_start,
        slot_end=asked.slot_end,
        weekdays=asked.weekdays,
    )
