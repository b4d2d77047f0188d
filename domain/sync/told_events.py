"""The events of a report as a lock told them: those that can be taken, and those that cannot, each with why.

One event that cannot be read costs nothing but itself: whatever else the report says is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.link.events import (
    EventRefusal,
    EventRefused,
    LockEventBody,
    LockEventKind,
    moment_of,
)
from domain.link.wire import MAX_INTEGER, Malformed, identifier, integer
from domain.sync.rules import MAX_EVENTS_PER_REPORT


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that is not taken. Nothing is quoted of what could not be read."""

    index: int
    """Its place in the report, from 0."""
    state_id: str | None
    sequence: int | None
    """None where these could not be read either."""
    at: datetime | None
    kind: LockEventKind | None
    code: EventRefusal
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ToldEvents:
    """The events of one report, read. `state_id` is that of the first event that has one."""

    state_id: str | None
    up_to: int
    """The lock may forget its events of this state up to here: each was read, or refused for good."""
    events: Mapping[int, LockEventBody]
    """By sequence, in order; of two with one number the first counts."""
    refused: tuple[RefusedEvent, ...]
    kept_from: int = 0
    """What the lock keeps from this sequence on is not missing, whatever comes first; 0: what is not told is missing."""


def read_events(told: Sequence[object]) -> ToldEvents:
    """What a lock told. What is more than a report may hold is not looked at, so the lock says it again."""
    state_id = next((name for each in told if (name := _state_id(each))), None)
    events: dict[int, LockEventBody] = {}
    refused = []
    read = {0}
    for index, each in enumerate(told[:MAX_EVENTS_PER_REPORT]):
        own = _state_id(each)
        try:
            body = LockEventBody.from_report(each)
            if own != state_id:
                raise EventRefused(
                    EventRefusal.OTHER_STATE, "event.stateId", "must be that of the first event"
                )
            events.setdefault(body.sequence, body)
        except Malformed as why:
            refused.append(_refused(index, each, why))
        if own is not None and own == state_id:
            read.add(_sequence(each) or 0)
    unread = {
        _sequence(each) or 0 for each in told[MAX_EVENTS_PER_REPORT:] if _state_id(each) == state_id
    } - read
    up_to = min([max(read), *(sequence - 1 for sequence in unread if sequence)])
    return ToldEvents(state_id, up_to, dict(sorted(events.items())), tuple(refused))


def _refused(index: int, event: object, why: Malformed) -> RefusedEvent:
    return RefusedEvent(
        index=index,
        state_id=_state_id(event),
        sequence=_sequence(event),
        at=_at(event),
        kind=_kind(event),
        code=why.code if isinstance(why, EventRefused) else EventRefusal.MALFORMED,
        field=why.field,
        message=f"{why}.",
    )


def _field(event: object, name: str) -> object:
    return event.get(name) if isinstance(event, Mapping) else None


def _state_id(event: object) -> str | None:
    try:
        return identifier(_field(event, "stateId"), "event.stateId")
    except Malformed:
        return None


def _sequence(event: object) -> int | None:
    try:
        return integer(_field(event, "sequence"), "event.sequence", 1, MAX_INTEGER)
    except Malformed:
        return None


def _at(event: object) -> datetime | None:
    try:
        return moment_of(_field(event, "at"))
    except Malformed:
        return None


def _kind(event: object) -> LockEventKind | None:
    try:
        return LockEventKind(str(_field(event, "kind")))
    except ValueError:
        return None
