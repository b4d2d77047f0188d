"""The access decision: may this credential open now, and if not, every reason why not.

The lock decides with it at the door and the server explains with it, so they cannot disagree. A
check returns a value, never a bare truth, because a denial without its reasons cannot be explained.
With no rule or no trusted time the answer is a denial. The reasons are written to events and logs that
outlive the code: append to them, never rename or remove one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.access.schedule import Schedule, Weekday


class DenialReason(StrEnum):
    """Why a door stayed shut."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> "DenialReason":
        """`meaning` is what it says to people, and so stands in the schema too."""
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.meaning = meaning
        return reason

    NOT_YET_VALID = "NOT_YET_VALID", "The schedule has not begun."
    ENDED = "ENDED", "The schedule is over."
    WRONG_WEEKDAY = "WRONG_WEEKDAY", "The day, in the site's zone, is not one of the schedule's."
    OUTSIDE_SLOT = "OUTSIDE_SLOT", "The wall time, in the site's zone, is outside the daily slot."
    NO_TIME = "NO_TIME", "The lock's clock is not trusted, and the answer depends on time."
    NO_RULE = "NO_RULE", "Nothing grants this lock."
    BLOCKED = "BLOCKED", "The credential is blocked."
    UNKNOWN_CREDENTIAL = "UNKNOWN_CREDENTIAL", "The lock holds no such credential."
    PIN_MODE_OFF = "PIN_MODE_OFF", "PIN mode is off at the reader."
    PIN_LOCKOUT = "PIN_LOCKOUT", "PIN entry is disabled after too many wrong entries."
    SMARTPIN_OFF = "SMARTPIN_OFF", "SmartPINs are not enabled on the lock."
    STALE_COMMAND = (
        "STALE_COMMAND",
        "The command came too late, or carries a nonce that the lock no longer takes.",
    )
    REPLAYED_COMMAND = "REPLAYED_COMMAND", "The lock has already carried out a command of this id."
    WRONG_LENGTH = "WRONG_LENGTH", "The entry has a number of digits that no credential has."
    NOT_ACCEPTED = (
        "NOT_ACCEPTED",
        "A short PIN set at the door is weak or taken; which of the two is not said.",
    )
    UNKNOWN_CARD = "UNKNOWN_CARD", "The card presented is not the one paired with the lock."
    STALE_NONCE = (
        "STALE_NONCE",
        "The phone answered a hello of the lock that was too old, or was answered before.",
    )
    FOREIGN_LEASE = (
        "FOREIGN_LEASE",
        "The phone's lease is not for this lock in its present life, or was damaged.",
    )
    FOREIGN_KEY = "FOREIGN_KEY", "The phone did not prove the key that its lease is for."
    LOCK_BEHIND = "LOCK_BEHIND", "The lock lacks changes that the phone's lease asks for."


_ORDER = {reason: place for place, reason in enumerate(DenialReason)}


@dataclass(frozen=True, slots=True)
class Granted:
    """The door may open."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The door stays shut.

    `reasons` holds each reason once, in the order in which DenialReason declares them.

    Raises ValueError when there is no reason: a denial that explains nothing is a bug.
    """

    reasons: tuple[DenialReason, ...]

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a denial needs a reason")
        object.__setattr__(
            self, "reasons", tuple(sorted(set(self.reasons), key=_ORDER.__getitem__))
        )

    @classmethod
    def because(cls, *reasons: DenialReason) -> "Denied":
        """A denial for these reasons. Raises ValueError when there is none."""
        return cls(reasons)


Decision = Granted | Denied
GRANTED = Granted()


def check_schedule(schedule: Schedule, zone: ZoneInfo, now: datetime | None) -> Decision:
    """Whether the schedule opens at the moment `now` in the site's zone.

    `now` is aware; None means that the time is not trusted, and then only an unlimited schedule
    opens. Every reason that holds is given. Raises ValueError for a moment without an offset.
    """
    if schedule.unlimited:
        return GRANTED
    if now is None:
        return Denied.because(DenialReason.NO_TIME)
    if now.utcoffset() is None:
        raise ValueError("now needs an offset from UTC")
    now = now.astimezone(UTC)
    wall = now.astimezone(zone)
    day = schedule.day_of(wall)
    reasons = []
    if not schedule.begins_by(day, now):
        reasons.append(DenialReason.NOT_YET_VALID)
    if not schedule.lasts_beyond(day, now):
        reasons.append(DenialReason.ENDED)
    if Weekday.from_date(day) not in schedule.weekdays:
        reasons.append(DenialReason.WRONG_WEEKDAY)
    if schedule.slot is not None and not schedule.slot.contains(wall.time()):
        reasons.append(DenialReason.OUTSIDE_SLOT)
    return Denied(tuple(reasons)) if reasons else GRANTED


def decide(grants: Iterable[Schedule], zone: ZoneInfo, now: datetime | None) -> Decision:
    """Whether any of the schedules opens now: one is enough.

    Otherwise the reasons of all of them, or NO_RULE where there is none.
    """
    reasons: list[DenialReason] = []
    for schedule in grants:
        decision = check_schedule(schedule, zone, now)
        if isinstance(decision, Granted):
            return decision
        reasons.extend(decision.reasons)
    return Denied(tuple(reasons) or (DenialReason.NO_RULE,))
