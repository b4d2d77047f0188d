"""What a schedule refuses to be, and the spans that it opens."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.decision import Granted, check_schedule
from domain.access.schedule import (
    ALWAYS,
    InvalidSchedule,
    Schedule,
    Slot,
    Weekday,
    occurrences,
    still_opens,
)
from tests.domain.access import oracle

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Slot(time(22), time(6))


class TestWhatCannotBeMeant:
    """A schedule that cannot be meant never comes into being; the exception names the field."""

    def test_no_weekday_at_all_is_refused(self) -> None:
        """An empty set of days is an error, not a schedule that never opens."""
        with pytest.raises(InvalidSchedule) as caught:
            Schedule(weekdays=frozenset())
        assert caught.value.field == "weekdays"

    @pytest.mark.parametrize("days", [{Weekday.MONDAY}, ["MONDAY"], frozenset({"MONDAY"})])
    def test_weekdays_are_a_frozen_set_of_weekdays(self, days: object) -> None:
        """Nothing that merely looks like days is taken for them."""
        with pytest.raises(InvalidSchedule, match="weekdays"):
            Schedule(weekdays=days)  # type: ignore[arg-type]

    def test_an_end_before_its_start_is_refused(self) -> None:
        """Neither dates nor moments may run backwards."""
        with pytest.raises(InvalidSchedule, match="valid_until"):
            Schedule(date(2026, 5, 2), date(2026, 5, 1))
        with pytest.raises(InvalidSchedule, match="valid_until"):
            Schedule(datetime(2026, 5, 2, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))

    def test_one_date_is_a_day_but_one_moment_is_nothing(self) -> None:
        """Equal dates are one whole day; equal moments are an empty span and refused."""
        assert Schedule(date(2026, 5, 2), date(2026, 5, 2)).valid_until == date(2026, 5, 2)
        moment = datetime(2026, 5, 2, tzinfo=UTC)
        with pytest.raises(InvalidSchedule, match="valid_until"):
            Schedule(moment, moment)

    def test_a_moment_without_an_offset_is_refused(self) -> None:
        """A naive datetime is ambiguous twice a year, so it is never guessed at."""
        with pytest.raises(InvalidSchedule) as caught:
            Schedule(valid_until=datetime(2026, 5, 2))  # noqa: DTZ001
        assert caught.value.field == "valid_until"

    def test_a_date_and_a_moment_do_not_mix(self) -> None:
        """Bounds of two kinds are refused, since a day and a moment end differently."""
        with pytest.raises(InvalidSchedule, match="one kind"):
            Schedule(date(2026, 5, 1), datetime(2026, 5, 2, tzinfo=UTC))

    def test_a_bound_is_a_date_or_a_moment(self) -> None:
        """Text is not parsed here."""
        with pytest.raises(InvalidSchedule, match="valid_from"):
            Schedule(valid_from="2026-05-01")  # type: ignore[arg-type]

    def test_a_slot_with_equal_ends_is_refused(self) -> None:
        """It could mean the whole day or none of it."""
        with pytest.raises(InvalidSchedule) as caught:
            Slot(time(8), time(8))
        assert caught.value.field == "slot_end"

    def test_a_slot_has_no_zone_of_its_own(self) -> None:
        """The slot is wall time of the site; an offset in it would be a second opinion."""
        with pytest.raises(InvalidSchedule, match="slot_start"):
            Slot(time(8, tzinfo=UTC), time(9))

    def test_a_schedule_holds_a_slot_and_not_a_pair(self) -> None:
        """A tuple of times has not been validated."""
        with pytest.raises(InvalidSchedule, match="slot"):
            Schedule(slot=(time(8), time(9)))  # type: ignore[arg-type]

    def test_a_moment_that_leaves_the_calendar_is_refused(self) -> None:
        """The first moment of year 1 east of Greenwich has no UTC; that is an input error."""
        with pytest.raises(InvalidSchedule, match="valid_from"):
            Schedule(valid_from=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))))


def test_only_the_schedule_without_any_limit_is_unlimited() -> None:
    """A lock without time opens for it; every single limit takes that away."""
    assert Schedule().unlimited
    assert ALWAYS.unlimited
    assert not Schedule(valid_from=date(2000, 1, 1)).unlimited
    assert not Schedule(valid_until=date(2100, 1, 1)).unlimited
    assert not Schedule(slot=Slot(time(0), time(23, 59))).unlimited
    assert not Schedule(weekdays=frozenset(Weekday) - {Weekday.SUNDAY}).unlimited


def test_moments_are_compared_as_moments_also_in_one_zone_at_a_fold() -> None:
    """02:30 the second time is after 02:30 the first; Python's own comparison calls them equal."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    schedule = Schedule(first, first.replace(fold=1))
    assert schedule.valid_from == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert schedule.valid_until == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_weekdays_carry_their_names_and_follow_the_calendar() -> None:
    """23 November 2026 is a Monday."""
    week = [Weekday.from_date(date(2026, 11, 23) + timedelta(days=n)) for n in range(7)]
    assert week == list(Weekday)
    assert all(day.value == day.name for day in Weekday)


