"""What a SmartPIN is at a moment, and what a refusal says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.errors import InvalidInput, InvalidWindow
from domain.smartpins.rules import (
    SmartPinStatus,
    WindowSpan,
    all_used,
    fitted,
    status_of,
    words_for_guest,
)
from smartpin import Hourly, LockTime, WindowFault

ROME = ZoneInfo("Europe/Rome")
LOCK_TIME = LockTime(60, ROME)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TestStatus:
    """By time, unless somebody has blocked it or the lock has a new secret."""

    @pytest.mark.parametrize(
        ("after", "expected"),
        [
            (-timedelta(microseconds=1), SmartPinStatus.UPCOMING),
            (timedelta(0), SmartPinStatus.ACTIVE),
            (2 * HOUR - timedelta(microseconds=1), SmartPinStatus.ACTIVE),
            (2 * HOUR, SmartPinStatus.ENDED),
        ],
    )
    def test_it_follows_the_window_as_the_lock_does(
        self, after: timedelta, expected: SmartPinStatus
    ) -> None:
        """`opens <= now < closes`."""
        found = status_of(
            opens_at=NOON, closes_at=NOON + 2 * HOUR, blocked=False, dead=False, now=NOON + after
        )
        assert found is expected

    @pytest.mark.parametrize("dead", [False, True])
    @pytest.mark.parametrize("after", [-HOUR, HOUR, 3 * HOUR])
    def test_dead_is_for_good_and_blocked_until_the_end(self, dead: bool, after: timedelta) -> None:
        """A blocked one may come back before its end; a dead one never does."""
        found = status_of(
            opens_at=NOON, closes_at=NOON + 2 * HOUR, blocked=True, dead=dead, now=NOON + after
        )
        ended = after >= 2 * HOUR
        blocked = SmartPinStatus.ENDED if ended else SmartPinStatus.BLOCKED
        assert found is (SmartPinStatus.DEAD if dead else blocked)


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

    @pytest.mark.parametrize("field", ["opensAt", "closesAt"])
    def test_a_moment_without_an_offset_is_refused_by_name(self, field: str) -> None:
        """It could be meant in any zone."""
        naive = NOON.replace(tzinfo=None)
        span = (naive, NOON + HOUR) if field == "opensAt" else (NOON, naive + HOUR)
        with pytest.raises(InvalidInput) as refusal:
            fitted(*span, now=NOON, lock_time=LOCK_TIME)
        assert refusal.value.field == field

    def test_where_nothing_is_near_nothing_is_named(self) -> None:
        """Else the window's edges in UTC."""
        assert all_used(None, LOCK_TIME).nearest == ()
        (span,) = all_used(Hourly(LOCK_TIME.hour(NOON), 2), LOCK_TIME).nearest
        assert span == WindowSpan(NOON, NOON + 2 * HOUR)


def test_the_guest_is_told_the_door_and_the_time_on_its_wall() -> None:
    """Not in UTC, and not without saying whose time it is."""
    window = fitted(NOON, NOON + 2 * HOUR, now=NOON, lock_time=LOCK_TIME)
    words = words_for_guest(
        "234-693-0987", site="Casa Rossa", lock="Cellar", window=window, zone=ROME
    )
    assert "234-693-0987" in words
    assert "2026-11-27 13:00 until 2026-11-27 15:00 (Europe/Rome)" in words
