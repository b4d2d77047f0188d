"""What is asked for and cannot be: refused by name, with the nearest that could."""

import pytest

from smartpin import (
    WindowFault,
)
from tests.smartpin.asking import ask, refused, spans


def test_off_the_hour_is_refused_with_the_hours_beside_it() -> None:
    """10:20 is refused with 10:00 and 11:00; seconds and microseconds are off the hour too."""
    refusal = refused("2026-05-01T10:20", "2026-05-03T12:00")
    assert refusal.fault is WindowFault.OFF_THE_HOUR
    assert spans(refusal)[:2] == [
        ("2026-05-01T10:00", "2026-05-03T12:00"),
        ("2026-05-01T11:00", "2026-05-03T12:00"),
    ]
    for edge in ("10:00:01", "10:00:00.000001"):
        assert refused(f"2026-05-01T{edge}", "2026-05-03T12:00").fault is WindowFault.OFF_THE_HOUR
    assert refused("2026-05-01T10:00", "2026-05-03T12:30").fault is WindowFault.OFF_THE_HOUR


@pytest.mark.parametrize("end", ["2026-05-02T10:00", "2026-05-02T09:00", "2026-05-01T12:00"])
def test_no_time_or_less_is_refused(end: str) -> None:
    """Zero hours, and ends before the start."""
    assert refused("2026-05-02T10:00", end).fault is WindowFault.TOO_SHORT


def test_zero_hours_are_refused_with_the_hour_before_and_after() -> None:
    """One hour is the least."""
    assert spans(refused("2026-05-02T10:00", "2026-05-02T10:00"))[:2] == [
        ("2026-05-02T09:00", "2026-05-02T10:00"),
        ("2026-05-02T10:00", "2026-05-02T11:00"),
    ]


def test_an_end_in_the_past_is_refused() -> None:
    """Also one that is now: a window is closed at its end."""
    assert refused("2026-04-01T10:00", "2026-04-02T10:00").fault is WindowFault.ENDED
    refusal = refused("2026-05-01T08:00", "2026-05-01T10:00", now="2026-05-01T10:00")
    assert refusal.fault is WindowFault.ENDED


def test_a_start_in_the_past_is_refused_with_the_current_hour() -> None:
    """From 05:00 to 12:00 at 09:10: from 09:00 would do."""
    refusal = refused("2026-05-01T05:00", "2026-05-01T12:00")
    assert refusal.fault is WindowFault.STARTED
    assert spans(refusal)[0] == ("2026-05-01T09:00", "2026-05-01T12:00")


@pytest.mark.parametrize(
    ("start", "end", "nearest"),
    [
        ("2026-06-01T10:00", "2026-07-03T11:00", ("2026-06-01T10:00", "2026-07-03T10:00")),
        ("2026-06-01T08:00", "2026-07-03T20:00", ("2026-06-01T08:00", "2026-07-03T08:00")),
        ("2026-06-01T08:00", "2026-07-03T09:00", ("2026-06-01T08:00", "2026-07-03T08:00")),
    ],
)
def test_between_the_forms_is_refused(start: str, end: str, nearest: tuple[str, str]) -> None:
    """769 hours and 32.5 days that cannot be daily: the nearest are 768 hours."""
    refusal = refused(start, end)
    assert refusal.fault is WindowFault.BETWEEN_FORMS
    assert spans(refusal)[0] == nearest


def test_beyond_365_days_is_refused() -> None:
    """366 days: a day less, at either end; and a hundred years the same."""
    refusal = refused("2026-06-01T08:00", "2027-06-02T20:00")
    assert refusal.fault is WindowFault.TOO_LONG
    assert spans(refusal)[:2] == [
        ("2026-06-01T08:00", "2027-06-01T20:00"),
        ("2026-06-02T08:00", "2027-06-02T20:00"),
    ]
    assert refused("2026-06-01T08:00", "2126-06-02T20:00").fault is WindowFault.TOO_LONG


def test_a_refusal_for_length_says_how_many_days_apart_the_dates_are() -> None:
    """365 days from 07:00 to 07:00 begin on the morning before: 366. Of a century it is not said."""
    assert refused("2026-06-01T07:00", "2027-06-01T07:00").days == 366
    assert refused("2026-06-01T08:00", "2026-07-03T20:00").days == 32
    assert refused("2026-06-01T08:00", "2126-06-02T20:00").days is None
    assert refused("2026-06-01T08:30", "2027-06-01T20:00").days is None


def test_365_days_that_widen_to_366_are_refused() -> None:
    """A calendar year from midnight to midnight touches 366 mornings."""
    refusal = refused("2027-01-01T00:00", "2028-01-01T00:00")
    assert refusal.fault is WindowFault.TOO_LONG
    assert spans(refusal)[0] == ("2027-01-01T08:00", "2027-12-31T20:00")


def test_beyond_the_next_epoch_is_refused() -> None:
    """A code that the keypad could not block yet is not made. Epoch 7 ends with 2028-01-06."""
    assert ask("2028-01-06T23:00", "2028-01-08T10:00").window.code_epoch == 7
    refusal = refused("2028-01-07T00:00", "2028-01-08T10:00")
    assert refusal.fault is WindowFault.TOO_FAR_AHEAD
    assert spans(refusal)[0] == ("2028-01-06T23:00", "2028-01-08T10:00")


def test_a_refusal_names_the_limits() -> None:
    """1 to 768 hours, 33 to 365 days, 08:00 to 20:00."""
    limits = refused("2026-05-02T10:00", "2026-05-02T10:00").limits
    assert (limits.min_hours, limits.max_hours) == (1, 768)
    assert (limits.min_days, limits.max_days) == (33, 365)
    assert (limits.opens_at.hour, limits.closes_at.hour) == (8, 20)
