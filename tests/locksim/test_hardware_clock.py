"""A clock that can be bent."""

import pytest

from locksim.hardware_clock import HardwareClock

START_S = 1_800_000_000.0
HOUR_MS = 3_600_000


class RealTime:
    """Real seconds, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        """The time now."""
        return self.seconds


@pytest.fixture
def real() -> RealTime:
    """Real time."""
    return RealTime()


@pytest.fixture
def clock(real: RealTime) -> HardwareClock:
    """A clock that was just set and switched on."""
    clock = HardwareClock(monotonic=real, started_unix_s=START_S)
    clock.power_on()
    return clock


class TestHardwareClock:
    """Oscillator and battery-backed clock of one lock."""

    def test_uptime_begins_with_power_and_the_battery_clock_goes_on(
        self, real: RealTime, clock: HardwareClock
    ) -> None:
        """Ten seconds on, then a power cut."""
        real.seconds += 10
        assert clock.uptime_ms() == 10_000
        clock.power_on()
        assert clock.uptime_ms() == 0
        assert clock.battery_ms() == START_S * 1000 + 10_000

    def test_drift_bends_both_and_does_not_jump(self, real: RealTime, clock: HardwareClock) -> None:
        """500 millionths are 1.8 s an hour; the time before the change stays as it was."""
        real.seconds += 3600
        clock.drift(500)
        assert clock.uptime_ms() == HOUR_MS
        real.seconds += 3600
        assert clock.uptime_ms() == 2 * HOUR_MS + 1800
        assert clock.battery_ms() == START_S * 1000 + 2 * HOUR_MS + 1800
        clock.drift(-500)
        real.seconds += 3600
        assert clock.uptime_ms() == 3 * HOUR_MS

    def test_waiting_is_done_in_real_seconds(self, real: RealTime, clock: HardwareClock) -> None:
        """A slow lock's minute is longer; what has passed is not waited for."""
        clock.drift(-500_000)
        assert clock.seconds_until(60_000) == pytest.approx(120)
        real.seconds += 200
        assert clock.seconds_until(60_000) == 0

    def test_the_battery_clock_can_jump_stop_and_be_set(self, clock: HardwareClock) -> None:
        """Uptime is not touched by any of it; a stopped clock does not jump."""
        clock.step(-HOUR_MS)
        assert clock.battery_ms() == START_S * 1000 - HOUR_MS
        clock.lose_battery()
        clock.step(HOUR_MS)
        assert clock.battery_ms() is None
        clock.set_battery(123)
        assert clock.battery_ms() == 123
        assert clock.uptime_ms() == 0