class TestOccurrences:
    """The spans shown in a calendar are those in which the door opens."""

    def test_a_night_is_one_span_that_belongs_to_its_eve(self) -> None:
        """Friday 22:00 to Saturday 06:00 is shown once, on Friday."""
        friday = date(2026, 11, 27)
        schedule = Schedule(slot=NIGHT, weekdays=frozenset({Weekday.FRIDAY}))
        (night,) = occurrences(schedule, BERLIN, date(2026, 11, 23), date(2026, 11, 29))
        assert night.day == friday
        assert night.opens_at == datetime(2026, 11, 27, 21, tzinfo=UTC)
        assert night.closes_at == datetime(2026, 11, 28, 5, tzinfo=UTC)

    def test_moments_cut_the_spans(self) -> None:
        """A stay from 15:00 to 11:00 opens on its first and last day in part."""
        stay = Schedule(
            datetime(2026, 12, 1, 15, tzinfo=BERLIN),
            datetime(2026, 12, 3, 11, tzinfo=BERLIN),
            Slot(time(6), time(23)),
        )
        spans = list(occurrences(stay, BERLIN, date(2026, 11, 1), date(2026, 12, 31)))
        assert [span.day.day for span in spans] == [1, 2, 3]
        assert spans[0].opens_at == datetime(2026, 12, 1, 14, tzinfo=UTC)
        assert spans[-1].closes_at == datetime(2026, 12, 3, 10, tzinfo=UTC)

    def test_a_slot_that_the_clocks_go_back_into_is_two_spans(self) -> None:
        """01:30 to 02:30 opens, shuts at 02:30, and opens again when 02:00 comes back."""
        schedule = Schedule(slot=Slot(time(1, 30), time(2, 30)))
        spans = list(occurrences(schedule, BERLIN, date(2026, 10, 25), date(2026, 10, 25)))
        walls = [
            (span.opens_at.strftime("%H:%M"), span.closes_at.strftime("%H:%M")) for span in spans
        ]
        assert walls == [("23:30", "00:30"), ("01:00", "01:30")]

    def test_a_slot_that_the_clocks_skip_does_not_occur(self) -> None:
        """02:00 to 03:00 does not exist on the last Sunday of March."""
        schedule = Schedule(slot=Slot(time(2), time(3)))
        assert not list(occurrences(schedule, BERLIN, date(2026, 3, 29), date(2026, 3, 29)))

    @pytest.mark.parametrize(("month", "hours"), [(3, 23), (10, 25)])
    def test_a_day_without_a_slot_is_as_long_as_it_is(self, month: int, hours: int) -> None:
        """The days of the clock changes have 23 and 25 hours."""
        day = date(2026, month, 29 if month == 3 else 25)
        (span,) = occurrences(ALWAYS, BERLIN, day, day)
        assert span.closes_at - span.opens_at == timedelta(hours=hours)

    def test_a_day_that_never_was_does_not_occur(self) -> None:
        """Apia went from 29 to 31 December 2011."""
        apia = ZoneInfo("Pacific/Apia")
        days = [
            o.day.day for o in occurrences(ALWAYS, apia, date(2011, 12, 29), date(2011, 12, 31))
        ]
        assert days == [29, 31]

    def test_ends_within_a_second_are_kept_exactly(self) -> None:
        """Microseconds neither hang the search for the clock change nor move it."""
        slot = Slot(time(1, 59, 59, 900_001), time(3, 0, 0, 5))
        (span,) = occurrences(Schedule(slot=slot), BERLIN, date(2026, 3, 29), date(2026, 3, 29))
        assert span.opens_at == datetime(2026, 3, 29, 0, 59, 59, 900_001, tzinfo=UTC)
        assert span.closes_at == datetime(2026, 3, 29, 1, 0, 0, 5, tzinfo=UTC)

    @pytest.mark.parametrize("microsecond", [1, 5, 499_999, 999_999])
    def test_a_clock_change_within_is_found_to_the_second_from_any_fraction(
        self, microsecond: int
    ) -> None:
        """The clocks go back at 01:00:00 UTC sharp, however crooked the slot's start is."""
        slot = Slot(time(2, 30, 0, microsecond), time(4))
        first, second = occurrences(
            Schedule(slot=slot), BERLIN, date(2026, 10, 25), date(2026, 10, 25)
        )
        change = datetime(2026, 10, 25, 1, tzinfo=UTC)
        assert first.opens_at == datetime(2026, 10, 25, 0, 30, 0, microsecond, tzinfo=UTC)
        assert first.closes_at == change
        assert second.opens_at == datetime(2026, 10, 25, 1, 30, 0, microsecond, tzinfo=UTC)
        assert second.closes_at == datetime(2026, 10, 25, 3, tzinfo=UTC)

    @given(oracle.zones_and_moments(), st.data())
    def test_a_moment_is_in_an_occurrence_exactly_if_the_decision_grants_it(
        self, place: tuple[ZoneInfo, datetime], data: st.DataObject
    ) -> None:
        """Calendar and door agree, near clock changes and elsewhere, at and beside the edges."""
        zone, now = place
        schedule = data.draw(oracle.schedules_near(now))
        today = now.astimezone(zone).date()
        spans = list(
            occurrences(schedule, zone, today - timedelta(days=3), today + timedelta(days=3))
        )
        for before, after in pairwise(spans):
            assert before.closes_at <= after.opens_at
        edges = [edge for span in spans for edge in (span.opens_at, span.closes_at)]
        tick = timedelta(microseconds=1)
        for moment in [now, *edges, *(edge - tick for edge in edges)]:
            if abs(moment - now) > timedelta(days=1):
                continue
            shown = any(span.opens_at <= moment < span.closes_at for span in spans)
            granted = isinstance(check_schedule(schedule, zone, moment), Granted)
            assert shown == granted, moment


