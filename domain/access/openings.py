"""When a door that is shut opens next, and when that changes: the same spans as the decision's, looked at forwards.

The work is bounded, however far ahead an opening lies. A schedule repeats itself by the week; what does not are its first
and its last day, and a change of clocks that skips one day's slot.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.access.decision import Granted, check_schedule, decide
from domain.access.schedule import EVERY_DAY, ONE_DAY, Schedule, occurrences

FIRST_MOMENT = datetime(1, 1, 4, tzinfo=UTC)
LAST_MOMENT = datetime(9999, 12, 28, tzinfo=UTC)
"""From the first to the last every moment has a wall time in every zone, and so have the days around it."""
_LOOKED_AT = timedelta(days=21)
"""Each day of the week comes three times in it: the clocks may skip one slot."""
_REPEATING = timedelta(days=15)
"""Each wall time of the week comes twice in it, so what was open all along stays so until a schedule ends."""
_LAST_DAYS = timedelta(days=2)
_LOOKED_AHEAD = timedelta(days=366)
"""How far ahead an end is looked for where schedules take over from each other."""
_MOST_STEPS = 500
"""How often one may take over from another before no end is looked for any more."""


def next_opening(schedules: Sequence[Schedule], zone: ZoneInfo, at: datetime) -> datetime | None:
    """The first moment, `at` or later, at which one of the schedules opens, in UTC; None: there is none.

    `at` is aware, and neither before FIRST_MOMENT nor after LAST_MOMENT, beyond which nothing is looked for.
    """
    found = [_first_opening(schedule, zone, at.astimezone(UTC)) for schedule in schedules]
    return min((each for each in found if each is not None and each <= LAST_MOMENT), default=None)


def next_change(schedules: Sequence[Schedule], zone: ZoneInfo, at: datetime) -> datetime | None:
    """When it opens next, if none of the schedules opens at `at`; else when, after `at`, none of them does any more.

    In UTC; None: it stays as it is: for good, or, where schedules take over from each other, a year or five hundred times.
    `at` is as for `next_opening`.
    """
    return _next_change(tuple(schedules), zone, at.astimezone(UTC))


@lru_cache(maxsize=1024)
def _next_change(schedules: tuple[Schedule, ...], zone: ZoneInfo, at: datetime) -> datetime | None:
    if isinstance(decide(schedules, zone, at), Granted):
        return _closing(schedules, zone, at)
    return next_opening(schedules, zone, at)


@lru_cache(maxsize=1024)
def _first_opening(schedule: Schedule, zone: ZoneInfo, at: datetime) -> datetime | None:
    if isinstance(check_schedule(schedule, zone, at), Granted):
        return at
    start, end = schedule.valid_from, schedule.valid_until
    if isinstance(end, datetime) and end <= at:
        return None
    begins = max(at, start) if isinstance(start, datetime) else at
    if begins > LAST_MOMENT:
        return None
    first = begins.astimezone(zone).date() - ONE_DAY
    if start is not None and not isinstance(start, datetime):
        first = max(first, start)
    last = LAST_MOMENT.date()
    if last - first > _LOOKED_AT:
        last = first + _LOOKED_AT
    spans = occurrences(schedule, zone, first, last)
    return next((max(span.opens_at, at) for span in spans if at < span.closes_at), None)


def _closing(schedules: Sequence[Schedule], zone: ZoneInfo, at: datetime) -> datetime | None:
    """The end of what is open at `at` without a break, one schedule taking over from another."""
    ends = [_end(schedule, zone) for schedule in schedules]
    since, now = at, at
    for _ in range(_MOST_STEPS):
        closes = _some_span_end(schedules, ends, zone, now)
        if closes is None:
            return now
        before, now = now, closes
        if now >= LAST_MOMENT:
            return None
        if now - before > _LAST_DAYS:
            since = now  # by one schedule: what takes over behind it may do so for the first time
        elif now - since > _REPEATING:
            ahead = min((end for end in ends if end > since), default=LAST_MOMENT)
            if ahead - at > _LOOKED_AHEAD:
                return None
            since = now = max(now, ahead - _LAST_DAYS)
    return None


def _some_span_end(
    schedules: Sequence[Schedule], ends: Sequence[datetime], zone: ZoneInfo, now: datetime
) -> datetime | None:
    """The end of a span that is open at `now`, of whichever schedule; None: none is."""
    for schedule, end in zip(schedules, ends, strict=True):
        if isinstance(check_schedule(schedule, zone, now), Granted):
            return _span_end(schedule, end, zone, now)
    return None


def _end(schedule: Schedule, zone: ZoneInfo) -> datetime:
    """When a schedule is over for good at the latest, in UTC; LAST_MOMENT where that is not before it."""
    end = schedule.valid_until
    if end is None or isinstance(end, datetime):
        return min(end or LAST_MOMENT, LAST_MOMENT)
    if end >= LAST_MOMENT.date():
        return LAST_MOMENT
    overnight = schedule.slot is not None and schedule.slot.overnight
    spans = list(occurrences(Schedule(slot=schedule.slot if overnight else None), zone, end, end))
    return spans[-1].closes_at if spans else _start_of(end + ONE_DAY, zone)


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _span_end(schedule: Schedule, end: datetime, zone: ZoneInfo, now: datetime) -> datetime:
    """The end of the span in which a schedule opens at `now`."""
    if schedule.slot is None and schedule.weekdays == EVERY_DAY:
        by_days = type(schedule.valid_until) is date
        if not by_days or end - now > _LAST_DAYS:
            return end - _LAST_DAYS if by_days else end
    day = schedule.day_of(now.astimezone(zone))
    spans = occurrences(schedule, zone, day, day)
    return next(span.closes_at for span in spans if span.opens_at <= now < span.closes_at)
