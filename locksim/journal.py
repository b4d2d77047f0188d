"""The lock's events, until the server has them.

Sequence numbers have no gaps, so what finds the journal full is counted and not recorded, and the
last quarter is kept from denials, refusals and starts: somebody who types nonsense all night cannot
push an opening out of the log. The dangerous mistake is an opening without its event.
"""

from dataclasses import dataclass, replace

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
class Happening:
    """An event before it has its time and number."""

    kind: LockEventKind
    method: OpeningMethod | None = None
    entry_id: str | None = None
    command_id: str | None = None
    reasons: tuple[DenialReason, ...] = ()


def recorded(state: LockState, now_ms: int | None, *happenings: Happening) -> LockState:
    """The state with these events, at trusted time `now_ms` (Unix, ms) or without time."""
    at = None if now_ms is None else moment(now_ms)
    for each in happenings:
        limit = NOISE_CAPACITY if each.kind in _NOISE else CAPACITY
        if len(state.events) >= limit:
            state = replace(state, unrecorded=state.unrecorded + 1)
            continue
        event = LockEventBody(
            state_id=state.state_id,
            sequence=state.next_sequence,
            at=at,
            kind=each.kind,
            method=each.method,
            entry_id=each.entry_id,
            command_id=each.command_id,
            reasons=each.reasons,
        )
        state = replace(state, events=(*state.events, event), next_sequence=state.next_sequence + 1)
    return state


def acknowledged(state: LockState, up_to: int) -> LockState:
    """The state without the events that the server has, up to this sequence of this state id."""
    left = tuple(event for event in state.events if event.sequence > up_to)
    return state if len(left) == len(state.events) else replace(state, events=left)


def batch(state: LockState, above: int) -> tuple[LockEventBody, ...]:
    """The first events above a sequence that fit into one report; at least one, if there is any."""
    chosen: list[LockEventBody] = []
    size = 0
    for event in state.events:
        if event.sequence <= above:
            continue
        size += len(orjson.dumps(event.to_report())) + 1
        if len(chosen) == MAX_BATCH or (chosen and size > MAX_BATCH_BYTES):
            break
        chosen.append(event)
    return tuple(chosen)