class TestWhetherItStillOpens:
    """What a schedule has left, for whoever is told that it has nothing."""

    @given(oracle.zones_and_moments(), st.data())
    def test_it_does_exactly_if_an_occurrence_ends_later(
        self, place: tuple[ZoneInfo, datetime], data: st.DataObject
    ) -> None:
        """Whatever the zone, the bounds, the slot and the days; three weeks hold all that there is near."""
        zone, now = place
        schedule = data.draw(oracle.schedules_near(now))
        today = now.astimezone(zone).date()
        spans = occurrences(schedule, zone, today - timedelta(days=2), today + timedelta(days=21))

        assert still_opens(schedule, zone, now) == any(now < span.closes_at for span in spans)

    def test_a_night_lasts_until_its_morning(self) -> None:
        """On the day after its last, a night of that day still opens, and is over in the morning."""
        schedule = Schedule(valid_until=date(2026, 11, 28), slot=NIGHT)
        five, six = (datetime(2026, 11, 29, hour, tzinfo=BERLIN) for hour in (5, 6))
        assert still_opens(schedule, BERLIN, five)
        assert not still_opens(schedule, BERLIN, six)

    def test_the_only_day_may_be_none_of_its_days(self) -> None:
        """A Saturday for a PIN of Sundays never comes."""
        day = date(2026, 11, 28)
        schedule = Schedule(day, day, weekdays=frozenset({Weekday.SUNDAY}))
        assert not still_opens(schedule, BERLIN, datetime(2026, 1, 1, tzinfo=UTC))

    def test_the_ends_of_the_calendar_are_no_trouble(self) -> None:
        """The first and the last day that there are, in zones on either side."""
        now = datetime(2026, 11, 29, tzinfo=UTC)
        for zone in (ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")):
            assert still_opens(Schedule(date.max, date.max), zone, now)
            assert still_opens(Schedule(date.min, date.max), zone, now)
            assert not still_opens(Schedule(date.min, date.min), zone, now)
