"""From what somebody asks for to a window: exact, widened and said so, or refused with the nearest.

Unless a test says otherwise, now is 2026-05-01T09:10 on the wall.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from smartpin import (
    Daily,
    Hourly,
    InvalidWindow,
    LockTime,
    WindowFault,
    fit,
)
from tests.smartpin.asking import HOUR, NOW, ask, at, refused, spans

LockIn = Callable[[str], LockTime]


# ---- what is taken as it is ----------------------------------------------------------------------


def test_full_hours_make_an_hourly_window() -> None:
    """46 hours over a weekend: the edges as asked for, nothing widened."""
    effective = ask("2026-05-01T14:00", "2026-05-03T12:00")
    assert isinstance(effective.window, Hourly)
    assert effective.window.hours == 46
    assert effective.opens == at("2026-05-01T14:00", "Europe/Berlin")
    assert effective.closes == at("2026-05-03T12:00", "Europe/Berlin")
    assert effective.activate_by == at("2026-05-02T14:00", "Europe/Berlin")
    assert not effective.widened


def test_768_hours_are_hourly_even_from_eight_to_eight() -> None:
    """32 days are the longest hourly window."""
    effective = ask("2026-06-01T08:00", "2026-07-03T08:00")
    assert effective.window == Hourly(effective.window.start, 768)


def test_33_days_from_eight_to_twenty_are_daily_and_not_widened() -> None:
    """The shortest daily window, and the longest."""
    for end, days in (("2026-07-04T20:00", 33), ("2027-06-01T20:00", 365)):
        effective = ask("2026-06-01T08:00", end)
        assert effective.window == Daily(effective.window.start, days)
        assert not effective.widened


def test_a_start_in_the_current_hour_is_allowed() -> None:
    """At 09:10 the hour from 09:00 can still be given out; at 10:00 no more."""
    assert ask("2026-05-01T09:00", "2026-05-01T10:00").window.variants == 768
    assert refused("2026-05-01T09:00", "2026-05-01T11:00", now="2026-05-01T10:00").fault is (
        WindowFault.STARTED
    )


def test_a_daily_start_on_the_current_day_is_allowed() -> None:
    """The daily form has no hours: at 09:10 one from 08:00 today has begun, and is not past."""
    assert not ask("2026-05-01T08:00", "2026-07-01T20:00").widened
    assert refused("2026-04-30T08:00", "2026-07-01T20:00").fault is WindowFault.STARTED
    early = ask("2026-04-30T08:00", "2026-07-01T20:00", now="2026-05-01T07:59")
    assert not early.widened, "before 08:00 the day that began yesterday still runs"


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("Asia/Kathmandu", "2026-07-10T09:00", "2026-07-11T09:00"),
        ("America/St_Johns", "2026-07-10T09:00", "2026-07-11T09:00"),
        ("Pacific/Chatham", "2026-12-31T22:00", "2027-01-01T02:00"),
        ("America/New_York", "2028-02-28T22:00", "2028-03-01T02:00"),
    ],
)
def test_odd_zones_leap_days_and_new_year_are_nothing_special(
    zone: str, start: str, end: str
) -> None:
    """Full hours on the wall are full hours of the lock; 29 February is a day like any other."""
    now = "2028-02-01T00:00" if start.startswith("2028") else NOW
    effective = ask(start, end, zone, now)
    assert isinstance(effective.window, Hourly)
    assert not effective.widened
    assert effective.opens == at(start, zone)
    assert effective.closes == at(end, zone)


# ---- the nights on which clocks move -------------------------------------------------------------


def test_the_short_night_has_fewer_hours() -> None:
    """Midnight to 06:00 is five hours in spring and seven in autumn, and the edges hold."""
    for day, hours in (("2027-03-28", 5), ("2026-10-25", 7)):
        effective = ask(f"{day}T00:00", f"{day}T06:00")
        assert effective.window == Hourly(effective.window.start, hours)
        assert effective.closes == at(f"{day}T06:00", "Europe/Berlin")


def test_the_hour_that_happens_twice_is_two_hours(lock_in: LockIn) -> None:
    """The first 02:00 and the second are different starts."""
    first, second, end = (
        at("2026-10-25T02:00", "Europe/Berlin"),
        at("2026-10-25T02:00", "Europe/Berlin", fold=1),
        at("2026-10-25T03:00", "Europe/Berlin"),
    )
    now, berlin = at(NOW, "Europe/Berlin"), lock_in("Europe/Berlin")
    assert fit(first, second, now=now, lock_time=berlin).window.variants == 768
    whole = fit(first, end, now=now, lock_time=berlin).window
    assert whole == Hourly(whole.start, 2)


def test_32_days_over_the_autumn_change_are_769_hours() -> None:
    """Refused, and the nearest are an hour less at either end."""
    refusal = refused("2026-10-01T10:00", "2026-11-02T10:00")
    assert refusal.fault is WindowFault.BETWEEN_FORMS
    assert spans(refusal)[:2] == [
        ("2026-10-01T10:00", "2026-11-02T09:00"),
        ("2026-10-01T11:00", "2026-11-02T10:00"),
    ]


def test_in_half_hour_summer_time_edges_are_widened_to_the_hour() -> None:
    """10:00 to 12:00 at +11:00 is 09:30 to 11:30 at the lock's +10:30: three hours, and said so."""
    effective = ask(
        "2027-01-10T10:00", "2027-01-10T12:00", "Australia/Lord_Howe", "2027-01-01T09:00"
    )
    assert effective.window == Hourly(effective.window.start, 3)
    assert effective.widened
    assert effective.opens_early_by == effective.closes_late_by == timedelta(minutes=30)


