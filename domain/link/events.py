"""What a lock tells of itself, as `reportLock` takes it.

The event log is what people believe about a door, so no event is lost or made up: each has a sequence
number under the state id of the lock's disk, what cannot be read is refused by name and one event at
a time, and "the lock had no time" is not filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self, TypeVar

from domain.access.decision import DenialReason
from domain.link.wire import Malformed, encode_moment, identifier, integer, items, text

MAX_REASONS = 64
"""Reasons of one event at most, known or not."""
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
    """Written by the server: the lock said that it has what it was never sent; it gets everything anew."""
    DELIVERY_REFUSED = "DELIVERY_REFUSED"
    """It could not be read or applied; nothing changed."""
    EVENTS_DROPPED = "EVENTS_DROPPED"
    """The lock had no room for `count` events and did not record them; no number was used up."""
    EVENTS_MISSING = "EVENTS_MISSING"
    """Written by the server: `count` numbers before the next event were never reported."""
    EVENT_REFUSED = "EVENT_REFUSED"
    """Written by the server in place of an event that it could not read."""


class OpeningMethod(StrEnum):
    """By what the door was opened, or asked to open. Append only."""

    PIN = "PIN"
    SMARTPIN = "SMARTPIN"
    SHORT_PIN = "SHORT_PIN"
    PHONE = "PHONE"
    REMOTE = "REMOTE"


SERVER_EVENTS = frozenset(
    {LockEventKind.OUT_OF_STEP, LockEventKind.EVENTS_MISSING, LockEventKind.EVENT_REFUSED}
)
"""What a lock cannot know, and so does not report."""


class EventRefusal(StrEnum):
    """Why the server does not take an event. Append only: locks in the field know these names."""

    MALFORMED = "MALFORMED"
    """A field is not what it must be."""
    UNKNOWN_NAME = "UNKNOWN_NAME"
    """A kind, method or reason that this server does not know."""
    SERVER_KIND = "SERVER_KIND"
    """A kind that only the server writes."""
    OTHER_STATE = "OTHER_STATE"
    """The events of one report have one state id."""


class EventRefused(Malformed):
    """One event cannot be taken; `code` says why, `field` where."""

    def __init__(self, code: EventRefusal, field: str, expected: str) -> None:
        super().__init__(field, expected)
        self.code = code


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
    count: int | None = None
    """Of EVENTS_DROPPED: how many."""
    delivery_id: str | None = None
    """Of DELIVERY_REFUSED: which, if it could be opened."""
    lease_id: str | None = None
    """Of OPENED and DENIED by a phone: its lease, if that could be opened."""

    def to_report(self) -> dict[str, object]:
        """As `ReportLockInput.events` takes it; `at` is ISO 8601 in UTC."""
        report: dict[str, object] = {
            "stateId": self.state_id,
            "sequence": self.sequence,
            "at": None if self.at is None else encode_moment(self.at),
            "kind": self.kind.value,
            "method": None if self.method is None else self.method.value,
            "entryId": self.entry_id,
            "commandId": self.command_id,
            "reasons": [reason.value for reason in self.reasons],
        }
        if self.count is not None:
            report["count"] = self.count
        if self.delivery_id is not None:
            report["deliveryId"] = self.delivery_id
        if self.lease_id is not None:
            report["leaseId"] = self.lease_id
        return report

    @classmethod
    def from_report(cls, report: object) -> Self:
        """Raises EventRefused and Malformed, naming the field.

        What is left out is null, but for `stateId`, `sequence` and `kind`, and for the `count` of what was dropped. Any
        offset is understood. A field that is not listed is one of a newer lock, and is passed over.
        """
        if not isinstance(report, Mapping):
            raise Malformed("event", "must be an object")
        kind = _member(LockEventKind, report.get("kind"), "event.kind")
        if kind in SERVER_EVENTS:
            raise EventRefused(
                EventRefusal.SERVER_KIND, "event.kind", "is one that only the server writes"
            )
        method, reasons = report.get("method"), report.get("reasons")
        reasons = [] if reasons is None else items(reasons, "event.reasons", MAX_REASONS)
        dropped = kind is LockEventKind.EVENTS_DROPPED
        return cls(
            state_id=identifier(report.get("stateId"), "event.stateId"),
            sequence=integer(report.get("sequence"), "event.sequence", 1),
            at=moment_of(report.get("at")),
            kind=kind,
            method=None if method is None else _member(OpeningMethod, method, "event.method"),
            entry_id=_optional_identifier(report.get("entryId"), "event.entryId"),
            command_id=_optional_identifier(report.get("commandId"), "event.commandId"),
            reasons=tuple(
                dict.fromkeys(_member(DenialReason, each, "event.reasons") for each in reasons)
            ),
            count=integer(report.get("count"), "event.count", 1) if dropped else None,
            delivery_id=_optional_identifier(report.get("deliveryId"), "event.deliveryId"),
            lease_id=_optional_identifier(report.get("leaseId"), "event.leaseId"),
        )


def moment_of(value: object) -> datetime | None:
    """The `at` of an event in UTC, or None for null. Raises Malformed."""
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
    name = text(value, field)
    try:
        return names(name)
    except ValueError:
        raise EventRefused(EventRefusal.UNKNOWN_NAME, field, "must be a known name") from None
