"""What goes wrong with hardware, at will and by a seed: clocks, power, network, a deaf lock.

A fault that cannot be repeated cannot be mended, so each comes from a random generator that is
passed in, and the clock of a lock is a value that can be bent. The dangerous mistake is a fault
that reaches past the lock into the test itself: nothing here changes the host's time or network.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

_MILLION = 1_000_000


class HardwareClock:
    """Oscillator and battery-backed clock of one lock; both run fast or slow by the same drift.

    `monotonic` gives real seconds, of which only differences count, and `started_unix_s` is what
    the battery-backed clock is set to at first. The battery outlasts power cuts, not the process.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        started_unix_s: float,
        drift_ppm: float = 0.0,
    ) -> None:
        self._monotonic = monotonic
        self._drift_ppm = drift_ppm
        self._seen_s = monotonic()
        self._ticks_ms = 0.0
        self._started_ms = 0.0
        self._battery_offset_ms: float | None = started_unix_s * 1000

    def _ticks(self) -> float:
        """Milliseconds since the clock was made, as the oscillator counts them."""
        now_s = self._monotonic()
        self._ticks_ms += (now_s - self._seen_s) * 1000 * (1 + self._drift_ppm / _MILLION)
        self._seen_s = now_s
        return self._ticks_ms

    @property
    def drift_ppm(self) -> float:
        """How fast (or slow, below 0) it runs, in millionths."""
        return self._drift_ppm

    def power_on(self) -> None:
        """Uptime starts at zero."""
        self._started_ms = self._ticks()

    def uptime_ms(self) -> int:
        """Milliseconds since power came on."""
        return int(self._ticks() - self._started_ms)

    def seconds_until(self, uptime_ms: int) -> float:
        """Real seconds until that uptime, at the present drift; 0 if it has passed."""
        lock_s = (uptime_ms - (self._ticks() - self._started_ms)) / 1000
        return max(0.0, lock_s / (1 + self._drift_ppm / _MILLION))

    def battery_ms(self) -> int | None:
        """What the battery-backed clock says (Unix, ms), or None if it has stopped."""
        if self._battery_offset_ms is None:
            return None
        return int(self._ticks() + self._battery_offset_ms)

    def set_battery(self, unix_ms: int) -> None:
        """Set the battery-backed clock."""
        self._battery_offset_ms = unix_ms - self._ticks()

    def step(self, by_ms: int) -> None:
        """The battery-backed clock jumps, forwards or backwards."""
        if self._battery_offset_ms is not None:
            self._battery_offset_ms += by_ms

    def lose_battery(self) -> None:
        """The battery is empty: the clock has stopped until it is set."""
        self._battery_offset_ms = None

    def drift(self, ppm: float) -> None:
        """From now on run fast (or slow, below 0) by so many millionths."""
        self._ticks()
        self._drift_ppm = ppm


class FaultKind(StrEnum):
    """What happens to a lock."""

    NETWORK_DOWN = "NETWORK_DOWN"
    NETWORK_UP = "NETWORK_UP"
    POWER_CUT = "POWER_CUT"
    POWER_ON = "POWER_ON"
    CLOCK_STEP = "CLOCK_STEP"
    """`amount` milliseconds."""
    CLOCK_DRIFT = "CLOCK_DRIFT"
    """`amount` millionths."""
    BATTERY_EMPTY = "BATTERY_EMPTY"
    SILENT = "SILENT"
    """Commands are no longer answered."""
    ANSWERING = "ANSWERING"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a script."""

    at_ms: int
    """Milliseconds since the script began."""
    lock: int
    """The place of the lock in its fleet."""
    kind: FaultKind
    amount: int = 0


_MENDED = {
    FaultKind.NETWORK_DOWN: FaultKind.NETWORK_UP,
    FaultKind.POWER_CUT: FaultKind.POWER_ON,
    FaultKind.SILENT: FaultKind.ANSWERING,
}
_LASTING = (FaultKind.CLOCK_STEP, FaultKind.CLOCK_DRIFT, FaultKind.BATTERY_EMPTY)
MAX_STEP_MS = 48 * 3600 * 1000
MAX_DRIFT_PPM = 500


def script(
    rng: random.Random, *, locks: int, duration_ms: int, mean_gap_ms: int
) -> Iterator[Fault]:
    """Faults in order of time, the same for the same generator; all is mended by the end.

    A fault comes every `mean_gap_ms` on average, on any of the locks; one that can be mended lasts
    up to four times as long. Raises ValueError without locks or for a gap below 1.
    """
    if locks < 1 or mean_gap_ms < 1:
        raise ValueError("a script needs locks, and a gap of at least one millisecond")
    waiting: list[Fault] = []
    at_ms = 0
    while True:
        at_ms += 1 + int(rng.expovariate(1 / mean_gap_ms))
        over = at_ms >= duration_ms
        due = sorted((f for f in waiting if over or f.at_ms <= at_ms), key=lambda f: f.at_ms)
        waiting = [fault for fault in waiting if fault not in due]
        yield from due
        if over:
            return
        kind = rng.choice([*_MENDED, *_LASTING])
        amount = 0
        if kind is FaultKind.CLOCK_STEP:
            amount = rng.randint(-MAX_STEP_MS, MAX_STEP_MS)
        elif kind is FaultKind.CLOCK_DRIFT:
            amount = rng.randint(-MAX_DRIFT_PPM, MAX_DRIFT_PPM)
        fault = Fault(at_ms, rng.randrange(locks), kind, amount)
        yield fault
        if kind in _MENDED:
            until_ms = min(duration_ms, at_ms + rng.randint(1, 4 * mean_gap_ms))
            waiting.append(Fault(until_ms, fault.lock, _MENDED[kind]))
