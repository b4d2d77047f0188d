"""The lock's idea of the time, and when it has none.

A lock whose clock can be turned back opens for a guest who left last year. So the time is believed
only if the installer set it, or if a sealed message with the lock's own nonce did; the highest time
ever believed is kept on disk, and a lock that starts below it says that it has no time. It never
guesses: `None` means unknown, and nothing that depends on time opens then.
"""

from datetime import UTC, datetime, timedelta

MARK_INTERVAL_MS = 30 * 60 * 1000
"""How far the mark on disk may lag behind; docs/lock.md asks for an hour at most."""
SETTING_NOTICED_MS = 2000
"""A correction above this is told as an event; below, it is the jitter of the network."""
LATEST_MS = 250_000_000_000_000
"""A time above this, late in the year 9891, is not believed: the calendar ends soon after."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def moment(unix_ms: int) -> datetime:
    """The moment of a Unix time in milliseconds, exactly."""
    return _BEGINNING + timedelta(milliseconds=unix_ms)


def milliseconds(at: datetime) -> int:
    """The Unix time of a moment in milliseconds; a fraction of one is dropped."""
    return (at - _BEGINNING) // timedelta(milliseconds=1)


class TrustedClock:
    """Trusted time as an anchor in uptime; lives in RAM, made anew at each start.

    All times are milliseconds: uptime since the start, trusted time since 1970-01-01T00:00Z.
    """

    def __init__(self, *, battery_ms: int | None, mark_ms: int | None, uptime_ms: int) -> None:
        """`battery_ms` is what the battery-backed clock says, `mark_ms` the mark on disk."""
        self._anchor: tuple[int, int] | None = None
        if battery_ms is not None and not 0 <= battery_ms <= LATEST_MS:
            battery_ms = None
        self.lost = mark_ms is not None and (battery_ms is None or battery_ms < mark_ms)
        """Whether the start found less time than was known before."""
        if battery_ms is not None and not self.lost:
            self._anchor = (uptime_ms, battery_ms)

    def now_ms(self, uptime_ms: int) -> int | None:
        """Trusted time, or None."""
        if self._anchor is None:
            return None
        return self._anchor[1] + uptime_ms - self._anchor[0]

    def set(self, unix_ms: int, uptime_ms: int) -> None:
        """Believe that it is `unix_ms` now; backwards too."""
        self._anchor = (uptime_ms, unix_ms)
