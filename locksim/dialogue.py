"""What the next entry at the keypad is meant as: most stand alone, some follow from the one before.

It lives in RAM and for seconds: whoever walks away, cancels or loses power begins again. The
dangerous mistake is a door that keeps listening: the next person's PIN would be taken for the short
PIN of the guest before, or for a command.
"""

from dataclasses import dataclass
from enum import Enum, auto

from domain.access.pin_shape import SMARTPIN_LENGTH

SHORT_PIN_MS = 10_000
"""Milliseconds after an accepted SmartPIN in which its short PIN can be set."""
PROGRAMMING_MS = 10_000
"""Milliseconds in which the next entry of a function of the keypad must begin."""
SHORTEST_SHORT_PIN = 4
LONGEST_SHORT_PIN = 8
LONGEST_FUNCTION = 3
"""Digits of a function's number at most: fewer than any credential has."""


class Awaited(Enum):
    """What may follow the last entry."""

    NOTHING = auto()
    """The next entry stands alone."""
    SHORT_PIN = auto()
    """A SmartPIN was accepted: 4 to 8 digits within ten seconds are its short PIN."""
    FUNCTION = auto()
    """The programming code was typed: the number of a function comes next."""
    CODE_TO_BLOCK = auto()
    """Function 128 was chosen: the SmartPIN to block comes next."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What was said last, and when."""

    awaited: Awaited = Awaited.NOTHING
    smartpin: str = ""
    """The name of the accepted SmartPIN, for SHORT_PIN."""
    since_ms: int = 0
    """The uptime from which it is counted."""

    def meaning(self, length: int, *, began_ms: int, uptime_ms: int) -> Awaited:
        """As what an entry of this many digits is taken that began then and is finished now.

        What has another length than the one awaited is a credential of the next person's, so it stands alone.
        """
        if self.awaited is Awaited.SHORT_PIN:
            fits = SHORTEST_SHORT_PIN <= length <= LONGEST_SHORT_PIN
            in_time = uptime_ms - self.since_ms <= SHORT_PIN_MS
        else:
            function = self.awaited is Awaited.FUNCTION
            fits = length <= LONGEST_FUNCTION if function else length == SMARTPIN_LENGTH
            in_time = began_ms - self.since_ms <= PROGRAMMING_MS
        return self.awaited if fits and in_time else Awaited.NOTHING
