"""A lock's two ways of telling the time, and when a window is open by them.

Hours are counted in an offset frozen at provisioning, so that an hourly code means
the same two instants for ever, whatever becomes of daylight saving; 08:00 and 20:00 of a daily
window are what the clock on the wall shows, because that is what was promised to the guest. Mixing
up the two is the classic mistake, so they live here and nowhere else.

Too late an end leaves a door open to somebody who has checked out, and too late a start keeps a guest
out in the rain; neither may depend on which machine computes it.

Nothing here reads a clock: ``now`` is always passed in, as an aware datetime.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from smartpin.windows import CODE_EPOCH_HOURS, Daily, Hourly, Window

ORIGIN: Final = datetime(2020, 1, 1, tzinfo=UTC)
ORIGIN_DAY: Final = date(2020, 1, 1)
HOUR: Final = timedelta(hours=1)
OPENS_AT: Final = time(8)
CLOSES_AT: Final = time(20)
ACTIVATION: Final = timedelta(hours=24)
# From here on a day that opens at 08:00 on the wall could open in the epoch before its own.
WALL_DRIFT_LIMIT: Final = timedelta(hours=8)

MIN_OFFSET_MINUTES: Final = -12 * 60
MAX_OFFSET_MINUTES: Final = 14 * 60


def fixed_offset(zone: ZoneInfo, year: int) -> int:
    """The offset in which a lock provisioned in ``year`` counts its hours, in minutes east of UTC.

    It is the smaller of the zone's offsets at 00:00 local time on 1 January and on 1 July. Not
    "standard time": for Dublin the zone database calls summer time standard and winter time a
    negative daylight saving, and other copies of it say the opposite. The smaller of the two is the
    same in all. Compute it once, at provisioning, and keep the number: laws change.

    Raises ValueError (the offset is not a whole number of minutes, as of no zone since 1972).
    """
    minutes = []
    for month in (1, 7):
        offset = datetime(year, month, 1, tzinfo=zone).utcoffset()
        whole, rest = divmod(offset or timedelta(0), timedelta(minutes=1))
        if rest:
            raise ValueError("the zone's offset is not a whole number of minutes")
        minutes.append(whole)
    return min(minutes)


@dataclass(frozen=True, slots=True)
class LockTime:
    """The time settings of one lock.

    Args:
        offset_minutes: the fixed offset in minutes east of UTC, see :func:`fixed_offset`.
        zone: the zone whose wall clock 08:00 and 20:00 are read from.

    Raises ValueError (an offset outside -12:00 .. +14:00).
    """

    offset_minutes: int
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if not MIN_OFFSET_MINUTES <= self.offset_minutes <= MAX_OFFSET_MINUTES:
            raise ValueError("a fixed offset lies between -12:00 and +14:00")

    def hour(self, moment: datetime) -> int:
        """The hour ``moment`` falls in, counted from 2020 in the fixed offset; negative before.

        Raises ValueError (``moment`` is naive).
        """
        return (utc(moment) + timedelta(minutes=self.offset_minutes) - ORIGIN) // HOUR

    def hour_begins(self, hour: int) -> datetime:
        """The instant at which ``hour`` begins, in UTC."""
        return ORIGIN + hour * HOUR - timedelta(minutes=self.offset_minutes)

    def code_epoch(self, moment: datetime) -> int:
        """The epoch ``moment`` falls in; negative before 2020."""
        return self.hour(moment) // CODE_EPOCH_HOURS

    def wall(self, moment: datetime) -> tuple[int, time]:
        """What calendar and clock on the wall show: days since 2020-01-01, and the time of day.

        Raises ValueError (``moment`` is naive).
        """
        local = utc(moment).astimezone(self.zone)
        return (local.date() - ORIGIN_DAY).days, local.time()

    def instant(self, day: int, at: time) -> datetime:
        """When the wall shows ``at`` on day ``day``, in UTC; if it does so twice, the first time.

        No zone has moved its clocks across 08:00 or 20:00 since 2020.
        """
        local = datetime.combine(ORIGIN_DAY + timedelta(days=day), at, tzinfo=self.zone)
        return local.astimezone(UTC)

    def opens(self, window: Window) -> datetime:
        """The first instant at which the window is open, in UTC."""
        if isinstance(window, Hourly):
            return self.hour_begins(window.start)
        return self.instant(window.start, OPENS_AT)

    def closes(self, window: Window) -> datetime:
        """The first instant at which the window is open no more, in UTC."""
        if isinstance(window, Hourly):
            return self.hour_begins(window.start + window.hours)
        return self.instant(window.start + window.days, CLOSES_AT)

    def is_open(self, window: Window, now: datetime) -> bool:
        """Whether ``opens <= now < closes``, decided as a lock decides it.

        Both forms compare what the clock shows now with the two edges, so firmware only ever
        converts UTC to local time, never back, and never meets an hour that happens twice.

        Raises ValueError (``now`` is naive).
        """
        if isinstance(window, Hourly):
            return window.start <= self.hour(now) < window.start + window.hours
        edges = (window.start, OPENS_AT), (window.start + window.days, CLOSES_AT)
        return edges[0] <= self.wall(now) < edges[1]

    def keeps_days(self, window: Daily) -> bool:
        """Whether wall and fixed offset differ by less than eight hours on each day of the window.

        Epochs are counted in the fixed offset and days on the wall. Further apart, a day that opens
        at 08:00 on the wall may lie in another epoch than its code was made for, and the code does
        not open. It comes to that when a zone is replaced by a distant one, or jumps across the
        date line: the lock then needs a new fixed offset, that is, to be provisioned anew.
        """
        fixed = timedelta(minutes=self.offset_minutes)
        for day in range(window.start, window.start + window.days + 1):
            wall = datetime.combine(ORIGIN_DAY + timedelta(days=day), OPENS_AT, tzinfo=UTC)
            if abs(wall - (self.instant(day, OPENS_AT) + fixed)) >= WALL_DRIFT_LIMIT:
                return False
        return True

    def activation_deadline(self, window: Window) -> datetime:
        """By when a code must have been used first where the activation rule is on, in UTC.

        Hourly: 24 hours after the start. Daily: 08:00 wall time on the day after the start day,
        which is 24 hours but for the two nights a year on which the clocks move. Counted so,
        exactly one start day is in its first day at any instant, and the guess rate has no worst
        hour.
        """
        if isinstance(window, Hourly):
            return self.hour_begins(window.start) + ACTIVATION
        return self.instant(window.start + 1, OPENS_AT)


def utc(moment: datetime) -> datetime:
    """``moment`` in UTC.

    Arithmetic between datetimes of one zone is arithmetic of wall clocks in Python and wrong by an
    hour across a change of clocks; so every moment is taken to UTC on its way in.

    Raises ValueError (``moment`` is naive).
    """
    if moment.utcoffset() is None:
        raise ValueError("an aware datetime is wanted")
    return moment.astimezone(UTC)


def survives_activation(
    window: Window, *, first_used: datetime | None, now: datetime, lock_time: LockTime
) -> bool:
    """Whether the activation rule leaves a code alive: used in its first day, or still in it.

    Args:
        window: what the code says.
        first_used: when the code first opened this lock, ``None`` if it never has. An instant
            before the window opens is of another reading of the same digits and does not count.
        now: the lock's trusted time.
        lock_time: the lock's time settings.

    Says nothing about whether the window is open; a lock asks both.

    Raises ValueError (a naive datetime).
    """
    deadline = lock_time.activation_deadline(window)
    if first_used is not None and lock_time.opens(window) <= utc(first_used) < deadline:
        return True
    return utc(now) < deadline
