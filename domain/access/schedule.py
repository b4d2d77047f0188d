"""A schedule says on which days and at which hours a credential opens.

It exists once because two readings of "until Friday" would show an admin one thing and do another
at the door. A schedule that cannot be meant is refused on construction. Moments are kept in UTC,
since Python compares datetimes of one zone by their wall time and forgets which of the two hours of a
change of clocks is meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
_FORTNIGHT = timedelta(days=14)


class InvalidSchedule(ValueError):
    """A schedule that cannot be meant: `field` is at fault, `message` says why to a person."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Weekday(Enum):
    """A day of the week in the site's zone; the values are the names, as stored and sent."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"

    @classmethod
    def from_date(cls, day: date) -> "Weekday":
        """The weekday of a calendar day."""
        return _WEEK[day.weekday()]


_WEEK = tuple(Weekday)
EVERY_DAY = frozenset(Weekday)


@dataclass(frozen=True, slots=True)
class Slot:
    """A daily span of local wall time, `start <= t < end`.

    When `end` is the smaller, the slot runs over midnight and belongs to the day on which it began;
    an `end` of 00:00 is the end of the day. Raises InvalidSchedule for equal ends and for times
    that carry a zone of their own.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        for field, value in (("slot_start", self.start), ("slot_end", self.end)):
            if not isinstance(value, time) or value.tzinfo is not None:
                raise InvalidSchedule(
                    field, "is a time of day in the site's zone, without a zone of its own"
                )
        if self.start == self.end:
            raise InvalidSchedule("slot_end", "must differ from the start of the slot")

    @property
    def overnight(self) -> bool:
        """Whether the slot ends on the day after the one on which it began."""
        return self.end < self.start

    def contains(self, wall: time) -> bool:
        """Whether a wall time lies in the slot, whatever the day."""
        if self.overnight:
            return wall >= self.start or wall < self.end
        return self.start <= wall < self.end


@dataclass(frozen=True, slots=True)
class Schedule:
    """The days and hours of one credential.

    `valid_from` and `valid_until` are both dates (whole days of the site's zone, both included), or
    both moments (`valid_from <= now < valid_until`, kept in UTC), or open (None). The days, bounds
    and weekdays alike, are those on which a slot began: a night from 22:00 that begins on the last
    day lasts until its morning; a moment cuts it short. Raises InvalidSchedule naming the field
    that cannot be meant.
    """

    valid_from: date | datetime | None = None
    valid_until: date | datetime | None = None
    slot: Slot | None = None
    weekdays: frozenset[Weekday] = EVERY_DAY

    def __post_init__(self) -> None:
        start = _bound("valid_from", self.valid_from)
        end = _bound("valid_until", self.valid_until)
        object.__setattr__(self, "valid_from", start)
        object.__setattr__(self, "valid_until", end)
        if start is not None and end is not None:
            if isinstance(start, datetime) != isinstance(end, datetime):
                raise InvalidSchedule(
                    "valid_until", "must be of one kind with the start: both dates or both moments"
                )
            if end < start:
                raise InvalidSchedule("valid_until", "must not be before the start")
            if end == start and isinstance(end, datetime):
                raise InvalidSchedule("valid_until", "must be after the start")
        if self.slot is not None and not isinstance(self.slot, Slot):
            raise InvalidSchedule("slot", "must be a slot or absent")
        if not isinstance(self.weekdays, frozenset) or not all(
            isinstance(day, Weekday) for day in self.weekdays
        ):
            raise InvalidSchedule("weekdays", "must be a set of weekdays")
        if not self.weekdays:
            raise InvalidSchedule("weekdays", "must hold at least one day")

    @property
    def unlimited(self) -> bool:
        """Whether it opens always, so that a lock without a trusted clock may open too."""
        return self == ALWAYS

    def day_of(self, wall: datetime) -> date:
        """The day to which a wall time belongs: in the morning of a slot over midnight, its eve."""
        slot = self.slot
        if slot is not None and slot.overnight and wall.time() < slot.end:
            return wall.date() - ONE_DAY
        return wall.date()

    def begins_by(self, day: date, now: datetime) -> bool:
        """Whether `valid_from` is reached: a date by the day, a moment by `now`."""
        if isinstance(self.valid_from, datetime):
            return self.valid_from <= now
        return self.valid_from is None or self.valid_from <= day

    def lasts_beyond(self, day: date, now: datetime) -> bool:
        """Whether `valid_until` is still to pass: a date by the day, a moment by `now`."""
        if isinstance(self.valid_until, datetime):
            return now < self.valid_until
        return self.valid_until is None or day <= self.valid_until


