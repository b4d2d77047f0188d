"""A schedule as columns of a table. `schedule_columns` writes all of them, always, so that no limit is lost on the way."""

from datetime import time
from typing import Any

from tortoise import fields
from tortoise.models import Model

from domain.access.schedule import Schedule, Slot, Weekday
from domain.database.rows import UnreadComments


def _weekday_bits(weekdays: frozenset[Weekday]) -> int:
    return sum(1 << position for position, day in enumerate(Weekday) if day in weekdays)


def _weekdays(bits: int) -> frozenset[Weekday]:
    return frozenset(day for position, day in enumerate(Weekday) if bits & (1 << position))


class ScheduleColumns(Model, metaclass=UnreadComments):
    """A schedule's columns: slot as ISO times (both or neither), weekdays as bits, Monday the lowest.

    The table itself says of which kind the interval is: `valid_from` and `valid_until` are dates or moments there.
    """

    valid_from: Any
    valid_until: Any
    slot_start = fields.CharField(max_length=15, null=True)
    slot_end = fields.CharField(max_length=15, null=True)
    weekdays = fields.SmallIntField(default=127)

    class Meta:
        abstract = True

    def schedule(self) -> Schedule:
        """The schedule in these columns."""
        slot = None
        if self.slot_start is not None and self.slot_end is not None:
            slot = Slot(time.fromisoformat(self.slot_start), time.fromisoformat(self.slot_end))
        return Schedule(self.valid_from, self.valid_until, slot, _weekdays(self.weekdays))


def schedule_columns(schedule: Schedule) -> dict[str, Any]:
    """Every column of a schedule, as keyword arguments for a row."""
    return {
        "valid_from": schedule.valid_from,
        "valid_until": schedule.valid_until,
        "slot_start": schedule.slot.start.isoformat() if schedule.slot else None,
        "slot_end": schedule.slot.end.isoformat() if schedule.slot else None,
        "weekdays": _weekday_bits(schedule.weekdays),
    }
