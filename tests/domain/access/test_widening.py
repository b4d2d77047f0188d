"""What an update loosens is named, always."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.decision import Granted, check_schedule
from domain.access.schedule import ALWAYS, Schedule, Slot, Weekday
from domain.access.widening import Comparison, compare
from tests.domain.access import oracle

DAY = date(2026, 5, 1)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WORK = frozenset(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}
OFFICE = Slot(time(9), time(17))


def test_an_equal_schedule_is_neither() -> None:
    """Nothing changed, nothing is named."""
    schedule = Schedule(DAY, DAY, OFFICE, WORK)
    assert compare(schedule, schedule) == Comparison(frozenset(), frozenset())


@pytest.mark.parametrize(
    ("field", "narrow", "wide"),
    [
        ("valid_from", Schedule(valid_from=DAY), ALWAYS),
        ("valid_until", Schedule(valid_until=DAY), ALWAYS),
        ("valid_from", Schedule(valid_from=DAY), Schedule(valid_from=DAY - timedelta(days=1))),
        ("valid_until", Schedule(valid_until=NOON), Schedule(valid_until=NOON + timedelta(1))),
        ("slot", Schedule(slot=OFFICE), ALWAYS),
        ("slot", Schedule(slot=OFFICE), Schedule(slot=Slot(time(8), time(17)))),
        ("slot", Schedule(slot=OFFICE), Schedule(slot=Slot(time(9), time(0)))),
        ("slot", Schedule(slot=Slot(time(22), time(2))), Schedule(slot=Slot(time(21), time(6)))),
        ("slot", Schedule(slot=Slot(time(23), time(0))), Schedule(slot=Slot(time(22), time(6)))),
        ("slot", Schedule(slot=Slot(time(22), time(6))), ALWAYS),
        ("weekdays", Schedule(weekdays=WORK), ALWAYS),
    ],
)
def test_a_lifted_limit_is_widened_and_a_new_one_narrowed(
    field: str, narrow: Schedule, wide: Schedule
) -> None:
    """Each pair in both directions; no other field is named."""
    assert compare(narrow, wide) == Comparison(frozenset({field}), frozenset())
    assert compare(wide, narrow) == Comparison(frozenset(), frozenset({field}))


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (Slot(time(9), time(16)), OFFICE),
        (Slot(time(10), time(17)), OFFICE),
        (Slot(time(22), time(5)), Slot(time(22), time(6))),
        (Slot(time(23), time(6)), Slot(time(22), time(6))),
    ],
)
@pytest.mark.parametrize(
    "other",
    [
        ALWAYS,
        Schedule(weekdays=WORK),
        Schedule(valid_until=DAY),
        Schedule(valid_from=DAY),
        Schedule(valid_from=NOON, valid_until=NOON + timedelta(1)),
    ],
)
def test_a_slot_with_one_equal_end_is_judged_by_the_other(
    narrow: Slot, wide: Slot, other: Schedule
) -> None:
    """Where days count and where they do not; the bounds beside it, which are equal, are not named."""
    less, more = replace(other, slot=narrow), replace(other, slot=wide)
    assert compare(less, more) == Comparison(frozenset({"slot"}), frozenset())
    assert compare(more, less) == Comparison(frozenset(), frozenset({"slot"}))


@pytest.mark.parametrize(
    ("bounds", "narrowed"),
    [
        (Schedule(), set()),
        (Schedule(valid_until=NOON), set()),
        (Schedule(valid_from=NOON), set()),
        (Schedule(valid_until=DAY), {"slot"}),
        (Schedule(valid_from=DAY), {"slot"}),
        (Schedule(weekdays=WORK), {"slot"}),
    ],
)
def test_a_morning_that_becomes_a_night_loses_its_morning_where_days_count(
    bounds: Schedule, narrowed: set[str]
) -> None:
    """From 00:00-06:00 to 22:00-06:00: the first day's own morning is left out, if there is a first day.

    Moments bound no days.
    """
    morning, night = Slot(time(0), time(6)), Slot(time(22), time(6))
    change = compare(replace(bounds, slot=morning), replace(bounds, slot=night))
    assert change == Comparison(frozenset({"slot"}), frozenset(narrowed))


def test_days_count_where_either_schedule_has_some() -> None:
    """A night on all days in place of a morning on working days: Monday's morning was Monday's, and is Sunday's."""
    old = Schedule(slot=Slot(time(0), time(6)), weekdays=WORK)
    new = Schedule(slot=Slot(time(22), time(6)))
    assert compare(old, new) == Comparison(frozenset({"slot", "weekdays"}), frozenset({"slot"}))
    assert compare(new, old) == Comparison(frozenset({"slot"}), frozenset({"slot", "weekdays"}))


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("slot", Schedule(slot=OFFICE), Schedule(slot=Slot(time(10), time(18)))),
        ("weekdays", Schedule(weekdays=WORK), Schedule(weekdays=frozenset({Weekday.SUNDAY}))),
        # Friday's night reaches into Saturday; Friday itself does not.
        ("slot", Schedule(slot=Slot(time(22), time(6)), weekdays=WORK), Schedule(weekdays=WORK)),
        ("valid_from", Schedule(valid_from=DAY), Schedule(valid_from=NOON)),
        ("valid_until", Schedule(valid_until=NOON), Schedule(valid_until=DAY)),
    ],
)
def test_what_moves_or_cannot_be_compared_is_both(field: str, old: Schedule, new: Schedule) -> None:
    """A slot that moves opens new hours and shuts old ones; a date beside a moment may."""
    assert compare(old, new) == Comparison(frozenset({field}), frozenset({field}))
    assert compare(new, old) == Comparison(frozenset({field}), frozenset({field}))


@given(oracle.zones_and_moments(), st.data())
def test_whatever_opens_more_is_named_as_widened(
    place: tuple[ZoneInfo, datetime], data: st.DataObject
) -> None:
    """Where the new schedule opens and the old does not, some field is named; and the reverse."""
    zone, now = place
    old = data.draw(oracle.schedules_near(now))
    new = data.draw(oracle.schedules_near(now))
    before = isinstance(check_schedule(old, zone, now), Granted)
    after = isinstance(check_schedule(new, zone, now), Granted)
    widened, narrowed = compare(old, new)
    if after and not before:
        assert widened
    if before and not after:
        assert narrowed
