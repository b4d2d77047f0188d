"""What a refusal of a window says, what a guest is told, and when a first use was missed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.errors import InvalidInput, InvalidWindow
from domain.smartpins.rules import (
    WindowSpan,
    activation_missed,
    all_used,
    fitted,
    words_for_guest,
)
from smartpin import Hourly, LockTime, WindowFault

ROME = ZoneInfo("Europe/Rome")
LOCK_TIME = LockTime(60, ROME)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TestRefusals:
    """A refusal names what works."""

    def test_it_carries_fault_spans_and_limits(self) -> None:
        """And says in words what is wrong, for whoever reads no fields."""
        with pytest.raises(InvalidWindow) as refusal:
            fitted(NOON + HOUR / 2, NOON + 2 * HOUR, now=NOON, lock_time=LOCK_TIME)
        assert refusal.value.fault is WindowFault.OFF_THE_HOUR
        assert "hour" in refusal.value.message
        assert refusal.value.nearest
        assert refusal.value.limits.max_hours == 768

    @pytest.mark.parametrize("field", ["starts_at", "ends_at"])
    def test_a_moment_without_an_offset_is_refused_by_name(self, field: str) -> None:
        """It could be meant in any zone."""
        naive = NOON.replace(tzinfo=None)
        span = (naive, NOON + HOUR) if field == "starts_at" else (NOON, naive + HOUR)
        with pytest.raises(InvalidInput) as refusal:
            fitted(*span, now=NOON, lock_time=LOCK_TIME)
        assert refusal.value.field == field

    def test_too_long_and_between_the_forms_say_how_days_are_counted(self) -> None:
        """365 days from 07:00 to 07:00 touch days that are 366 apart: not "365 at most" and no more."""
        seven, nine = (datetime(2026, 12, 1, hour, tzinfo=UTC) for hour in (6, 8))
        for start, length, apart in ((seven, 365 * 24, 366), (nine, 32 * 24 + 3, 32)):
            with pytest.raises(InvalidWindow) as refusal:
                fitted(start, start + length * HOUR, now=NOON, lock_time=LOCK_TIME)
            assert "from 08:00 on its first day to 20:00 on its last" in refusal.value.message
            assert "33 to 365 days apart" in refusal.value.message
            assert f"touches days that are {apart} apart" in refusal.value.message

    def test_where_nothing_is_near_nothing_is_named(self) -> None:
        """Else the window's edges in UTC."""
        assert all_used(None, LOCK_TIME).nearest == ()
        (span,) = all_used(Hourly(LOCK_TIME.hour(NOON), 2), LOCK_TIME).nearest
        assert span == WindowSpan(NOON, NOON + 2 * HOUR)


class TestActivation:
    """Whether the first day has passed without a first use, as far as the lock has told."""

    @pytest.mark.parametrize(
        ("used", "after", "missed"),
        [
            (None, 24 * HOUR - timedelta(microseconds=1), False),
            (None, 24 * HOUR, True),
            (timedelta(0), 30 * HOUR, False),
            (24 * HOUR - timedelta(microseconds=1), 30 * HOUR, False),
            (24 * HOUR, 30 * HOUR, True),
            (-timedelta(microseconds=1), 30 * HOUR, True),
        ],
    )
    def test_a_first_use_counts_from_the_start_and_before_the_deadline(
        self, used: timedelta | None, after: timedelta, missed: bool
    ) -> None:
        """As the lock counts; one before the start was of another reading of the digits."""
        found = activation_missed(
            starts_at=NOON,
            activate_by=NOON + 24 * HOUR,
            first_used_at=None if used is None else NOON + used,
            now=NOON + after,
        )
        assert found is missed


class TestWordsForTheGuest:
    """All that a guest has to know, in the time that the door's wall shows."""

    def words(self, start: datetime, *, hours: int = 2, activation: bool = False) -> str:
        """For a window of so many hours."""
        window = fitted(start, start + hours * HOUR, now=start, lock_time=LOCK_TIME)
        return words_for_guest(
            "234-693-0987",
            site="Casa Rossa",
            lock="Cellar",
            window=window,
            activate_by=window.activate_by if activation else None,
            zone=ROME,
        )

    def test_they_name_the_door_and_the_time_on_its_wall(self) -> None:
        """Not in UTC, and not without saying whose time it is."""
        words = self.words(NOON)
        assert "234-693-0987" in words
        assert "2026-11-27 13:00 until 2026-11-27 15:00 (Europe/Rome)" in words
        assert "first time" not in words

    def test_they_say_by_when_it_must_first_be_used(self) -> None:
        """Else the guest who comes on the second day stands before a shut door."""
        words = self.words(NOON, hours=72, activation=True)
        assert "Use it for the first time before 2026-11-28 13:00, or" in words

    def test_in_the_hour_that_happens_twice_they_say_which(self) -> None:
        """02:00 on the autumn night; 01:00 and 03:00 happen once."""
        first = datetime(2026, 10, 25, 0, tzinfo=UTC)
        words = self.words(first, hours=1)
        assert "from 2026-10-25 02:00 (UTC+02:00) until 2026-10-25 02:00 (UTC+01:00) (" in words
        assert "from 2026-10-25 01:00 until 2026-10-25 03:00 (Eu" in self.words(
            first - HOUR, hours=3
        )
        assert "from 2027-03-28 01:00 until 2027-03-28 03:00 (Eu" in self.words(
            datetime(2027, 3, 28, 0, tzinfo=UTC), hours=1
        )
