"""What can be refused, and what each refusal says.

A refusal names the nearest values that work, because one that only says "invalid" ends in a support
call. No exception here carries a code: a message that repeats its digits would put them into a log.
"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum
from typing import Final, NamedTuple

from smartpin.locktime import CLOSES_AT, OPENS_AT
from smartpin.windows import MAX_DAYS, MAX_HOURS, MIN_DAYS, MIN_HOURS, Window


class SmartPinError(Exception):
    """Base of all that this package refuses about somebody's input."""


class MalformedCode(SmartPinError):
    """What was typed is not ten decimal digits. Says nothing about the digits themselves."""

    def __init__(self) -> None:
        super().__init__("a SmartPIN has ten digits")


class WindowFault(Enum):
    """Why a requested start and end make no window; the first that applies, in this order."""

    OFF_THE_HOUR = "start or end is not on the hour"
    ENDED = "the end has passed"
    TOO_FAR_AHEAD = "starts later than the lock could block it at the keypad"
    TOO_SHORT = "less than one hour"
    STARTED = "the start lies before the current hour"
    TOO_LONG = "from 08:00 on the first day to 20:00 on the last, more than 365 days apart"
    BETWEEN_FORMS = "more than 768 hours, yet fewer than 33 days from start day to end day"
    ZONE_TOO_FAR = "days in a zone eight hours or more from the lock's fixed offset"
    ACTIVATION_TOO_SOON = "days that would have to be used within 24 hours of the start asked for"


class Span(NamedTuple):
    """A start and an end, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """What windows there are. Hours for the hourly form, days and wall times for the daily one."""

    min_hours: int = MIN_HOURS
    max_hours: int = MAX_HOURS
    min_days: int = MIN_DAYS
    max_days: int = MAX_DAYS
    opens_at: time = OPENS_AT
    closes_at: time = CLOSES_AT


LIMITS: Final = Limits()


class InvalidWindow(SmartPinError):
    """The requested start and end make no window.

    Attributes:
        fault: why.
        nearest: spans that work as they stand, nearest first, at most four, never none.
        limits: what windows there are.
        days: how many days lie between the dates of the 08:00 and the 20:00 that would cover the
            request; ``None`` unless that is what is wrong with it, or if it reaches further than
            five epochs.
    """

    def __init__(
        self, fault: WindowFault, nearest: tuple[Span, ...], days: int | None = None
    ) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.nearest = nearest
        self.days = days
        self.limits = LIMITS


class NoFreeWindow(SmartPinError):
    """Every variant of the window is used.

    Attributes:
        window: the window asked for.
        nearest: the nearest one of the same form with an unused variant; ``None`` if there is none
            within the search limit.
    """

    def __init__(self, window: Window, nearest: Window | None) -> None:
        super().__init__("every code of this window is in use")
        self.window = window
        self.nearest = nearest