def test_in_half_hour_summer_time_the_half_hour_is_exact() -> None:
    """10:30 there is on the lock's hour, and is taken as it is."""
    effective = ask(
        "2027-01-10T10:30", "2027-01-10T12:30", "Australia/Lord_Howe", "2027-01-01T09:00"
    )
    assert effective.window == Hourly(effective.window.start, 2)
    assert not effective.widened


@pytest.mark.parametrize("minute", ["00", "15", "30", "45", "59:59"])
def test_in_half_hour_summer_time_the_running_hour_may_be_given_out(minute: str) -> None:
    """From 09:00 on the wall, in the first half of that hour and in the second: widened to 08:30.

    The hour before it has ended, and at 10:00 this one has."""
    lord_howe, end = "Australia/Lord_Howe", "2027-01-10T12:00"
    now = f"2027-01-10T09:{minute}"
    effective = ask("2027-01-10T09:00", end, lord_howe, now)
    assert effective.opens == at("2027-01-10T08:30", lord_howe)
    assert effective.opens_early_by == timedelta(minutes=30)
    assert refused("2027-01-10T08:00", end, lord_howe, now).fault is WindowFault.STARTED
    later = refused("2027-01-10T09:00", end, lord_howe, "2027-01-10T10:00")
    assert later.fault is WindowFault.STARTED


def test_half_an_hour_is_less_than_an_hour_there_too() -> None:
    """10:00 to 10:30 is refused although it would widen to a full hour."""
    refusal = refused(
        "2027-01-10T10:00", "2027-01-10T10:30", "Australia/Lord_Howe", "2027-01-01T09:00"
    )
    assert refusal.fault is WindowFault.TOO_SHORT


def test_768_hours_that_widen_to_769_are_refused() -> None:
    """32 days inside half-hour summer time, from full hour to full hour, do not fit."""
    refusal = refused(
        "2027-01-01T10:00", "2027-02-02T10:00", "Australia/Lord_Howe", "2026-12-01T09:00"
    )
    assert refusal.fault is WindowFault.BETWEEN_FORMS
    assert spans(refusal, "Australia/Lord_Howe")[0] == ("2027-01-01T09:30", "2027-02-02T09:30")


# ---- what is widened -----------------------------------------------------------------------------


def test_long_windows_go_back_to_eight_and_on_to_twenty() -> None:
    """Two months from 14:00 to 11:00: from 08:00 that day to 20:00 that day, and by how much."""
    effective = ask("2026-06-01T14:00", "2026-08-01T11:00")
    assert effective.window == Daily(effective.window.start, 61)
    assert effective.opens == at("2026-06-01T08:00", "Europe/Berlin")
    assert effective.closes == at("2026-08-01T20:00", "Europe/Berlin")
    assert (effective.opens_early_by, effective.closes_late_by) == (6 * HOUR, 9 * HOUR)
    assert effective.activate_by == at("2026-06-02T08:00", "Europe/Berlin")


def test_a_start_before_eight_belongs_to_the_day_before() -> None:
    """A guest who was promised 06:00 is never left outside until 08:00; nor sent off at 20:00."""
    effective = ask("2026-06-01T06:00", "2026-08-01T22:00")
    assert effective.opens == at("2026-05-31T08:00", "Europe/Berlin")
    assert effective.closes == at("2026-08-02T20:00", "Europe/Berlin")


def test_769_hours_can_be_daily_if_they_touch_34_days() -> None:
    """From 06:00 to 07:00 32 days on: widened to 33 days by date."""
    effective = ask("2026-06-01T06:00", "2026-07-03T07:00")
    assert effective.window == Daily(effective.window.start, 33)
    assert effective.widened


def test_naive_datetimes_and_a_clock_before_2020_are_bugs(lock_in: LockIn) -> None:
    """Not somebody's input: ValueError."""
    good, naive = at("2026-05-02T10:00", "UTC"), datetime(2026, 5, 2, 11)  # noqa: DTZ001
    utc = lock_in("UTC")
    for start, end, now in ((naive, good, good), (good, naive, good), (good, good, naive)):
        with pytest.raises(ValueError, match="aware"):
            fit(start, end, now=now, lock_time=utc)
    with pytest.raises(ValueError, match="2020"):
        fit(good, good + HOUR, now=datetime(2019, 12, 31, 23, tzinfo=UTC), lock_time=utc)


def test_the_first_hours_of_the_format_work(lock_in: LockIn) -> None:
    """At 2020-01-01T00:10 an hourly window begins at hour 0; no daily one begins in 2019."""
    now = datetime(2020, 1, 1, 0, 10, tzinfo=UTC)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    assert fit(start, start + HOUR, now=now, lock_time=lock_in("UTC")).window == Hourly(0, 1)
    with pytest.raises(InvalidWindow) as refusal:
        fit(start, start + 60 * 24 * HOUR, now=now, lock_time=lock_in("UTC"))
    assert refusal.value.fault is WindowFault.STARTED
