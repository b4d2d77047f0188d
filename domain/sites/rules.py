"""What a site may be: its zone, its plan, its PIN policy."""

from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from domain.errors import InvalidInput, PolicyViolation


class SystemType(StrEnum):
    """The plan's architecture; it sets the default connectivity of new locks and no more."""

    EASY = "EASY"
    STANDARD = "STANDARD"
    ENTERPRISE = "ENTERPRISE"


def checked_name(name: str, field: str = "name", longest: int = 100) -> str:
    """The name without outer blanks. Raises InvalidInput when empty, too long or unprintable."""
    name = name.strip()
    if not name or len(name) > longest or not name.isprintable():
        raise InvalidInput(field, f"Give 1 to {longest} printable characters.")
    return name


def checked_zone(name: str) -> ZoneInfo:
    """The IANA time zone. Raises InvalidInput for anything that is not one."""
    try:
        if name in available_timezones():
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        pass
    raise InvalidInput("timezone", "Give an IANA time zone, such as Europe/Rome.")


def check_pin_policy(minimum: int, maximum: int, automatic: int, guess_limit: int) -> None:
    """Raises PolicyViolation unless 4 <= minimum <= automatic <= maximum <= 9 and 1/100 is the loosest guess limit."""
    if not 4 <= minimum <= maximum <= 9:
        raise PolicyViolation("pinPolicy", "PIN lengths are 4 to 9, the shortest first.")
    if not minimum <= automatic <= maximum:
        raise PolicyViolation("pinPolicy", "Generated PINs must be as long as the policy allows.")
    if not 100 <= guess_limit <= 1_000_000:
        raise PolicyViolation(
            "pinPolicy", "guessLimit is one chance in 100 to one chance in 1,000,000 for ten tries."
        )
