"""What a SmartPIN is at a moment, and why one cannot be made: pure, on top of the codec in `smartpin`.

The dangerous direction: a status that promises less than the door does. The server knows a lock's windows, not whether it
has heard of a block; so BLOCKED says what is wanted, and `blockSync` whether the lock knows.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import smartpin
from domain.errors import InvalidInput, InvalidWindow, NoFreeWindow
from smartpin import EffectiveWindow, LockTime, Window, WindowFault


class SmartPinStatus(StrEnum):
    """DEAD for good: the lock got a new secret. Otherwise by time, and BLOCKED while its window is not over."""

    UPCOMING = "UPCOMING"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    ENDED = "ENDED"
    DEAD = "DEAD"


class NoSmartPins(StrEnum):
    """Why a lock takes none: they are switched off, or it never got a secret."""

    SWITCHED_OFF = "SWITCHED_OFF"
    NOT_PROVISIONED = "NOT_PROVISIONED"


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """A start and an end that could be asked for, in UTC."""

    opens_at: datetime
    closes_at: datetime


def status_of(
    *, opens_at: datetime, closes_at: datetime, blocked: bool, dead: bool, now: datetime
) -> SmartPinStatus:
    """The status at `now`; open for `opens_at <= now < closes_at`."""
    if dead:
        return SmartPinStatus.DEAD
    if closes_at <= now:
        return SmartPinStatus.ENDED
    if blocked:
        return SmartPinStatus.BLOCKED
    return SmartPinStatus.UPCOMING if now < opens_at else SmartPinStatus.ACTIVE


_WORDS = {
    WindowFault.OFF_THE_HOUR: "Start and end lie on the hour.",
    WindowFault.ENDED: "The end has passed.",
    WindowFault.TOO_FAR_AHEAD: "This starts too far ahead: the lock could not block it at its keypad.",
    WindowFault.TOO_SHORT: "A SmartPIN is open for an hour at least.",
    WindowFault.STARTED: "The start lies before the current hour.",
    WindowFault.TOO_LONG: "A SmartPIN is open for 365 days at most.",
    WindowFault.BETWEEN_FORMS: "More than 768 hours are 33 days at least, from 08:00 to 20:00.",
}


def fitted(
    opens_at: datetime, closes_at: datetime, *, now: datetime, lock_time: LockTime
) -> EffectiveWindow:
    """The window that a request gets. Raises InvalidWindow, and InvalidInput for a moment without an offset."""
    for field, value in (("opensAt", opens_at), ("closesAt", closes_at)):
        if value.utcoffset() is None:
            raise InvalidInput(field, "Give the offset from UTC with the time.")
    try:
        return smartpin.fit(opens_at, closes_at, now=now, lock_time=lock_time)
    except smartpin.InvalidWindow as refusal:
        nearest = tuple(WindowSpan(span.start, span.end) for span in refusal.nearest)
        words = _WORDS[refusal.fault]
        raise InvalidWindow(words, refusal.fault, nearest, refusal.limits) from None


def all_used(nearest: Window | None, lock_time: LockTime) -> NoFreeWindow:
    """The refusal where every code of a window is given out."""
    if nearest is None:
        return NoFreeWindow(())
    return NoFreeWindow([WindowSpan(lock_time.opens(nearest), lock_time.closes(nearest))])


def words_for_guest(
    code: str, *, site: str, lock: str, window: EffectiveWindow, zone: ZoneInfo
) -> str:
    """What the guest is told: the code as shown, the door, and when it opens, in the site's time."""
    opens, closes = (each.astimezone(zone) for each in (window.opens, window.closes))
    return (
        f"Your code for {lock}, {site}: {code}\n\n"
        "Type the ten digits and press Enter. "
        f"It opens from {opens:%Y-%m-%d %H:%M} until {closes:%Y-%m-%d %H:%M} ({zone.key}).\n\n"
        "For a shorter code of your own: within ten seconds after it has opened, type 4 to 8 digits and press Enter.\n"
    )
