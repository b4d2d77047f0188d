"""The access decision, against examples that a manager would give and a slow, obvious oracle."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access.decision import (
    GRANTED,
    DenialReason,
    Denied,
    Granted,
    check_schedule,
    decide,
)
from domain.access.schedule import ALWAYS, Schedule, Slot, Weekday
from tests.domain.access import oracle

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = date(2026, 11, 27)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """A moment given as wall time of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def reasons(schedule: Schedule, now: datetime | None, zone: ZoneInfo = BERLIN) -> list[str]:
    """The reasons of the decision; none if it grants."""
    decision = check_schedule(schedule, zone, now)
    return [] if isinstance(decision, Granted) else [reason.value for reason in decision.reasons]


class TestBounds:
    """Dates are whole days, both included; moments are `from <= now < until`."""

    def test_dates_include_their_first_and_last_day_to_the_last_microsecond(self) -> None:
        """The day begins and ends at the site's midnight."""
        schedule = Schedule(FRIDAY, FRIDAY)
        assert reasons(schedule, at("2026-11-26T23:59:59.999999")) == ["NOT_YET_VALID"]
        assert reasons(schedule, at("2026-11-27T00:00")) == []
        assert reasons(schedule, at("2026-11-27T23:59:59.999999")) == []
        assert reasons(schedule, at("2026-11-28T00:00")) == ["ENDED"]

    def test_moments_include_the_start_and_exclude_the_end(self) -> None:
        """At the very end the door is shut."""
        schedule = Schedule(at("2026-11-27T15:00"), at("2026-11-28T11:00"))
        assert reasons(schedule, at("2026-11-27T14:59:59.999999")) == ["NOT_YET_VALID"]
        assert reasons(schedule, at("2026-11-27T15:00")) == []
        assert reasons(schedule, at("2026-11-28T10:59:59.999999")) == []
        assert reasons(schedule, at("2026-11-28T11:00")) == ["ENDED"]

    def test_the_day_is_the_sites_and_not_greenwichs(self) -> None:
        """01:00 in Kathmandu is still the day before in UTC."""
        kathmandu = ZoneInfo("Asia/Kathmandu")
        moment = at("2026-11-28T01:00", kathmandu)
        assert moment.astimezone(UTC).date() == FRIDAY
        assert reasons(Schedule(valid_until=FRIDAY), moment, kathmandu) == ["ENDED"]


class TestSlots:
    """The slot compares wall time; over midnight it belongs to the day on which it began."""

    def test_a_slot_includes_its_start_and_excludes_its_end(self) -> None:
        """From 09:00 on, until just before 17:00."""
        schedule = Schedule(slot=Slot(time(9), time(17)))
        assert reasons(schedule, at("2026-11-27T08:59:59.999999")) == ["OUTSIDE_SLOT"]
        assert reasons(schedule, at("2026-11-27T09:00")) == []
        assert reasons(schedule, at("2026-11-27T16:59:59.999999")) == []
        assert reasons(schedule, at("2026-11-27T17:00")) == ["OUTSIDE_SLOT"]

    def test_fridays_night_opens_on_saturday_morning_and_not_on_friday_morning(self) -> None:
        """The weekday of 03:00 is that of the evening before."""
        schedule = Schedule(slot=Slot(time(22), time(6)), weekdays=frozenset({Weekday.FRIDAY}))
        assert reasons(schedule, at("2026-11-27T03:00")) == ["WRONG_WEEKDAY"]
        assert reasons(schedule, at("2026-11-27T21:59")) == ["OUTSIDE_SLOT"]
        assert reasons(schedule, at("2026-11-27T22:00")) == []
        assert reasons(schedule, at("2026-11-28T05:59")) == []
        assert reasons(schedule, at("2026-11-28T06:00")) == ["WRONG_WEEKDAY", "OUTSIDE_SLOT"]

    def test_a_night_belongs_to_the_dates_as_it_does_to_the_weekdays(self) -> None:
        """The last date's night lasts until its morning; the night before the first is not its."""
        schedule = Schedule(FRIDAY, FRIDAY, Slot(time(22), time(6)))
        assert reasons(schedule, at("2026-11-27T03:00")) == ["NOT_YET_VALID"]
        assert reasons(schedule, at("2026-11-28T03:00")) == []
        assert reasons(schedule, at("2026-11-28T22:30")) == ["ENDED"]

    def test_a_moment_cuts_a_night_short(self) -> None:
        """An end at midnight is an end at midnight."""
        schedule = Schedule(valid_until=at("2026-11-28T00:00"), slot=Slot(time(22), time(6)))
        assert reasons(schedule, at("2026-11-27T23:59")) == []
        assert reasons(schedule, at("2026-11-28T00:00")) == ["ENDED"]

    def test_a_slot_that_ends_at_midnight_ends_the_day(self) -> None:
        """20:00 to 00:00 has no morning."""
        schedule = Schedule(slot=Slot(time(20), time(0)), weekdays=frozenset({Weekday.FRIDAY}))
        assert reasons(schedule, at("2026-11-27T23:59:59")) == []
        assert reasons(schedule, at("2026-11-28T00:00")) == ["WRONG_WEEKDAY", "OUTSIDE_SLOT"]


