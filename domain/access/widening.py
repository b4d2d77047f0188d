"""What an update of a schedule loosens and what it tightens, so that no limit widens in silence.

Where two bounds cannot be compared, or where a slot moves, the field is named on both sides: no
widening goes unnamed.
"""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from domain.access.schedule import EVERY_DAY, ONE_DAY, Schedule


class Comparison(NamedTuple):
    """The names of the fields of Schedule that open more than before, and of those that open less.

    A field can be in both.
    """

    widened: frozenset[str]
    narrowed: frozenset[str]


def compare(old: Schedule, new: Schedule) -> Comparison:
    """Compare each field of `new` with the same field of `old`."""
    judged = {
        "valid_from": _judge_from(old.valid_from, new.valid_from),
        "valid_until": _judge_until(old.valid_until, new.valid_until),
        "slot": _judge_slot(old, new),
        "weekdays": (bool(new.weekdays - old.weekdays), bool(old.weekdays - new.weekdays)),
    }
    return Comparison(
        frozenset(field for field, (wider, _) in judged.items() if wider),
        frozenset(field for field, (_, narrower) in judged.items() if narrower),
    )


def _judge_until(old: date | None, new: date | None) -> tuple[bool, bool]:
    """Whether the upper bound is wider, and whether it is narrower."""
    if old == new and isinstance(old, datetime) == isinstance(new, datetime):
        return False, False
    if old is None or new is None:
        return new is None, old is None
    if isinstance(old, datetime) != isinstance(new, datetime):
        return True, True
    return new > old, new < old


def _judge_from(old: date | None, new: date | None) -> tuple[bool, bool]:
    """Whether the lower bound is wider, and whether it is narrower."""
    if old is None or new is None:
        return _judge_until(old, new)
    return _judge_until(new, old)


def _judge_slot(old: Schedule, new: Schedule) -> tuple[bool, bool]:
    """Whether the slot is wider, and whether it is narrower.

    Where days count, a slot over midnight reaches into the morning after a day, and leaves out that
    day's own morning; where every day is good, only the hours of the clock matter.
    """
    if _days_count(old) or _days_count(new):
        before, after = _span(old), _span(new)
        wider = after[0] < before[0] or after[1] > before[1]
        narrower = before[0] < after[0] or before[1] > after[1]
        return wider, narrower
    walls = {time.min}
    walls.update(edge for s in (old, new) if s.slot for edge in (s.slot.start, s.slot.end))
    opened = [(_opens(old, wall), _opens(new, wall)) for wall in walls]
    return (False, True) in opened, (True, False) in opened


def _days_count(schedule: Schedule) -> bool:
    """Whether some days are good and others not."""
    bounds = (schedule.valid_from, schedule.valid_until)
    dated = any(bound is not None and not isinstance(bound, datetime) for bound in bounds)
    return dated or schedule.weekdays != EVERY_DAY


def _opens(schedule: Schedule, wall: time) -> bool:
    return schedule.slot is None or schedule.slot.contains(wall)


def _span(schedule: Schedule) -> tuple[timedelta, timedelta]:
    """The hours that belong to a day, from its midnight on; the end may lie in the next day."""
    slot = schedule.slot
    if slot is None:
        return timedelta(), ONE_DAY
    start, end = _since_midnight(slot.start), _since_midnight(slot.end)
    return start, end + ONE_DAY if slot.overnight else end


def _since_midnight(wall: time) -> timedelta:
    return timedelta(
        hours=wall.hour,
        minutes=wall.minute,
        seconds=wall.second,
        microseconds=wall.microsecond,
    )
