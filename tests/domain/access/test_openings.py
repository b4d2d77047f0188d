"""When it opens next and when that changes, against the decision itself, asked minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access.decision import Granted, decide
from domain.access.openings import FIRST_MOMENT, LAST_MOMENT, next_change, next_opening
from domain.access.schedule import ALWAYS, Schedule, Slot, Weekday
from tests.domain.access import oracle


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_changes_before_the_next_change_and_then_it_does(data: st.DataObject) -> None:
    """Proves on changes of clocks, in zones of half and quarter hours: between `at` and the moment told the decision is
    the same at each quarter of an hour, at that moment it is the other one, and just before it is not yet."""
    zone, moment = data.draw(oracle.zones_and_moments())
    schedules = data.draw(st.lists(oracle.schedules_near(moment), max_size=3))
    before = isinstance(decide(schedules, zone, moment), Granted)
    told = next_change(schedules, zone, moment)
    horizon = moment + timedelta(days=5)
    step = moment
    while step < min(told or horizon, horizon):
        assert isinstance(decide(schedules, zone, step), Granted) == before, step
        step += timedelta(minutes=15)
    if told is not None:
        assert told > moment
        assert isinstance(decide(schedules, zone, told), Granted) != before
        last = max(moment, told - timedelta(microseconds=1))
        assert isinstance(decide(schedules, zone, last), Granted) == before
        assert next_opening(schedules, zone, moment) == (moment if before else told)
    assert next_opening([], zone, moment) is None


@pytest.mark.parametrize(
    ("schedule", "zone", "moment", "opens"),
    [
        # 29 February is looked for only as a first day: a date far ahead is gone to at once.
        (Schedule(date(2028, 2, 29), date(2028, 2, 29)), "UTC", "2026-03-01T00:00+00:00", "2028-02-29T00:00+00:00"),
        # The last week that the calendar has, and the first.
        (Schedule(weekdays=frozenset({Weekday.MONDAY})), "UTC", "9999-12-21T00:00+00:00", "9999-12-27T00:00+00:00"),
        (Schedule(weekdays=frozenset({Weekday.MONDAY})), "Asia/Kathmandu", "0001-01-04T00:00+00:00",
         "0001-01-07T18:18:44+00:00"),
        (Schedule(weekdays=frozenset({Weekday.FRIDAY})), "UTC", "9999-12-26T00:00+00:00", None),
        (Schedule(date(9999, 12, 31)), "UTC", "2026-01-01T00:00+00:00", None),
        (Schedule(datetime(9999, 12, 30, tzinfo=UTC)), "UTC", "2026-01-01T00:00+00:00", None),
        # The slot from 02:00 to 03:00 is skipped with the clocks, so the one a week later is next.
        (Schedule(slot=Slot(time(2), time(3)), weekdays=frozenset({Weekday.SUNDAY})), "Europe/Berlin",
         "2026-03-29T00:00+00:00", "2026-04-05T00:00+00:00"),
        # Midnight itself is skipped; a slot over midnight belongs to its eve.
        (Schedule(slot=Slot(time(0), time(1))), "America/Sao_Paulo", "2018-11-03T12:00+00:00", "2018-11-05T02:00+00:00"),
        (Schedule(valid_until=date(2026, 5, 1), slot=Slot(time(22), time(6))), "Europe/Berlin",
         "2026-05-02T05:00+00:00", None),
        (Schedule(weekdays=frozenset({Weekday.MONDAY})), "Asia/Kathmandu", "2026-05-02T00:00+00:00",
         "2026-05-03T18:15+00:00"),
        # A day that Apia never had.
        (Schedule(date(2011, 12, 30), date(2011, 12, 30)), "Pacific/Apia", "2011-12-01T00:00+00:00", None),
        (Schedule(valid_until=datetime(2026, 5, 1, tzinfo=UTC)), "UTC", "2026-05-01T00:00+00:00", None),
    ],
)  # fmt: skip
def test_the_next_opening(schedule: Schedule, zone: str, moment: str, opens: str | None) -> None:
    """Proves the cases that a walk of minutes would not reach."""
    found = next_opening([schedule], ZoneInfo(zone), at(moment))
    assert found == (at(opens) if opens else None)


MORNINGS, EVENINGS = Slot(time(0), time(12)), Slot(time(12), time(0))


@pytest.mark.parametrize(
    ("schedules", "zone", "moment", "closes"),
    [
        ([ALWAYS], "UTC", "2026-05-01T00:00+00:00", None),
        # Two halves of the day take over from each other, until one of them ends: within a year that is found.
        ([Schedule(slot=MORNINGS), Schedule(slot=EVENINGS)], "Europe/Berlin", "2026-05-01T00:00+00:00", None),
        ([Schedule(slot=MORNINGS), Schedule(valid_until=date(2027, 4, 1), slot=EVENINGS)], "UTC",
         "2026-05-01T00:00+00:00", "2027-04-02T12:00+00:00"),
        ([Schedule(slot=MORNINGS), Schedule(valid_until=date(2090, 1, 1), slot=EVENINGS)], "UTC",
         "2026-05-01T00:00+00:00", None),
        # One that ends on the way takes its hours along a day later.
        ([Schedule(slot=MORNINGS), Schedule(slot=EVENINGS, valid_until=date(2026, 5, 14))], "UTC",
         "2026-05-01T00:00+00:00", "2026-05-15T12:00+00:00"),
        ([Schedule(valid_until=date(9999, 12, 31))], "UTC", "2026-05-01T00:00+00:00", None),
        ([Schedule(valid_until=date(2011, 12, 30))], "Pacific/Apia", "2011-01-01T00:00+00:00", "2011-12-30T10:00+00:00"),
        ([Schedule(valid_until=datetime(2077, 1, 1, 5, tzinfo=UTC))], "UTC", "2026-05-01T00:00+00:00",
         "2077-01-01T05:00+00:00"),
        # Every quarter of an hour another one: after five hundred of them nobody is helped by the end.
        ([Schedule(slot=Slot(time(each // 4, each % 4 * 15), time((each + 1) % 96 // 4, (each + 1) % 4 * 15)))
          for each in range(96)], "UTC", "2026-05-01T00:00+00:00", None),
        # St. John's put its clocks back at one minute past midnight: the last day ends twice, and the first time counts.
        ([Schedule(valid_until=date(2006, 10, 28))], "America/St_Johns", "2006-10-01T00:00+00:00",
         "2006-10-29T02:30+00:00"),
    ],
)  # fmt: skip
def test_the_next_closing(
    schedules: list[Schedule], zone: str, moment: str, closes: str | None
) -> None:
    """Proves that ends far ahead are found, and that what never ends is told as such."""
    found = next_change(schedules, ZoneInfo(zone), at(moment))
    assert found == (at(closes) if closes else None)


def test_the_ends_of_the_calendar_are_no_trap() -> None:
    """Proves that every zone answers at both ends, for a schedule of every shape, and that no answer lies beyond."""
    shapes = [
        ALWAYS,
        Schedule(slot=Slot(time(22), time(6))),
        Schedule(date.min, date.max, Slot(time(6), time(22)), frozenset({Weekday.SUNDAY})),
    ]
    for zone in oracle.ZONES:
        for shape in shapes:
            for moment in (FIRST_MOMENT, LAST_MOMENT):
                for found in (
                    next_opening([shape], zone, moment),
                    next_change([shape], zone, moment),
                ):
                    assert found is None or moment <= found <= LAST_MOMENT