class TestClockChanges:
    """On both nights the wall clock decides."""

    def test_an_hour_that_comes_twice_opens_twice(self) -> None:
        """02:00 to 03:00 is two hours long in Berlin on 25 October 2026."""
        schedule = Schedule(slot=Slot(time(2), time(3)))
        start = datetime(2026, 10, 24, 22, tzinfo=UTC)
        opened = [
            minute
            for minute in range(8 * 60)
            if not reasons(schedule, start + timedelta(minutes=minute))
        ]
        assert opened == list(range(120, 240))

    def test_an_hour_that_is_skipped_never_opens(self) -> None:
        """02:00 to 03:00 does not exist in Berlin on 29 March 2026; 01:59 is followed by 03:00."""
        schedule = Schedule(slot=Slot(time(2), time(3)))
        start = datetime(2026, 3, 28, 23, tzinfo=UTC)
        assert all(reasons(schedule, start + timedelta(minutes=m)) for m in range(6 * 60))

    def test_lord_howe_changes_by_half_an_hour(self) -> None:
        """01:30 to 02:00 comes twice on 5 April 2026: one hour of half hours."""
        zone = ZoneInfo("Australia/Lord_Howe")
        schedule = Schedule(slot=Slot(time(1, 30), time(2)))
        start = datetime(2026, 4, 4, 12, tzinfo=UTC)
        opened = [
            m for m in range(360) if not reasons(schedule, start + timedelta(minutes=m), zone)
        ]
        assert len(opened) == 60

    def test_dublins_negative_daylight_saving_is_no_different(self) -> None:
        """Dublin's winter is its daylight saving, an hour back; 01:30 comes twice in October."""
        zone = ZoneInfo("Europe/Dublin")
        schedule = Schedule(slot=Slot(time(1), time(2)))
        for utc_minutes, shut in ((-1, True), (0, False), (119, False), (120, True)):
            moment = datetime(2026, 10, 25, 0, tzinfo=UTC) + timedelta(minutes=utc_minutes)
            assert bool(reasons(schedule, moment, zone)) == shut

    def test_now_in_the_sites_own_zone_is_taken_with_its_fold(self) -> None:
        """A moment bound between the two 02:30s tells them apart, however `now` is written."""
        schedule = Schedule(valid_until=datetime(2026, 10, 25, 1, 0, tzinfo=UTC))
        assert reasons(schedule, at("2026-10-25T02:30")) == []
        assert reasons(schedule, at("2026-10-25T02:30").replace(fold=1)) == ["ENDED"]

    def test_a_wall_time_that_is_skipped_stands_for_the_moment_it_would_have_been(self) -> None:
        """02:30 on the night of the change, if somebody writes it, is 03:30 and not in the slot."""
        schedule = Schedule(slot=Slot(time(2), time(3)))
        assert reasons(schedule, at("2026-03-29T02:30")) == ["OUTSIDE_SLOT"]

    @pytest.mark.parametrize(("name", "change"), oracle.CLOCK_CHANGES)
    def test_every_minute_of_every_change_agrees_with_the_oracle(
        self, name: str, change: datetime
    ) -> None:
        """Twenty hours around each change, minute by minute, for slots of every kind."""
        zone = ZoneInfo(name)
        eve = (change - timedelta(hours=12)).astimezone(zone).date()
        shapes = [
            Schedule(),
            Schedule(slot=Slot(time(1, 30), time(2, 15))),
            Schedule(valid_until=eve, slot=Slot(time(22), time(2, 30))),
            Schedule(valid_from=change, slot=Slot(time(0), time(3))),
            Schedule(slot=Slot(time(23, 15), time(0, 45)), weekdays=frozenset({Weekday.SATURDAY})),
        ]
        for minute in range(-600, 600):
            now = change + timedelta(minutes=minute)
            for schedule in shapes:
                assert (not reasons(schedule, now, zone)) == oracle.opens(schedule, zone, now)


