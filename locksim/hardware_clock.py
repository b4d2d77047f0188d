"""The oscillator and the battery-backed clock of a lock, which can be made to go wrong.

Nothing here changes the host's time: the clock of a lock is a value that can be bent.
"""

from collections.abc import Callable

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
