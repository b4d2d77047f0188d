"""What a lock tells of itself, as `reportLock` takes it.

Why: the event log is what people believe about a door. A mistake is dangerous when an event is lost
or made up: so each has a sequence number under the state id of the lock's disk, a report is read
strictly, and "the lock had no time" is said and not filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self, TypeVar

from domain.access.decision import DenialReason
from domain.link.wire import Malformed, encode_moment, identifier, integer, items, text

_FIELDS = frozenset(
    {"stateId", "sequence", "at", "kind", "method", "entryId", "commandId", "reasons"}
)
_E = TypeVar("_E", bound=StrEnum)


class LockEventKind(StrEnum):
    """What happened at the lock. Append only: locks in the field know these names."""

    OPENED = "OPENED"
    DENIED = "DENIED"
    LOCKOUT_STARTED = "LOCKOUT_STARTED"
    LOCKOUT_ENDED = "LOCKOUT_ENDED"
    CLOCK_SET = "CLOCK_SET"
    """By sealed time, forwards or backwards."""
    CLOCK_LOST = "CLOCK_LOST"
    """A restart below the highest time trusted: the lock has no time."""
    STARTED = "STARTED"
    COMMAND_REFUSED = "COMMAND_REFUSED"
    CARD_PRESENTED = "CARD_PRESENTED"
    SHORT_PIN_SET = "SHORT_PIN_SET"
    SHORT_PIN_DROPPED = "SHORT_PIN_DROPPED"
    """An equal PIN arrived by synchronisation."""
    SMARTPIN_BLOCKED = "SMARTPIN_BLOCKED"
    """At the keypad."""
    OUT_OF_STEP = "OUT_OF_STEP"
    """Written by the server: the lock said that it has what nobody wanted; it gets everything anew."""
    DELIVERY_REFUSED = "DELIVERY_REFUSED"
    """It could not be read or applied; nothing changed."""


class OpeningMethod(StrEnum):
    """By what the door was opened, or asked to open. Append only."""

    PIN = "PIN"
    SMARTPIN = "SMARTPIN"
    SHORT_PIN = "SHORT_PIN"
    PHONE = "PHONE"
    REMOTE = "REMOTE"


@dataclass(frozen=True)
class LockEventBody:
    """One event. (lock, state id, sequence) names it: sent twice, it is recorded once."""

    state_id: str
    """Random, made with the lock's empty disk."""
    sequence: int
    """From 1, without gaps, under one state id."""
    at: datetime | None
    """None: the lock had no time."""
    kind: LockEventKind
    method: OpeningMethod | None = None
    entry_id: str | None = None
    """The PIN's entry, when one was recognised."""
    command_id: str | None = None
    reasons: tuple[DenialReason, ...] = ()

    def to_report(self) -> dict[str, object]:
        """As `ReportLockInput.events` takes it; `at` is ISO 8601 in UTC."""
        return {
            "stateId": self.state_id,
            "sequence": self.sequence,
            "at": None if self.at is None else encode_moment(self.at),
            "kind": self.kind.value,
            "method": None if self.method is None else self.method.value,
            "entryId": self.entry_id,
            "commandId": self.command_id,
            "reasons": [reason.value for reason in self.reasons],
        }

    @classmethod
    def from_report(cls, report: Mapping[str, object]) -> Self:
        """Raises `Malformed`, naming the field.

        `method`, `entryId`, `commandId` and `reasons` may be left out; `at` may not, since "no
        time" is something that a lock says. Any offset is understood.
        """
        if not report.keys() <= _FIELDS:
            raise Malformed("event", "must have no other field")
        if "at" not in report:
            raise Malformed("event.at", "is missing")
        reasons = items(report.get("reasons", []), "event.reasons", len(DenialReason))
        method = report.get("method")
        return cls(
            state_id=identifier(report.get("stateId"), "event.stateId"),
            sequence=integer(report.get("sequence"), "event.sequence", 1),
            at=_moment(report["at"]),
            kind=_member(LockEventKind, report.get("kind"), "event.kind"),
            method=None if method is None else _member(OpeningMethod, method, "event.method"),
            entry_id=_optional_identifier(report.get("entryId"), "event.entryId"),
            command_id=_optional_identifier(report.get("commandId"), "event.commandId"),
            reasons=tuple(_member(DenialReason, each, "event.reasons") for each in reasons),
        )


def _moment(value: object) -> datetime | None:
    """In UTC, or None for null."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, datetime) and moment.utcoffset() is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Malformed("event.at", "must be a moment with an offset")


def _optional_identifier(value: object, field: str) -> str | None:
    return None if value is None else identifier(value, field)


def _member(names: type[_E], value: object, field: str) -> _E:
    try:
        return names(text(value, field))
    except ValueError:
        raise Malformed(field, "must be a known name") from None