def _bound(field: str, value: object) -> date | datetime | None:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidSchedule(field, "is a moment and needs an offset from UTC")
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            raise InvalidSchedule(field, "is outside the calendar") from error
    if value is None or isinstance(value, date):
        return value
    raise InvalidSchedule(field, "must be a date, a moment or absent")


ALWAYS = Schedule()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A span in which a schedule opens, `opens_at <= t < closes_at` in UTC.

    It belongs to the local day `day`.
    """

    day: date
    opens_at: datetime
    closes_at: datetime


def occurrences(
    schedule: Schedule, zone: ZoneInfo, from_date: date, to_date: date
) -> Iterator[Occurrence]:
    """The spans that belong to the local days `from_date` to `to_date`, both included, in order.

    A span of a slot over midnight ends on the day after the one it belongs to. A day has more than
    one span where the clocks go back within its slot, and none where they skip it. A schedule
    without a slot gives a span for each day.
    """
    start, end = schedule.valid_from, schedule.valid_until
    if start is not None and not isinstance(start, datetime):
        from_date, start = max(from_date, start), None
    if end is not None and not isinstance(end, datetime):
        to_date, end = min(to_date, end), None
    for ordinal in range(from_date.toordinal(), to_date.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if Weekday.from_date(day) not in schedule.weekdays:
            continue
        for opens_at, closes_at in _spans(schedule.slot, zone, day):
            first = max(opens_at, start) if start else opens_at
            last = min(closes_at, end) if end else closes_at
            if first < last:
                yield Occurrence(day, first, last)


def still_opens(schedule: Schedule, zone: ZoneInfo, now: datetime) -> bool:
    """Whether there is a moment, `now` or later, at which it opens; without an end there always is one.

    A fortnight is looked at: each weekday comes twice in it, also where the clocks skip the slot of one day.
    """
    if schedule.valid_until is None:
        return True
    today = now.astimezone(zone).date()
    start = schedule.valid_from
    begins = start.astimezone(zone).date() if isinstance(start, datetime) else start
    first = max(today, begins or today) - ONE_DAY
    if first > date.max - 2 * _FORTNIGHT:
        return True
    spans = occurrences(schedule, zone, first, first + _FORTNIGHT + 2 * ONE_DAY)
    return any(now < span.closes_at for span in spans)


@lru_cache(maxsize=4096)
def _spans(slot: Slot | None, zone: ZoneInfo, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The longest spans whose wall time lies in that day's slot (without one: in that day).

    Remembered: a month of a house's invitations asks for the same few slots over and over.
    """
    return tuple(_found_spans(slot, zone, day))


def _found_spans(
    slot: Slot | None, zone: ZoneInfo, day: date
) -> Iterator[tuple[datetime, datetime]]:
    end_day = day if slot is not None and not slot.overnight else day + ONE_DAY
    opens = datetime.combine(day, slot.start if slot else time.min)
    closes = datetime.combine(end_day, slot.end if slot else time.min)
    folds = [
        wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        for wall in (opens, closes)
        for fold in (0, 1)
    ]
    edges = sorted({*folds, *_clock_changes(zone, min(folds), max(folds))})
    span: tuple[datetime, datetime] | None = None
    for start, end in pairwise(edges):
        if opens <= start.astimezone(zone).replace(tzinfo=None, fold=0) < closes:
            span = (span[0] if span else start, end)
        elif span:
            yield span
            span = None
    if span:
        yield span


def _clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The seconds in `(start, end]` at which the zone's offset changes; not two in an hour."""
    left = start
    while left < end:
        right = min(left + timedelta(hours=1), end)
        if left.astimezone(zone).utcoffset() != right.astimezone(zone).utcoffset():
            before, after = left, right
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) / 2
                if middle.astimezone(zone).utcoffset() == left.astimezone(zone).utcoffset():
                    before = middle
                else:
                    after = middle
            yield after.replace(microsecond=0)
        left = right
