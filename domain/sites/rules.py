"""What a site may be: its zone, its plan, its PIN policy."""

import unicodedata
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from domain.access.pin_shape import LONGEST, SHORTEST
from domain.errors import InvalidInput, PolicyViolation

_JOINERS = {0x200C: None, 0x200D: None}
_NO_PLACES = frozenset({"localtime", "Factory"})
"""Names of zones that mean something else on every machine."""


class SystemType(StrEnum):
    """The plan's architecture; it sets the default connectivity of new locks and no more."""

    EASY = "EASY"
    STANDARD = "STANDARD"
    ENTERPRISE = "ENTERPRISE"


def checked_name(name: str, field: str = "name", longest: int = 100) -> str:
    """The name, without outer blanks and with plain ones. Raises InvalidInput when empty, too long or unprintable.

    Joiners are part of scripts and of emoji; other invisible characters could make two names look alike.
    """
    name = "".join(" " if unicodedata.category(each) == "Zs" else each for each in name).strip()
    shown = name.translate(_JOINERS)
    if not shown or len(name) > longest or not shown.isprintable():
        raise InvalidInput(field, f"Give 1 to {longest} printable characters.")
    return name


def checked_zone(name: str) -> ZoneInfo:
    """The IANA time zone. Raises InvalidInput for anything that is not one."""
    try:
        if name in available_timezones() - _NO_PLACES:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        pass
    raise InvalidInput("timezone", "Give an IANA time zone, such as Europe/Rome.")


def check_pin_policy(minimum: int, maximum: int, automatic: int, guess_limit: int) -> None:
    """Raises PolicyViolation unless minimum <= automatic <= maximum, all are lengths that a keypad takes, and the guess
    limit is between one chance in 100 and one in 1,000,000.
    """
    if not SHORTEST <= minimum <= maximum <= LONGEST:
        raise PolicyViolation(
            "pinPolicy", f"PIN lengths are {SHORTEST} to {LONGEST}, the shortest first."
        )
    if not minimum <= automatic <= maximum:
        raise PolicyViolation("pinPolicy", "Generated PINs must be as long as the policy allows.")
    if not 100 <= guess_limit <= 1_000_000:
        raise PolicyViolation(
            "pinPolicy", "guessLimit is one chance in 100 to one chance in 1,000,000 for ten tries."
        )
