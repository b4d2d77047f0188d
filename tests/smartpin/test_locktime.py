"""Two ways of telling the time: frozen hours, and the clock on the wall."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartpin import (
    Codec,
    Daily,
    Hourly,
    LockTime,
    Reading,
    Window,
    fixed_offset,
    survives_activation,
)

LockIn = Callable[[str], LockTime]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(2020, 1, 3), datetime(2060, 1, 1)).map(  # noqa: DTZ001
    lambda m: m.replace(tzinfo=UTC)
)


def at(text: str, zone: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def day_of(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(2020, 1, 1)).days  # noqa: DTZ001


def test_hours_count_from_2020_in_the_fixed_offset(lock_in: LockIn) -> None:
    """Hour 0 begins at 2020-01-01T00:00 local standard time, also at +05:45 and -03:30."""
    for zone in ("Asia/Kathmandu", "America/St_Johns", "Europe/Berlin", "Australia/Lord_Howe"):
        first = datetime(2020, 1, 1, tzinfo=UTC) - timedelta(minutes=lock_in(zone).offset_minutes)
        assert lock_in(zone).hour(first) == 0
        assert lock_in(zone).hour(first - SECOND) == -1
        assert lock_in(zone).hour_begins(0) == first


@given(zone=zones, hour=st.integers(0, 400_000))
def test_an_hour_begins_when_it_begins(lock_in: LockIn, zone: str, hour: int) -> None:
    """hour_begins is the first instant of its hour."""
    lock_time = lock_in(zone)
    begins = lock_time.hour_begins(hour)
    assert lock_time.hour(begins) == hour
    assert lock_time.hour(begins - timedelta(microseconds=1)) == hour - 1


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"])
def test_odd_offsets_have_codes_on_the_local_hour(lock_in: LockIn, zone: str) -> None:
    """At +05:45, -03:30 and +12:45 an hourly window begins when the wall shows a full hour."""
    begins = lock_in(zone).hour_begins(lock_in(zone).hour(at("2026-07-10T09:00", zone)))
    assert begins == at("2026-07-10T09:00", zone)


def test_hours_do_not_move_with_the_clocks(lock_in: LockIn) -> None:
    """A one-hour code each for the two 02:00s of the autumn night, and none for the spring gap."""
    berlin = lock_in("Europe/Berlin")
    first, second = (at("2026-10-25T02:00", "Europe/Berlin", fold) for fold in (0, 1))
    assert berlin.hour(second) == berlin.hour(first) + 1
    before, after = at("2026-03-29T01:00", "Europe/Berlin"), at("2026-03-29T03:00", "Europe/Berlin")
    assert berlin.hour(after) == berlin.hour(before) + 1


def test_dublin_counts_in_winter_time_whatever_the_database_calls_standard(lock_in: LockIn) -> None:
    """Offset 0 for Dublin, where the zone database has daylight saving of minus one hour."""
    assert lock_in("Europe/Dublin").offset_minutes == 0
    summer, winter = (
        at("2026-07-01T12:00", "Europe/Dublin"),
        at("2026-01-10T12:00", "Europe/Dublin"),
    )
    assert winter.dst() in (timedelta(0), -HOUR)
    assert lock_in("Europe/Dublin").hour(summer) % 24 == 11
    assert lock_in("Europe/Dublin").hour(winter) % 24 == 12


def test_the_fixed_offset_is_frozen_against_the_law() -> None:
    """Samoa gave up summer time: 2020 and 2026 differ, so the year of provisioning matters.

    Turkey, Morocco and others changed too. The lock keeps the number it was given.
    """
    assert fixed_offset(ZoneInfo("Pacific/Apia"), 2020) == 13 * 60
    assert fixed_offset(ZoneInfo("Asia/Amman"), 2020) == 2 * 60
    assert fixed_offset(ZoneInfo("Asia/Amman"), 2026) == 3 * 60


@given(zone=zones, year=st.integers(2020, 2060))
def test_the_fixed_offset_is_the_smaller(zone: str, year: int) -> None:
    """In January and July no zone is behind its fixed offset or more than two hours ahead."""
    offset = timedelta(minutes=fixed_offset(ZoneInfo(zone), year))
    for month in (1, 7):
        ahead = datetime(year, month, 1, tzinfo=ZoneInfo(zone)).utcoffset()
        assert ahead is not None
        assert timedelta(0) <= ahead - offset <= 2 * HOUR


@pytest.mark.parametrize(
    ("zone", "start", "days", "opens", "closes"),
    [
        # Over the night clocks go forward, and over the night they go back.
        ("Europe/Berlin", "2026-03-01", 40, "2026-03-01T07:00Z", "2026-04-10T18:00Z"),
        ("Europe/Berlin", "2026-10-01", 40, "2026-10-01T06:00Z", "2026-11-10T19:00Z"),
        ("America/New_York", "2026-02-20", 33, "2026-02-20T13:00Z", "2026-03-26T00:00Z"),
        ("Australia/Sydney", "2026-03-20", 33, "2026-03-19T21:00Z", "2026-04-22T10:00Z"),
        ("Australia/Sydney", "2026-09-20", 33, "2026-09-19T22:00Z", "2026-10-23T09:00Z"),
        ("Australia/Lord_Howe", "2026-03-20", 33, "2026-03-19T21:00Z", "2026-04-22T09:30Z"),
        ("Europe/Dublin", "2026-03-20", 33, "2026-03-20T08:00Z", "2026-04-22T19:00Z"),
        # On the very day of a change.
        ("Europe/Berlin", "2026-03-29", 33, "2026-03-29T06:00Z", "2026-05-01T18:00Z"),
        ("Europe/Berlin", "2026-09-22", 33, "2026-09-22T06:00Z", "2026-10-25T19:00Z"),
        # No changes; leap day; New Year.
        ("Asia/Kathmandu", "2026-03-01", 40, "2026-03-01T02:15Z", "2026-04-10T14:15Z"),
        ("UTC", "2028-02-29", 366 - 1, "2028-02-29T08:00Z", "2029-02-28T20:00Z"),
        ("UTC", "2026-12-01", 33, "2026-12-01T08:00Z", "2027-01-03T20:00Z"),
    ],
)
def test_days_open_at_eight_and_close_at_twenty_on_the_wall(
    lock_in: LockIn, zone: str, start: str, days: int, opens: str, closes: str
) -> None:
    """A daily window keeps wall time on both sides of a change of clocks."""
    window = Daily(day_of(start), days)
    lock_time = lock_in(zone)
    assert lock_time.opens(window) == datetime.fromisoformat(opens)
    assert lock_time.closes(window) == datetime.fromisoformat(closes)


@settings(max_examples=300)
@given(zone=zones, now=moments, back=st.integers(0, 366), days=st.integers(33, 365))
def test_the_wall_comparison_is_the_instants_for_days(
    lock_in: LockIn, zone: str, now: datetime, back: int, days: int
) -> None:
    """What a lock decides by wall clocks is what the server shows as instants, in every zone."""
    lock_time = lock_in(zone)
    day, _ = lock_time.wall(now)
    window = Daily(max(0, day - back), days)
    opens, closes = lock_time.opens(window), lock_time.closes(window)
    for moment in (now, opens, opens - SECOND, closes, closes - SECOND):
        assert lock_time.is_open(window, moment) == (opens <= moment < closes)


@given(zone=zones, now=moments, back=st.integers(0, 770), hours=st.integers(1, 768))
def test_the_hour_comparison_is_the_instants_for_hours(
    lock_in: LockIn, zone: str, now: datetime, back: int, hours: int
) -> None:
    """Open from the first instant of the first hour to the last of the last, and not at the end."""
    lock_time = lock_in(zone)
    window = Hourly(max(0, lock_time.hour(now) - back), hours)
    opens, closes = lock_time.opens(window), lock_time.closes(window)
    assert closes - opens == hours * HOUR
    for moment in (now, opens, opens - SECOND, closes, closes - SECOND):
        assert lock_time.is_open(window, moment) == (opens <= moment < closes)


@given(zone=zones, now=moments)
def test_an_open_window_began_in_this_epoch_or_the_last(
    lock_in: LockIn, zone: str, now: datetime
) -> None:
    """Two decryptions suffice: no window still open began two epochs ago or begins in the next."""
    lock_time = lock_in(zone)
    code_epoch = lock_time.code_epoch(now)
    windows = [
        Hourly(start, 768)
        for start in (max(0, (code_epoch - 1) * 8784 - 1), (code_epoch + 1) * 8784)
    ]
    windows_of_days = [
        Daily(start, 365) for start in (max(0, (code_epoch - 1) * 366 - 1), (code_epoch + 1) * 366)
    ]
    both: list[Window] = [*windows, *windows_of_days]
    for window in both:
        if window.code_epoch not in (code_epoch, code_epoch - 1):
            assert not lock_time.is_open(window, now)


@pytest.mark.parametrize(
    ("offset_minutes", "zone", "keeps"),
    [
        (60, "Europe/Berlin", True),
        (60, "Asia/Tokyo", False),  # +09:00: eight hours, to the minute
        (61, "Asia/Tokyo", True),
        (60, "America/Los_Angeles", False),
        (60, "America/New_York", True),
        (60, "Pacific/Auckland", False),
    ],
)
def test_days_are_kept_within_eight_hours_of_the_fixed_offset(
    offset_minutes: int, zone: str, keeps: bool
) -> None:
    """Ahead and behind."""
    winter = Daily(day_of("2026-11-10"), 40)
    assert LockTime(offset_minutes, ZoneInfo(zone)).keeps_days(winter) is keeps


def test_every_day_of_a_window_has_to_keep() -> None:
    """London from seven hours behind: eight from the last Sunday of March on, whenever it begins."""
    lock_time = LockTime(-7 * 60, ZoneInfo("Europe/London"))
    day = day_of("2027-03-28")
    assert lock_time.keeps_days(Daily(day - 34, 33))
    assert not lock_time.keeps_days(Daily(day - 33, 33))
    assert not lock_time.keeps_days(Daily(day - 33, 365))


@settings(max_examples=300)
@given(
    minutes=st.integers(-720, 840),
    zone=zones,
    code_epoch=st.integers(1, 30),
    near=st.integers(-2, 2),
    days=st.integers(33, 365),
)
def test_what_keeps_its_days_is_found_by_a_lock_from_its_first_moment_to_its_last(
    minutes: int, zone: str, code_epoch: int, near: int, days: int
) -> None:
    """The epoch of a window is that of each of its moments, or the one before: also at an epoch's edge."""
    lock_time, window = LockTime(minutes, ZoneInfo(zone)), Daily(code_epoch * 366 + near, days)
    if not lock_time.keeps_days(window):
        return
    first, last = lock_time.opens(window), lock_time.closes(window) - SECOND
    assert lock_time.code_epoch(first) == window.code_epoch
    assert lock_time.code_epoch(last) in {window.code_epoch, window.code_epoch + 1}


