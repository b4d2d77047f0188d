"""The slow, obvious reading of a schedule, against which the quick one is tested.

It lists the days around a moment, writes down for each the span of wall clock that the day opens,
and looks whether the wall clock of the moment lies in one of them.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, combinations
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.access.schedule import Schedule, Slot, Weekday

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "Europe/Dublin",
        "America/New_York",
        "America/St_Johns",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Casablanca",
    )
]

CLOCK_CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Europe/Dublin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Dublin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("America/St_Johns", datetime(2026, 3, 8, 5, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    # Midnight itself came twice, and was skipped, in Sao Paulo; Apia lost a whole day.
    ("America/Sao_Paulo", datetime(2018, 2, 18, 2, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
]


def opens(schedule: Schedule, zone: ZoneInfo, now: datetime) -> bool:
    """Whether the schedule opens at that moment, the slow way."""
    start, end = schedule.valid_from, schedule.valid_until
    if isinstance(start, datetime) and now.timestamp() < start.timestamp():
        return False
    if isinstance(end, datetime) and now.timestamp() >= end.timestamp():
        return False
    wall = now.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    for day in (wall.date() - timedelta(days=1), wall.date()):
        if day.strftime("%A").upper() not in {weekday.value for weekday in schedule.weekdays}:
            continue
        if isinstance(start, date) and not isinstance(start, datetime) and day < start:
            continue
        if isinstance(end, date) and not isinstance(end, datetime) and day > end:
            continue
        midnight = datetime.combine(day, time())
        first, last = midnight, midnight + timedelta(days=1)
        if schedule.slot:
            first = datetime.combine(day, schedule.slot.start)
            last = datetime.combine(day, schedule.slot.end)
            if last < first:
                last += timedelta(days=1)
        if first <= wall < last:
            return True
    return False


ALL_WEEKDAY_SETS = [
    frozenset(days)
    for days in chain.from_iterable(combinations(Weekday, size) for size in range(1, 8))
]


@st.composite
def zones_and_moments(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a moment in it, half of the time within a day and a half of a clock change."""
    if draw(st.booleans()):
        name, change = draw(st.sampled_from(CLOCK_CHANGES))
        return ZoneInfo(name), change + timedelta(minutes=draw(st.integers(-2160, 2160)))
    milliseconds = draw(st.integers(0, 29 * 366 * 86_400_000))
    moment = datetime(2011, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return draw(st.sampled_from(ZONES)), moment


@st.composite
def slots(draw: st.DrawFn) -> Slot | None:
    """A slot with ends on the quarter hour, where clocks change, or none."""
    if draw(st.booleans()):
        return None
    start = draw(st.integers(0, 95))
    end = (start + draw(st.integers(1, 95))) % 96
    return Slot(time(start // 4, start % 4 * 15), time(end // 4, end % 4 * 15))


@st.composite
def schedules_near(draw: st.DrawFn, now: datetime) -> Schedule:
    """A schedule whose bounds, dates or moments, are close to a moment."""
    dated = draw(st.booleans())
    offset = st.none() | st.integers(-72, 72)
    first, last = draw(offset), draw(offset)
    if first is not None and last is not None:
        first, last = min(first, last), max(first, last) + 1

    def bound(hours: int | None) -> date | datetime | None:
        if hours is None:
            return None
        moment = now + timedelta(hours=hours)
        return moment.date() if dated else moment

    return Schedule(
        bound(first), bound(last), draw(slots()), draw(st.sampled_from(ALL_WEEKDAY_SETS))
    )
