"""What the lock has said so far, over all its connections, with the rules that hold for every word of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.lock_check.rules import Findings, Rule
from api.protocol.socket_limits import SocketLimits
from domain.link.events import EventRefusal, EventRefused, LockEventBody
from domain.link.nonces import well_formed_nonce
from domain.link.wire import Malformed
from domain.sync.rules import MAX_EVENTS_PER_REPORT

Event = Mapping[str, Any]


@dataclass
class Heard:
    """All that was said. `changed` is notified with each word."""

    findings: Findings
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    events: list[Event] = field(default_factory=list)
    """Each event once, in the order in which they came."""
    jtis: set[str] = field(default_factory=set)
    nonces: set[str] = field(default_factory=set)
    _told: set[tuple[object, object]] = field(default_factory=set)
    _next: dict[object, int] = field(default_factory=dict)
    _state_id: str | None = None

    async def tell(self) -> None:
        """Something was said."""
        async with self.changed:
            self.changed.notify_all()

    async def wait(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether it becomes true within that time."""
        try:
            async with asyncio.timeout(seconds), self.changed:
                await self.changed.wait_for(true)
        except TimeoutError:
            return False
        return True

    def take_frame(self, text: str) -> None:
        """The size of whatever the lock sends."""
        size, most = len(text.encode()), SocketLimits().message_bytes
        self.findings.note(
            Rule.REPORT_SIZE, size <= most, f"a message has {size} bytes; {most} is the most."
        )

    def take_report(self, report: Mapping[str, Any], *, stored: bool) -> Mapping[str, Any]:
        """What holds for each report, and its answer; its events count as told if they are `stored`."""
        nonce, events = report["nonce"], report["events"]
        count = len(events)
        self.findings.note(
            Rule.REPORT_SIZE, count <= MAX_EVENTS_PER_REPORT, f"a report has {count} events."
        )
        if nonce is not None:
            self.findings.note(
                Rule.NONCE_AT_ONCE,
                well_formed_nonce(nonce),
                "a nonce is not 32 bytes in base64url.",
            )
        read: list[LockEventBody] = []
        refused: list[Mapping[str, Any]] = []
        for index, event in enumerate(events):
            try:
                body = LockEventBody.from_report(event)
            except Malformed as malformed:
                self.findings.note(Rule.EVENT_FIELDS, False, f"{malformed}.")
                refused.append(_refusal(index, event, malformed))
                continue
            self.findings.note(Rule.EVENT_FIELDS, True, "")
            self._take_event(body, stored=stored)
            read.append(body)
        return {
            "__typename": "LockReported",
            "stateId": read[0].state_id if read else None,
            "eventsUpTo": max((each.sequence for each in read), default=0),
            "refused": refused,
        }

    def _take_event(self, event: LockEventBody, *, stored: bool) -> None:
        state_id, sequence = event.state_id, event.sequence
        if self._state_id is None:
            self._state_id = state_id
        else:
            self.findings.note(
                Rule.STATE_ID, state_id == self._state_id, "an event came under another one."
            )
        expected = self._next.get(state_id)
        # The first that is heard need not be 1: the lock may have reported before this check began.
        if expected is not None:
            self.findings.note(
                Rule.SEQUENCE,
                sequence <= expected,
                f"event {sequence} came where {expected} was next.",
            )
        self._next[state_id] = max(sequence + 1, expected or 1)
        if stored and (state_id, sequence) not in self._told:
            self._told.add((state_id, sequence))
            self.events.append(event.to_report())


def _refusal(index: int, event: object, malformed: Malformed) -> Mapping[str, Any]:
    """As a server names an event that it does not take."""
    sequence = event.get("sequence") if isinstance(event, Mapping) else None
    code = malformed.code if isinstance(malformed, EventRefused) else EventRefusal.MALFORMED
    return {
        "__typename": "RefusedEvent",
        "index": index,
        "sequence": sequence if isinstance(sequence, int) else None,
        "code": code.value,
        "message": str(malformed),
    }