def test_farther_off_a_lock_looks_in_the_wrong_epoch_for_four_hours() -> None:
    """Why it is refused: +01:00 in Auckland, on the first day of an epoch."""
    lock_time, codec = LockTime(60, ZoneInfo("Pacific/Auckland")), Codec(bytes(32))
    window = Daily(7 * 366, 40)
    code, opens = codec.encode(Reading(window, 0)), lock_time.opens(window)
    assert not codec.open_readings(code, opens + 3 * HOUR, lock_time)
    assert codec.open_readings(code, opens + 4 * HOUR, lock_time)


def test_naive_moments_are_refused(lock_in: LockIn) -> None:
    """A datetime without a zone is a bug and never guessed at."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    for window in (Hourly(60_000, 5), Daily(2500, 40)):
        with pytest.raises(ValueError, match="aware"):
            lock_in("UTC").is_open(window, naive)


def test_offsets_have_limits() -> None:
    """-12:00 to +14:00; minutes taken for seconds are caught here."""
    for minutes in (-721, 841, 3600):
        with pytest.raises(ValueError, match="offset"):
            LockTime(minutes, ZoneInfo("UTC"))


def test_the_activation_rule_kills_what_was_not_used_in_its_first_day(lock_in: LockIn) -> None:
    """Unused: alive until 24 hours after the start. Used within them: alive. Used later: dead."""
    berlin = lock_in("Europe/Berlin")
    window = Hourly(60_000, 100)
    start = berlin.opens(window)

    def alive(first_used: datetime | None, now: datetime) -> bool:
        return survives_activation(window, first_used=first_used, now=now, lock_time=berlin)

    assert alive(None, start)
    assert alive(None, start + DAY - SECOND)
    assert not alive(None, start + DAY)
    assert alive(start + DAY - SECOND, start + 3 * DAY)
    assert alive(start, start + 3 * DAY)
    assert not alive(start + DAY, start + 3 * DAY)
    assert not alive(start - SECOND, start + 3 * DAY), "a use of the same digits in another epoch"


@pytest.mark.parametrize(
    ("start", "hours"), [("2026-03-28", 23), ("2026-10-24", 25), ("2026-06-01", 24)]
)
def test_a_day_of_activation_ends_at_eight_on_the_wall(
    lock_in: LockIn, start: str, hours: int
) -> None:
    """A daily code must be used before 08:00 of the next day, also over a change of clocks."""
    berlin = lock_in("Europe/Berlin")
    window = Daily(day_of(start), 40)
    assert berlin.activation_deadline(window) - berlin.opens(window) == hours * HOUR
