"""Clocks that can be bent, and scripts of faults that can be repeated."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locksim.faults import Fault, FaultKind, HardwareClock, script

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


def faults(seed: int) -> list[Fault]:
    """A script of an hour for three locks."""
    rng = random.Random(seed)
    return list(script(rng, locks=3, duration_ms=HOUR_MS, mean_gap_ms=30_000))


class TestScript:
    """Faults by a seed."""

    def test_the_same_seed_gives_the_same_faults(self) -> None:
        """And another seed others."""
        assert faults(1) == faults(1)
        assert faults(1) != faults(2)

    @given(st.integers(0, 10_000))
    def test_faults_come_in_order_and_all_that_can_be_is_mended(self, seed: int) -> None:
        """By the end every lock has power and network, and answers."""
        run = faults(seed)
        assert [fault.at_ms for fault in run] == sorted(fault.at_ms for fault in run)
        assert all(0 <= fault.at_ms <= HOUR_MS and 0 <= fault.lock < 3 for fault in run)
        for broken, mended in (
            (FaultKind.NETWORK_DOWN, FaultKind.NETWORK_UP),
            (FaultKind.POWER_CUT, FaultKind.POWER_ON),
            (FaultKind.SILENT, FaultKind.ANSWERING),
        ):
            kinds = [fault.kind for fault in run]
            assert kinds.count(broken) == kinds.count(mended)

    def test_a_script_needs_locks_and_gaps(self) -> None:
        """Nothing to break, or everything at once, is a mistake of the caller."""
        rng = random.Random(1)
        with pytest.raises(ValueError, match="locks"):
            list(script(rng, locks=0, duration_ms=1, mean_gap_ms=1))
        with pytest.raises(ValueError, match="gap"):
            list(script(rng, locks=1, duration_ms=1, mean_gap_ms=0))
