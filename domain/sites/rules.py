"""What a site may be: its zone, its plan, its PIN policy."""

import re
import unicodedata
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from domain.access.pin_shape import LONGEST, SHORTEST
from domain.errors import InvalidInput, PolicyViolation

_JOINERS = {0x200C: None, 0x200D: None}
_NO_PLACES = frozenset({"localtime", "Factory"})
"""Names of zones that mean something else on every machine."""
LONGEST_RETENTION_DAYS = 3_650
LONGEST_RELEASE_MINUTES = 7 * 24 * 60
LONGEST_LEASE_MINUTES = 24 * 60


class SystemType(StrEnum):
    """The plan's architecture; it sets the default connectivity of new locks and no more."""

    EASY = "EASY"
    STANDARD = "STANDARD"
    ENTERPRISE = "ENTERPRISE"


class SiteFeature(StrEnum):
    """An add-on of a site's plan."""

    INVITATIONS = "INVITATIONS"
    CUSTOM_PINS = "CUSTOM_PINS"


def checked_name(name: str, field: str = "name", longest: int = 100) -> str:
    """The name without blanks around it, and with plain spaces inside. Raises InvalidInput for one that is
    empty, too long or unprintable.

    Joiners are part of scripts and of emoji; other invisible characters could make two names look alike.
    """
    name = "".join(" " if unicodedata.category(each) == "Zs" else each for each in name).strip()
    shown = name.translate(_JOINERS)
    if not shown or len(name) > longest or not shown.isprintable():
        raise InvalidInput(field, f"Give 1 to {longest} printable characters.")
    return name


_ADDRESS_IN_NAME = re.compile(
    r"""://|\b(?:https?|mailto|javascript|data)\s*:      # a URL's beginning
    |[^\s.]\.(?:xn--|[^\W\d_]{2})                       # a host name: a dot with two letters right after it
    |\bwww\.
    |\b\d{1,3}(?:\.\d{1,3}){3}\b                        # an IPv4 address
    |[^\s@]@[^\s@]""",  # an e-mail address
    re.VERBOSE | re.IGNORECASE,
)


def checked_site_name(name: str) -> str:
    """A site's name, which is written in letters to people who may not know the site: no URL and no e-mail address in it.

    Mail programs make links of what looks like one. Raises InvalidInput.
    """
    name = checked_name(name)
    if _names_an_address(name):
        raise InvalidInput(
            "name",
            "A site's name stands in letters: no URL and no e-mail address may be in it. Put a blank after a dot.",
        )
    return name


def name_in_letters(name: str) -> str:
    """The site's name, or "a site" for one with an address in it, given before names were checked."""
    return "a site" if _names_an_address(name) else name


def _names_an_address(name: str) -> bool:
    """Whether programs may find an address in the name, as they read it (NFKC, and the full stops of RFC 3490, 3.1).

    Marks are left out: many scripts write vowels as marks, and one behind a full stop would hide the letter after it.
    """
    plain = unicodedata.normalize("NFKC", name.translate(_JOINERS)).replace("\u3002", ".")
    letters = "".join(each for each in plain if not unicodedata.category(each).startswith("M"))
    return _ADDRESS_IN_NAME.search(letters) is not None


@cache
def _places() -> frozenset[str]:
    """The zones of this machine: looked up once, as that reads hundreds of files."""
    return frozenset(available_timezones()) - _NO_PLACES


def checked_zone(name: str) -> ZoneInfo:
    """The IANA time zone. Raises InvalidInput for anything that is not one."""
    try:
        if name in _places():
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        pass
    raise InvalidInput("timezone", "Give an IANA time zone, such as Europe/Rome.")


def checked_release(minutes: int | None) -> int | None:
    """After how many minutes a lockout ends by itself; None: never. Raises InvalidInput outside 1 to 10,080, a week."""
    if minutes is not None and not 1 <= minutes <= LONGEST_RELEASE_MINUTES:
        raise InvalidInput(
            "lockout_release_minutes", f"Give 1 to {LONGEST_RELEASE_MINUTES} minutes, or null."
        )
    return minutes


def checked_lease_minutes(minutes: int) -> int:
    """For how many minutes a lease opens. Raises InvalidInput outside 1 to 1,440, a day."""
    if not 1 <= minutes <= LONGEST_LEASE_MINUTES:
        raise InvalidInput("lease_minutes", f"Give 1 to {LONGEST_LEASE_MINUTES} minutes.")
    return minutes


def checked_retention(days: int | None) -> int | None:
    """For how many days events are kept; None: for good. Raises InvalidInput outside 1 to 3,650, ten years."""
    if days is not None and not 1 <= days <= LONGEST_RETENTION_DAYS:
        raise InvalidInput(
            "event_retention_days", f"Give 1 to {LONGEST_RETENTION_DAYS} days, or null: for good."
        )
    return days


def check_pin_policy(minimum: int, maximum: int, automatic: int, guess_limit: int) -> None:
    """Raises PolicyViolation, naming the field, unless minimum <= automatic <= maximum, all are lengths that a keypad takes,
    and the guess limit is between one chance in 100 and one in 1,000,000.
    """
    for field, length in (("pin_policy.min_length", minimum), ("pin_policy.max_length", maximum)):
        if not SHORTEST <= length <= LONGEST:
            raise PolicyViolation(field, f"PINs have {SHORTEST} to {LONGEST} digits.")
    if minimum > maximum:
        raise PolicyViolation(
            "pin_policy.min_length", "The fewest digits are no more than the most."
        )
    if not minimum <= automatic <= maximum:
        raise PolicyViolation(
            "pin_policy.auto_length", "Generated PINs must be as long as the policy allows."
        )
    if not 100 <= guess_limit <= 1_000_000:
        raise PolicyViolation(
            "pin_policy.guess_limit",
            "The guess limit is one chance in 100 to one chance in 1,000,000 for ten tries.",
        )
