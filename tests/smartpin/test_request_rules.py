"""Rules of fitting windows that hold for whatever is asked, in whatever zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from smartpin import EffectiveWindow, InvalidWindow, LockTime, Span, fit, may_start

LockIn = Callable[[str], LockTime]
HOUR = timedelta(hours=1)
ZERO = timedelta(0)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)

nows = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)).map(  # noqa: DTZ001
    lambda m: m.replace(tzinfo=UTC)
)
# Mostly hours and quarters near now, sometimes anything at all.
shifts = st.one_of(
    st.integers(-50, 40_000).map(lambda quarters: timedelta(minutes=15 * quarters)),
    st.integers(-50, 9_000).map(lambda hours: timedelta(hours=hours)),
    st.integers(-2, 900).map(lambda days: timedelta(days=days)),
    st.timedeltas(timedelta(days=-300_000), timedelta(days=1_400_000)),
)
zones = st.sampled_from(ZONES)


def outcome(asked: Span, now: datetime, lock_time: LockTime) -> EffectiveWindow | InvalidWindow:
    try:
        return fit(asked.start, asked.end, now=now, lock_time=lock_time)
    except InvalidWindow as refusal:
        return refusal


@settings(max_examples=400)
@given(zone=zones, now=nows, start=shifts, length=shifts)
def test_a_window_covers_what_was_asked_and_a_refusal_names_what_works(
    lock_in: LockIn, zone: str, now: datetime, start: timedelta, length: timedelta
) -> None:
    """Accepted: never narrower, widened by less than a day an edge, and it may be issued now.

    Refused: one to four spans, each of which works as it stands, nearest first.
    """
    lock_time, hour = lock_in(zone), now.replace(minute=0, second=0, microsecond=0)
    first = hour + start
    last = first + length
    asked = Span(first, last)
    result = outcome(asked, now, lock_time)
    if isinstance(result, EffectiveWindow):
        assert result.opens <= asked.start
        assert asked.end <= result.closes
        assert max(result.opens_early_by, result.closes_late_by) < 25 * HOUR
        assert result.opens == asked.start - result.opens_early_by
        assert result.closes == asked.end + result.closes_late_by
        assert may_start(result.window, now=now, lock_time=lock_time)
        assert now < result.closes
        assert now < result.activate_by, "no code is dead before it is given out"
        return
    assert 1 <= len(result.nearest) <= 4
    distances = [abs(span.start - first) + abs(span.end - last) for span in result.nearest]
    assert distances == sorted(distances)
    for span in result.nearest:
        again = outcome(span, now, lock_time)
        assert isinstance(again, EffectiveWindow)
        assert not again.widened
        assert (again.opens, again.closes) == span


@settings(max_examples=60)
@given(
    zone=zones,
    now=nows,
    start=st.integers(-200, 10_000),
    length=st.integers(-100, 40_000),
    data=st.data(),
)
def test_nothing_nearer_than_the_nearest_works(
    lock_in: LockIn, zone: str, now: datetime, start: int, length: int, data: st.DataObject
) -> None:
    """Any span closer to the request than the first suggestion is refused or widened.

    Requests in quarters of an hour; rivals on the lock's hours and on 08:00 and 20:00.
    """
    lock_time = lock_in(zone)
    first = now.replace(minute=0, second=0, microsecond=0) + start * HOUR
    asked = Span(first, first + length * timedelta(minutes=15))
    result = outcome(asked, now, lock_time)
    if isinstance(result, EffectiveWindow):
        return
    best = sum((abs(a - b) for a, b in zip(result.nearest[0], asked, strict=True)), ZERO)
    reach = min(int(best / HOUR) + 1, 2000)
    for _ in range(40):
        moved = data.draw(st.integers(-reach, reach))
        rest = reach - abs(moved)
        rival = Span(
            lock_time.hour_begins(lock_time.hour(asked.start) + moved),
            lock_time.hour_begins(
                lock_time.hour(asked.end) + data.draw(st.integers(-rest - 1, rest + 1))
            ),
        )
        distance = sum((abs(a - b) for a, b in zip(rival, asked, strict=True)), ZERO)
        if distance < best:
            found = outcome(rival, now, lock_time)
            assert isinstance(found, InvalidWindow) or found.widened


def test_years_1_and_9999_are_refused_and_not_overflowed(lock_in: LockIn) -> None:
    """Whatever a datetime can hold gets a precise refusal, in zones ahead of and behind UTC."""
    now = datetime(2026, 5, 1, 9, 10, tzinfo=UTC)
    for zone in ("Asia/Kathmandu", "America/St_Johns", "UTC"):
        tz = ZoneInfo(zone)
        ends = (datetime.min.replace(tzinfo=tz), now, datetime.max.replace(tzinfo=tz))
        for start in ends:
            for end in ends:
                result = outcome(Span(start, end), now, lock_in(zone))
                assert isinstance(result, InvalidWindow)
                assert result.nearest


def half_hours() -> list[str]:
    """Every zone whose clocks change by a part of an hour in the years to come."""

    def minutes(zone: ZoneInfo) -> set[int]:
        moments = (datetime(2027, month, 1, tzinfo=zone) for month in range(1, 13))
        offsets = (moment.utcoffset() for moment in moments)
        return {int(each.total_seconds() // 60 % 60) for each in offsets if each is not None}

    return sorted(name for name in available_timezones() if len(minutes(ZoneInfo(name))) > 1)


@settings(max_examples=300)
@given(now=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), length=st.integers(1, 700))  # noqa: DTZ001
def test_the_running_hour_of_the_wall_may_always_be_given_out(
    lock_in: LockIn, now: datetime, length: int
) -> None:
    """In every zone with half-hour summer time, at every moment but while the clocks change within that very hour."""
    assert "Australia/Lord_Howe" in half_hours()
    for name in half_hours():
        lock_time, zone = lock_in(name), ZoneInfo(name)
        wall = now.replace(tzinfo=UTC).astimezone(zone)
        begun = wall.replace(minute=0, second=0, microsecond=0)
        start = begun.astimezone(UTC)
        if start.astimezone(zone) != begun or wall.utcoffset() != begun.utcoffset():
            continue
        end = lock_time.hour_begins(lock_time.hour(start) + 1 + length)
        result = outcome(Span(start, end), wall.astimezone(UTC), lock_time)
        assert isinstance(result, EffectiveWindow)
        assert timedelta(0) <= result.opens_early_by < HOUR
        assert may_start(result.window, now=wall.astimezone(UTC), lock_time=lock_time)
