"""The lock's events, until the server has them.

Sequence numbers have no gaps, so an event that finds the journal full is counted and not recorded.
The last quarter is kept free of denials, refusals and starts: somebody who types nonsense all night
cannot push an opening out of the log. How many were dropped is an event of its own, as soon as there
is room again.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from domain.access.decision import DenialReason
from domain.link.events import LockEventBody, LockEventKind, OpeningMethod
from locksim.clock import moment
from locksim.state import LockState

CAPACITY = 1000
"""Events that wait for the server at most."""
NOISE_CAPACITY = CAPACITY * 3 // 4
"""Events at which denials and refusals are no longer recorded."""
MAX_BATCH_BYTES = 48 * 1024
"""JSON bytes of events in one report, which must stay below the message limit of 64 KiB."""
MAX_BATCH = 100
"""Events in one report."""

_NOISE = frozenset(
    {
        LockEventKind.DENIED,
        LockEventKind.COMMAND_REFUSED,
        LockEventKind.DELIVERY_REFUSED,
        LockEventKind.CARD_PRESENTED,
        LockEventKind.STARTED,
        LockEventKind.CLOCK_LOST,
    }
)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it has its time and number."""

    kind: LockEventKind
    method: OpeningMethod | None = None
    entry_id: str | None = None
    command_id: str | None = None
    reasons: tuple[DenialReason, ...] = ()
    count: int | None = None
    delivery_id: str | None = None
    lease_id: str | None = None


def recorded(state: LockState, now_ms: int | None, *events: NewEvent) -> LockState:
    """The state with these events, at trusted time `now_ms` (Unix, ms) or without time."""
    at = None if now_ms is None else moment(now_ms)
    for each in events:
        state = _with_dropped_told(state, at)
        limit = NOISE_CAPACITY if each.kind in _NOISE else CAPACITY
        if len(state.events) >= limit:
            state = replace(state, unrecorded=state.unrecorded + 1)
        else:
            state = _with_event(state, at, each)
    return state


def acknowledged(state: LockState, up_to: int, now_ms: int | None) -> LockState:
    """The state without the events that the server has, up to this sequence of this state id."""
    return _with_room(state, tuple(e for e in state.events if e.sequence > up_to), now_ms)


def refused(state: LockState, sequences: Collection[int], now_ms: int | None) -> LockState:
    """The state without the events that the server will never take."""
    return _with_room(state, tuple(e for e in state.events if e.sequence not in sequences), now_ms)


def _with_room(state: LockState, left: tuple[LockEventBody, ...], now_ms: int | None) -> LockState:
    if len(left) == len(state.events):
        return state
    at = None if now_ms is None else moment(now_ms)
    return _with_dropped_told(replace(state, events=left), at)


def _with_dropped_told(state: LockState, at: datetime | None) -> LockState:
    """Says how many events were dropped, once there is room for the next of any kind."""
    if not state.unrecorded or len(state.events) >= NOISE_CAPACITY:
        return state
    dropped = NewEvent(LockEventKind.EVENTS_DROPPED, count=state.unrecorded)
    return _with_event(replace(state, unrecorded=0), at, dropped)


def _with_event(state: LockState, at: datetime | None, new: NewEvent) -> LockState:
    event = LockEventBody(
        state_id=state.state_id,
        sequence=state.next_sequence,
        at=at,
        kind=new.kind,
        method=new.method,
        entry_id=new.entry_id,
        command_id=new.command_id,
        reasons=new.reasons,
        count=new.count,
        delivery_id=new.delivery_id,
        lease_id=new.lease_id,
    )
    return replace(state, events=(*state.events, event), next_sequence=state.next_sequence + 1)


def batch(
    state: LockState, above: int, *, most: int = MAX_BATCH, most_bytes: int = MAX_BATCH_BYTES
) -> tuple[LockEventBody, ...]:
    """The first events above a sequence that fit into one report or receipt; at least one, if there is any."""
    chosen: list[LockEventBody] = []
    size = 0
    for event in state.events:
        if event.sequence <= above:
            continue
        size += len(orjson.dumps(event.to_report())) + 1
        if len(chosen) == most or (chosen and size > most_bytes):
            break
        chosen.append(event)
    return tuple(chosen)
