"""Which window a SmartPIN gets, why one cannot be made, and what its guest is told: on top of the codec in `smartpin`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import smartpin
from domain.errors import InvalidInput, InvalidWindow, NoFreeWindow
from smartpin import EffectiveWindow, LockTime, Window, WindowFault


class NoSmartPins(StrEnum):
    """Why a lock takes none: they are switched off, or it never got a secret."""

    SWITCHED_OFF = "SWITCHED_OFF"
    NOT_PROVISIONED = "NOT_PROVISIONED"


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """A start and an end that could be asked for, in UTC."""

    starts_at: datetime
    ends_at: datetime


_DAYS = "Beyond 768 hours a SmartPIN runs from 08:00 on its first day to 20:00 on its last, which are 33 to 365 days apart."
_WORDS = {
    WindowFault.OFF_THE_HOUR: "Start and end lie on the hour.",
    WindowFault.ENDED: "The end has passed.",
    WindowFault.TOO_FAR_AHEAD: "This starts too far ahead: the lock could not block it at its keypad.",
    WindowFault.TOO_SHORT: "A SmartPIN is open for an hour at least.",
    WindowFault.STARTED: "The start lies before the current hour.",
    WindowFault.TOO_LONG: _DAYS,
    WindowFault.BETWEEN_FORMS: _DAYS,
    WindowFault.ZONE_TOO_FAR: "The site's time zone is eight hours or more from the offset in which this lock counts hours, "
    "so no days can be given, only hours, 768 at most. Provision this lock again.",
    WindowFault.ACTIVATION_TOO_SOON: "Codes must be used within their first day here, and beyond 768 hours that day begins "
    "at 08:00: from this start on, less than 24 hours of it would be left.",
}


def _words(refusal: smartpin.InvalidWindow) -> str:
    """What is wrong, and how many days the request touches where their number is what is wrong."""
    apart = (
        "" if refusal.days is None else f" This request touches days that are {refusal.days} apart."
    )
    return _WORDS[refusal.fault] + apart


def fitted(
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
    lock_time: LockTime,
    activation: bool = False,
) -> EffectiveWindow:
    """The window that a request gets; `activation` says whether codes must be used within their first day.

    Raises InvalidWindow, and InvalidInput for a moment without an offset.
    """
    for field, value in (("starts_at", starts_at), ("ends_at", ends_at)):
        if value.utcoffset() is None:
            raise InvalidInput(field, "Give the offset from UTC with the time.")
    try:
        return smartpin.fit(starts_at, ends_at, now=now, lock_time=lock_time, activation=activation)
    except smartpin.InvalidWindow as refusal:
        nearest = tuple(WindowSpan(span.start, span.end) for span in refusal.nearest)
        raise InvalidWindow(_words(refusal), refusal.fault, nearest, refusal.limits) from None


def all_used(nearest: Window | None, lock_time: LockTime) -> NoFreeWindow:
    """The refusal where every code of a window is given out."""
    if nearest is None:
        return NoFreeWindow(())
    return NoFreeWindow([WindowSpan(lock_time.opens(nearest), lock_time.closes(nearest))])


def activation_missed(
    *, starts_at: datetime, activate_by: datetime, first_used_at: datetime | None, now: datetime
) -> bool:
    """Whether the deadline for the first use has passed without one, as far as the lock has told."""
    used = first_used_at is not None and starts_at <= first_used_at < activate_by
    return activate_by <= now and not used


def on_the_wall(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as a clock in the zone shows it; with the offset from UTC in the hour that the clock shows twice."""
    local = moment.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    day, clock_and_offset = local.isoformat(timespec="minutes").split("T")
    offset = f" (UTC{clock_and_offset[5:]})" if twice else ""
    return f"{day} {clock_and_offset[:5]}{offset}"


def words_for_guest(
    code: str,
    *,
    site: str,
    lock: str,
    window: EffectiveWindow,
    activate_by: datetime | None,
    zone: ZoneInfo,
) -> str:
    """What the guest is told: the code as shown, the door, when it opens and by when it must be used, in the site's time."""
    opens, closes = (on_the_wall(each, zone) for each in (window.opens, window.closes))
    first_use = (
        ""
        if activate_by is None
        else f"Use it for the first time before {on_the_wall(activate_by, zone)}, or it will not open any more.\n\n"
    )
    return (
        f"Your code for {lock}, {site}: {code}\n\n"
        f"Type the ten digits and press Enter. It opens from {opens} until {closes} ({zone.key}).\n\n"
        f"{first_use}"
        "For a shorter code of your own: within ten seconds after it has opened, type 4 to 8 digits and press Enter.\n"
    )