@settings(max_examples=400)
@given(oracle.zones_and_moments(), st.data())
def test_the_decision_is_that_of_the_slow_oracle(
    place: tuple[ZoneInfo, datetime], data: st.DataObject
) -> None:
    """For schedules of every kind near any moment, in zones of every kind."""
    zone, now = place
    schedule = data.draw(oracle.schedules_near(now))
    granted = isinstance(check_schedule(schedule, zone, now), Granted)
    assert granted == oracle.opens(schedule, zone, now)


class TestWithoutTime:
    """A lock whose clock is not trusted."""

    def test_only_an_unlimited_schedule_opens_without_time(self) -> None:
        """Everything that depends on time is denied, also a bound that surely lies in the past."""
        assert reasons(ALWAYS, None) == []
        assert reasons(Schedule(valid_from=date(1970, 1, 1)), None) == ["NO_TIME"]
        assert reasons(Schedule(slot=Slot(time(0), time(23, 59))), None) == ["NO_TIME"]

    def test_a_moment_without_an_offset_is_a_programming_error(self) -> None:
        """It is raised, never guessed."""
        with pytest.raises(ValueError, match="offset"):
            check_schedule(Schedule(FRIDAY), BERLIN, datetime(2026, 11, 27))  # noqa: DTZ001


class TestDecide:
    """Several grants: any one is enough, and a denial says everything."""

    def test_one_grant_is_enough(self) -> None:
        """A narrow schedule does not spoil a wide one, in either order."""
        shut = Schedule(valid_until=date(2020, 1, 1))
        now = at("2026-11-27T12:00")
        assert decide([shut, ALWAYS], BERLIN, now) == GRANTED
        assert decide([ALWAYS, shut], BERLIN, now) == GRANTED

    def test_a_denial_collects_every_reason_once_and_in_order(self) -> None:
        """The order is that of the enum, so that answers are the same byte for byte."""
        grants = [
            Schedule(slot=Slot(time(8), time(9))),
            Schedule(valid_until=date(2020, 1, 1)),
            Schedule(valid_from=date(2030, 1, 1), slot=Slot(time(8), time(9))),
        ]
        assert decide(grants, BERLIN, at("2026-11-27T12:00")) == Denied(
            (DenialReason.NOT_YET_VALID, DenialReason.ENDED, DenialReason.OUTSIDE_SLOT)
        )

    def test_nothing_that_grants_is_a_denial(self) -> None:
        """An empty list is not "no restriction"."""
        assert decide([], BERLIN, at("2026-11-27T12:00")) == Denied((DenialReason.NO_RULE,))
        assert decide(iter(()), BERLIN, None) == Denied((DenialReason.NO_RULE,))

    def test_without_time_any_unlimited_grant_opens(self) -> None:
        """And without one the only reason is the missing time."""
        limited = Schedule(valid_until=date(2030, 1, 1))
        assert decide([limited, ALWAYS], BERLIN, None) == GRANTED
        assert decide([limited, limited], BERLIN, None) == Denied((DenialReason.NO_TIME,))

    def test_a_denial_without_a_reason_cannot_be_made(self) -> None:
        """It would explain nothing."""
        with pytest.raises(ValueError, match="reason"):
            Denied(())


def test_reasons_are_written_as_their_names() -> None:
    """Events and logs outlive the code: the value on the wire is the name, for ever."""
    assert all(reason.value == reason.name for reason in DenialReason)
    assert [reason.value for reason in DenialReason][:6] == [
        "NOT_YET_VALID",
        "ENDED",
        "WRONG_WEEKDAY",
        "OUTSIDE_SLOT",
        "NO_TIME",
        "NO_RULE",
    ]
