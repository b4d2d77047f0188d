"""Why an existing credential may not open a door: what the lock lacks at this moment. Pure.

Nothing is refused by these: a door may get its network, its settings or a keypad later, and tags hold other doors tomorrow.
But nobody should hand out what cannot open yet without having been warned.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

NAMED_AT_MOST = 5


class WarningCode(StrEnum):
    """What is in the way; a code never changes its meaning, and others may be added."""

    LOCK_WITHOUT_KEYPAD = "LOCK_WITHOUT_KEYPAD"
    LOCK_NEVER_SET_UP = "LOCK_NEVER_SET_UP"
    LOCK_HAS_NO_NETWORK = "LOCK_HAS_NO_NETWORK"
    LOCK_TOO_OLD = "LOCK_TOO_OLD"
    LOCK_MAY_BE_TOO_OLD = "LOCK_MAY_BE_TOO_OLD"
    SETTING_NOT_ON_LOCK = "SETTING_NOT_ON_LOCK"
    ALREADY_OVER = "ALREADY_OVER"
    LEASE_STILL_OPENS = "LEASE_STILL_OPENS"


_WORDS = {
    WarningCode.LOCK_WITHOUT_KEYPAD: "There is no keypad to type digits on",
    WarningCode.LOCK_NEVER_SET_UP: "The lock has not proven a secret yet, so it knows of nothing",
    WarningCode.LOCK_HAS_NO_NETWORK: "The lock has no network: it hears of changes from phones that are held to it, and "
    "opens for them alone",
    WarningCode.LOCK_TOO_OLD: "The firmware cannot hold a PIN mode for each keypad, so it is off at all of them",
    WarningCode.LOCK_MAY_BE_TOO_OLD: "The lock has not said whether it can hold a PIN mode for each keypad; if not, it "
    "will be off at all of them",
    WarningCode.SETTING_NOT_ON_LOCK: "The lock is not known to take such digits: it has not told that the setting is on",
    WarningCode.ALREADY_OVER: "No time is left at which this opens",
    WarningCode.LEASE_STILL_OPENS: "A phone that was at the door may still open until its lease ends",
}


class Way(StrEnum):
    """How a credential opens a door: each way needs other things of the lock."""

    PIN = "PIN"
    SMART_PIN = "SMART_PIN"
    PHONE = "PHONE"


@dataclass(frozen=True, slots=True)
class Door:
    """What is known of a lock. `takes_pins` and `smart_pins_of` say what it holds, as it has told or was provisioned, not
    what is wanted; the latter are the incarnations under which it takes SmartPINs. `too_old`: its settings need what its
    firmware does not read; None: it has not said what it reads.
    """

    lock_id: UUID
    name: str
    has_keypad: bool
    has_network: bool
    set_up: bool
    takes_pins: bool
    smart_pins_of: frozenset[str]
    too_old: bool | None = False


Lack = tuple[WarningCode, Door | None]
"""One thing in the way at one door; at None: at whatever door there may be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in the way, with a `message` for people, and at which locks."""

    code: WarningCode
    message: str
    lock_ids: frozenset[UUID]


def lacks(door: Door, way: Way, *, incarnation: str | None = None) -> Iterator[Lack]:
    """What keeps a credential from opening this door in this way; `incarnation` is the one that a SmartPIN is for.

    A SmartPIN needs no network, and without a keypad nothing else matters to digits.
    """
    if way is not Way.PHONE and not door.has_keypad:
        yield WarningCode.LOCK_WITHOUT_KEYPAD, door
        return
    if not door.set_up:
        yield WarningCode.LOCK_NEVER_SET_UP, door
    if way is not Way.SMART_PIN and not door.has_network:
        yield WarningCode.LOCK_HAS_NO_NETWORK, door
    takes = {
        Way.PIN: door.takes_pins,
        Way.SMART_PIN: incarnation in door.smart_pins_of,
        Way.PHONE: True,
    }
    if way is Way.PIN and door.too_old is not False:
        yield too_old(door)
    if not takes[way] and not (way is Way.PIN and door.too_old):
        yield WarningCode.SETTING_NOT_ON_LOCK, door


def too_old(door: Door) -> Lack:
    """That the door's firmware has no PIN mode for each keypad, or may have none."""
    if door.too_old is None:
        return WarningCode.LOCK_MAY_BE_TOO_OLD, door
    return WarningCode.LOCK_TOO_OLD, door


def findings(found: Iterable[Lack]) -> list[Finding]:
    """Each thing once, with all the doors where it is in the way."""
    doors: dict[WarningCode, dict[UUID, Door]] = {}
    for code, door in found:
        at = doors.setdefault(code, {})
        if door is not None:
            at[door.lock_id] = door
    return [
        Finding(code, _message(code, doors[code].values()), frozenset(doors[code]))
        for code in WarningCode
        if code in doors
    ]


def still_opens_message(names: Iterable[str], ends_at: datetime) -> str:
    """The message of leases that still open at these locks, until a moment."""
    last = f"{ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC at the latest"
    return _named(f"{_WORDS[WarningCode.LEASE_STILL_OPENS]}, {last}", sorted(names))


def _message(code: WarningCode, doors: Iterable[Door]) -> str:
    return _named(_WORDS[code], sorted(door.name for door in doors))


def _named(words: str, names: Sequence[str]) -> str:
    if not names:
        return f"{words}."
    more = len(names) - NAMED_AT_MOST
    others = f" and {more} more" if more > 0 else ""
    return f"{words}: {', '.join(names[:NAMED_AT_MOST])}{others}."
