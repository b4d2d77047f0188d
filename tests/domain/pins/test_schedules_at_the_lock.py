"""From a schedule as asked for, through row, entry, delivery and firmware, to the door: as the slow oracle says."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access.schedule import Schedule
from domain.link.schedules import schedule_from_wire, schedule_to_wire
from domain.pins.tables import Pin
from domain.schedules.columns import schedule_columns
from locksim.signals import Signal
from tests.domain.access.oracle import opens, schedules_near, zones_and_moments
from tests.locksim.bench import Bench

DIGITS = "49172638"


@st.composite
def cases(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, list[Schedule]]:
    """A zone, a moment in it, and some schedules that begin and end near to it."""
    zone, now = draw(zones_and_moments())
    dated = schedules_near(now).filter(
        lambda each: not isinstance(each.valid_from or each.valid_until, datetime)
    )
    return zone, now, draw(st.lists(dated, min_size=1, max_size=3))


def stored(schedule: Schedule) -> Schedule:
    """As a PIN's row gives it back, and as it goes over the wire."""
    row = Pin(**schedule_columns(schedule)).schedule()
    return schedule_from_wire(schedule_to_wire(row), "schedule")


@given(cases())
@settings(max_examples=150, deadline=None)
def test_a_door_opens_when_the_oracle_says_so(
    case: tuple[ZoneInfo, datetime, list[Schedule]],
) -> None:
    """At any moment, in any zone, near every clock change; with several schedules when one of them opens."""
    zone, now, schedules = case
    bench = Bench(battery=now)
    pen = bench.pen
    bench.hold(pen.settings(zone=zone.key), pen.pin("pin", DIGITS, *map(stored, schedules)))

    shown = bench.type(DIGITS)

    wanted = any(
        opens(schedule, zone, now.replace(microsecond=now.microsecond // 1000 * 1000))
        for schedule in schedules
    )
    assert shown is (Signal.GRANTED if wanted else Signal.DENIED)


@given(zones_and_moments().flatmap(lambda case: schedules_near(case[1])))
@settings(max_examples=200, deadline=None)
def test_a_row_gives_back_the_schedule_that_was_asked_for(schedule: Schedule) -> None:
    """Nothing is lost or widened between the input and the entry."""
    bounds = (schedule.valid_from, schedule.valid_until)
    if not any(isinstance(bound, datetime) for bound in bounds):
        assert stored(schedule) == schedule
