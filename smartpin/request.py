"""From the start and end that somebody asks for to the window that the format has.

The format has hours up to 768 and days from 33 to 365, and nothing else. A request either is such a
window, or is widened to one and told so, or is refused with the nearest that work.

A narrower window would leave a guest outside, and a wider one, unsaid, opens the door longer than
anybody knows. So an effective window always covers what was asked for, and says by how much it goes
beyond.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Final

from smartpin.errors import InvalidWindow, Span, WindowFault
from smartpin.locktime import ACTIVATION, CLOSES_AT, HOUR, OPENS_AT, LockTime, utc
from smartpin.windows import (
    CODE_EPOCH_DAYS,
    CODE_EPOCH_HOURS,
    MAX_DAYS,
    MAX_HOURS,
    MIN_DAYS,
    MIN_HOURS,
    Daily,
    Hourly,
    Window,
)

SUGGESTIONS: Final = 4
ZERO: Final = timedelta(0)
# Requests further off than this are judged as if they lay here: they are refused alike, and the
# arithmetic stays inside the years that datetime has.
FARTHEST: Final = timedelta(days=5 * CODE_EPOCH_DAYS)


@dataclass(frozen=True, slots=True)
class EffectiveWindow:
    """The window that a request gets.

    Attributes:
        window: what a code will say.
        opens, closes: its edges in UTC; open for ``opens <= now < closes``.
        activate_by: with the activation rule on, the code must first be used before this instant
            (UTC). Asked for without ``activation``, a window that was snapped to days may have one
            less than 24 hours after the start asked for.
        opens_early_by, closes_late_by: how far each edge was widened; zero where it was not.
    """

    window: Window
    opens: datetime
    closes: datetime
    activate_by: datetime
    opens_early_by: timedelta
    closes_late_by: timedelta

    @property
    def widened(self) -> bool:
        """Whether the window is wider than what was asked for. Tell the person who asked."""
        return self.opens_early_by > ZERO or self.closes_late_by > ZERO


def fit(
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    lock_time: LockTime,
    activation: bool = False,
) -> EffectiveWindow:
    """The window for a requested start and end.

    * Edges have to be on the hour, of the wall clock or of the lock's fixed offset. Where the two
      differ by half an hour (daylight saving on Lord Howe Island) an edge on the wall's hour is
      widened to the lock's.
    * Up to 768 hours: the hourly form. Hours are real ones, so 32 days over the autumn change of
      clocks are 769.
    * More: the daily form. The start goes back to the last 08:00 wall time, the end on to the next
      20:00, which have to be 33 to 365 days apart by date.
    * The start may lie in the current hour, the wall's or the lock's; for the daily form, in the
      day (08:00 to 08:00) of now.
    * The start lies at most in the next epoch, for the keypad can block no code beyond it.
    * No days where the wall is eight hours or more from the fixed offset: the lock would look for
      them in the wrong epoch (:meth:`LockTime.keeps_days`).

    Args:
        start, end: aware datetimes in any zone.
        now: the server's time, aware.
        lock_time: the lock's time settings.
        activation: whether codes have to be used within their first day at this lock. Then no start
            is snapped back so far that less than 24 hours from the start asked for are left of it.

    Raises InvalidWindow (there is no such window; carries the fault, the nearest, the limits) and
    ValueError (a naive datetime, or ``now`` before 2020).
    """
    now = utc(now)
    if lock_time.hour(now) < 0:
        raise ValueError("the format begins in 2020")
    asked = Span(_within_reach(start, now), _within_reach(end, now))
    fitted = _fit(asked, now, lock_time, activation)
    if isinstance(fitted, WindowFault):
        nearest = _nearest(asked, now, lock_time, activation)
        raise InvalidWindow(fitted, nearest, _days(fitted, asked, now, lock_time))
    return fitted


def may_start(window: Window, *, now: datetime, lock_time: LockTime) -> bool:
    """Whether a code for this window may be issued now.

    The window begins in the current hour, the wall's or the lock's, or later (daily: in the current day, 08:00 to 08:00,
    or later), at most in the next epoch, and has no days that the lock would look for in another epoch.
    """
    if isinstance(window, Hourly):
        begun = window.start < _running_hour(now, lock_time)
    else:
        begun = window.start < _start_day(now, lock_time)
    if begun or window.code_epoch > lock_time.code_epoch(now) + 1:
        return False
    return isinstance(window, Hourly) or lock_time.keeps_days(window)


def _fit(  # noqa: PLR0911 - one return for each fault, in the order of the faults
    asked: Span, now: datetime, lock_time: LockTime, activation: bool
) -> EffectiveWindow | WindowFault:
    if not all(_on_the_hour(edge, lock_time) for edge in asked):
        return WindowFault.OFF_THE_HOUR
    if asked.end <= now:
        return WindowFault.ENDED
    current_hour = _running_hour(now, lock_time)
    first, last = lock_time.hour(asked.start), _hour_up(asked.end, lock_time)
    if first // CODE_EPOCH_HOURS > lock_time.code_epoch(now) + 1:
        return WindowFault.TOO_FAR_AHEAD
    if asked.end - asked.start < MIN_HOURS * HOUR:
        return WindowFault.TOO_SHORT
    window: Window
    if last - first <= MAX_HOURS:
        if first < current_hour:
            return WindowFault.STARTED
        window = Hourly(first, last - first)
    else:
        start_day, end_day = _start_day(asked.start, lock_time), _end_day(asked.end, lock_time)
        if start_day < 0 or (first < current_hour and start_day < _start_day(now, lock_time)):
            return WindowFault.STARTED
        if end_day - start_day > MAX_DAYS:
            return WindowFault.TOO_LONG
        if end_day - start_day < MIN_DAYS:
            return WindowFault.BETWEEN_FORMS
        window = Daily(start_day, end_day - start_day)
        if not lock_time.keeps_days(window):
            return WindowFault.ZONE_TOO_FAR
        snapped = lock_time.opens(window) < asked.start
        left = lock_time.activation_deadline(window) - asked.start
        # A start at 08:00 itself has its whole first day, if only 23 hours on a night in spring.
        if activation and snapped and left < ACTIVATION:
            return WindowFault.ACTIVATION_TOO_SOON
    opens, closes = lock_time.opens(window), lock_time.closes(window)
    return EffectiveWindow(
        window=window,
        opens=opens,
        closes=closes,
        activate_by=lock_time.activation_deadline(window),
        opens_early_by=asked.start - opens,
        closes_late_by=closes - asked.end,
    )


def _days(fault: WindowFault, asked: Span, now: datetime, lock_time: LockTime) -> int | None:
    """How many days the request would need, where their number is the fault and it is known."""
    moved = any(abs(edge - now) > FARTHEST - HOUR for edge in asked)
    if moved or fault not in {WindowFault.TOO_LONG, WindowFault.BETWEEN_FORMS}:
        return None
    return _end_day(asked.end, lock_time) - _start_day(asked.start, lock_time)


def _within_reach(moment: datetime, now: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("an aware datetime is wanted")
    # Compared before anything is added to it: the year may be 1 or 9999.
    if moment < now - FARTHEST:
        return now.replace(minute=0, second=0, microsecond=0) - FARTHEST
    if moment > now + FARTHEST:
        return now.replace(minute=0, second=0, microsecond=0) + FARTHEST
    return utc(moment)


def _on_the_hour(moment: datetime, lock_time: LockTime) -> bool:
    _, clock = lock_time.wall(moment)
    on_the_wall = clock.minute == clock.second == clock.microsecond == 0
    return on_the_wall or lock_time.hour_begins(lock_time.hour(moment)) == moment


def _running_hour(now: datetime, lock_time: LockTime) -> int:
    """The first of the lock's hours in which the running hour lies, the lock's or that on the wall.

    Where they differ by half an hour, the wall's hour begins in one of the lock's hours and ends in
    the next.
    """
    _, clock = lock_time.wall(now)
    into_it = timedelta(minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
    begun = now - into_it
    # Right after a change of clocks by half an hour, that is no full hour on the wall.
    return lock_time.hour(begun if _on_the_hour(begun, lock_time) else now)


def _hour_up(moment: datetime, lock_time: LockTime) -> int:
    hour = lock_time.hour(moment)
    return hour if lock_time.hour_begins(hour) == moment else hour + 1


def _start_day(moment: datetime, lock_time: LockTime) -> int:
    day, clock = lock_time.wall(moment)
    return day if clock >= OPENS_AT else day - 1


def _end_day(moment: datetime, lock_time: LockTime) -> int:
    day, clock = lock_time.wall(moment)
    return day if clock <= CLOSES_AT else day + 1


def _nearest(asked: Span, now: datetime, lock_time: LockTime, activation: bool) -> tuple[Span, ...]:
    """Generate and test: what is suggested has been through :func:`_fit` and was not widened."""

    def distance(span: Span) -> tuple[timedelta, bool, datetime]:
        moved = abs(span.start - asked.start) + abs(span.end - asked.end)
        covers = span.start <= asked.start and asked.end <= span.end
        return moved, not covers, span.start

    works = []
    for span in sorted(set(_candidates(asked, now, lock_time)), key=distance):
        fitted = _fit(span, now, lock_time, activation)
        if isinstance(fitted, EffectiveWindow) and not fitted.widened:
            works.append(span)
            if len(works) == SUGGESTIONS:
                break
    return tuple(works)


def _candidates(asked: Span, now: datetime, lock_time: LockTime) -> Iterator[Span]:
    def opening(day: int) -> datetime:
        return lock_time.instant(day, OPENS_AT)

    def closing(day: int) -> datetime:
        return lock_time.instant(day, CLOSES_AT)

    current_hour = lock_time.hour(now)
    final_code_epoch = lock_time.code_epoch(now) + 1
    start_hour, end_hour = lock_time.hour(asked.start), _hour_up(asked.end, lock_time)
    length = max(end_hour - start_hour, MIN_HOURS)
    start_hours = {
        start_hour,
        start_hour + 1,
        current_hour,
        (final_code_epoch + 1) * CODE_EPOCH_HOURS - 1,
    }
    end_hours = {end_hour - 1, end_hour}
    start_day, end_day = _start_day(asked.start, lock_time), _end_day(asked.end, lock_time)
    start_days = {
        start_day,
        start_day + 1,
        _start_day(now, lock_time),
        (final_code_epoch + 1) * CODE_EPOCH_DAYS - 1,
    }
    end_days = {end_day - 1, end_day}

    hours = set(product(start_hours, end_hours))
    for reach in (MIN_HOURS, MAX_HOURS, length):
        hours |= {(first, first + reach) for first in start_hours}
        hours |= {(last - reach, last) for last in end_hours}
    days = set(product(start_days, end_days))
    for reach in (MIN_DAYS, MAX_DAYS, end_day - start_day):
        days |= {(first, first + reach) for first in start_days}
        days |= {(last - reach, last) for last in end_days}

    for first, last in hours:
        yield Span(lock_time.hour_begins(first), lock_time.hour_begins(last))
    for first, last in days:
        yield Span(opening(first), closing(last))
