"""The lock on the bench: what a scenario does to it, and waits for.

`expected` is what the lock should hold after what it was sent, as a server would know it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from api.lock_check.heard import Event
from api.lock_check.kit import unlock_command
from api.lock_check.played_server import Connection, PlayedServer
from api.lock_check.rules import Rule
from domain.link.entries import Entry
from domain.link.messages import DeliveryBody
from domain.link.sealing import MessageKind
from domain.link.state import payload_hash, state_sum

FIRST_SECONDS = 600.0
"""For installing the kit."""
RECONNECT_SECONDS = 45.0
"""Longer than the longest wait that docs/lock.md names."""


class NoAnswer(Exception):
    """The lock did not say what it must say, in time: the scenario cannot go on. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Whatever can touch the lock."""

    cut_power: Callable[[], Awaitable[None]] | None = None
    """Off without a warning, and on again."""
    enter: Callable[[str], Awaitable[None]] | None = None
    """Digits and Enter."""


@dataclass
class Expected:
    """What the lock should hold."""

    epoch: int = 0
    revision: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def sum(self) -> str:
        """Of the entries."""
        return state_sum(
            (each.id, each.version, payload_hash(each.payload))
            for each in self.entries.values()
            if each.payload is not None
        )


class Bench:
    """One run of the check."""

    def __init__(self, server: PlayedServer, hands: Hands, patience: float) -> None:
        """`patience`: seconds in which "at once" is over."""
        self.server = server
        self.hands = hands
        self.patience = patience
        self.expected = Expected()
        self.last_delivery = ""
        """The id of the delivery that was answered last."""

    def note(self, rule: Rule, held: bool, otherwise: str) -> None:
        """A rule was tried."""
        self.server.findings.note(rule, held, otherwise)

    async def connection(self, after: Connection | None = None) -> Connection:
        """The connection that counts, ready: a later one than `after`. Raises NoAnswer."""
        seconds = RECONNECT_SECONDS if self.server.connections else FIRST_SECONDS

        def newest() -> Connection | None:
            found = self.server.connections[-1:]
            return found[0] if found and found[0] is not after and found[0].is_ready else None

        if not await self.server.heard.wait(lambda: newest() is not None, seconds):
            found = self.server.connections[-1:]
            if found and found[0] is not after and found[0].position and not found[0].nonces:
                self.note(Rule.NONCE_AT_ONCE, False, "no report with a nonce came.")
            raise NoAnswer("no connection that is subscribed and has reported a nonce")
        connection = newest()
        assert connection is not None
        first = connection.reports[0]
        self.note(Rule.NONCE_AT_ONCE, first["nonce"] is not None, "the first report had none.")
        return connection

    async def again(self, code: int = 1012) -> Connection:
        """Closes the socket and returns the next one. Raises NoAnswer."""
        before = await self.connection()
        await before.close(code)
        return await self.connection(before)

    async def power_cut(self) -> Connection:
        """Cuts the power at once and returns the next connection. Raises NoAnswer."""
        assert self.hands.cut_power is not None
        before = self.server.connections[-1]
        await self.hands.cut_power()
        return await self.connection(before)

    # Deliveries

    async def hand_out(self, body: DeliveryBody | bytes, *, epoch: int | None = None) -> str:
        """Hands out a delivery and returns its id."""
        data = body if isinstance(body, bytes) else body.encode()
        at = self.expected.epoch if epoch is None else epoch
        return await self.hand_out_sealed(self.server.kit.seal(MessageKind.DELIVERY, at, data))

    async def hand_out_sealed(self, sealed: bytes) -> str:
        """Hands out what is sealed already, or looks like it."""
        connection, name = await self.connection(), str(uuid4())
        await self.server.feed(connection, self.server.item("Delivery", name, sealed))
        return name

    async def answered(self, name: str) -> dict[str, Any]:
        """The report that acknowledges it, as what the lock now says it has. Raises NoAnswer."""

        def acks() -> list[Any]:
            told = self.server.connections[-1].reports
            return [each for each in told if each["ack"] and each["ack"]["deliveryId"] == name]

        if not await self.server.heard.wait(lambda: bool(acks()), self.patience):
            self.note(Rule.AT_ONCE, False, f"no acknowledgement came within {self.patience:g} s.")
            raise NoAnswer("an acknowledgement")
        self.note(Rule.AT_ONCE, True, "")
        self.last_delivery = name
        return dict(acks()[-1])

    async def deliver(
        self, body: DeliveryBody | bytes, *, epoch: int | None = None
    ) -> dict[str, Any]:
        """Hands it out and waits for the acknowledgement. Raises NoAnswer."""
        return await self.answered(await self.hand_out(body, epoch=epoch))

    def changes(
        self, *entries: Entry, start: int | None = None, end: int | None = None
    ) -> DeliveryBody:
        """Changes that continue from what is wanted, unless others are asked for."""
        at = self.expected.revision
        first = at if start is None else start
        return DeliveryBody(first, at + 1 if end is None else end, False, 1, 1, entries)

    def snapshot(
        self, *entries: Entry, end: int | None = None, part: int = 1, parts: int = 1
    ) -> DeliveryBody:
        """A snapshot above what is wanted, unless another is asked for, or one part of one."""
        return DeliveryBody(
            0, self.expected.revision + 1 if end is None else end, True, part, parts, entries
        )

    def is_as_expected(self, report: Mapping[str, Any]) -> bool:
        """Whether the lock says that it is where it should be, with the right sum."""
        return (
            report["appliedRevision"] == self.expected.revision
            and str(report["ack"]["stateSum"]).lower() == self.expected.sum
        )

    def tell(self, report: Mapping[str, Any]) -> str:
        """Where the lock says it is, for a finding."""
        right = str(report["ack"]["stateSum"]).lower() == self.expected.sum
        return (
            f"it says revision {report['appliedRevision']} with a {'right' if right else 'wrong'} sum; "
            f"{self.expected.revision} was expected."
        )

    # Commands, time, events

    async def command(self, command_id: str, nonce: str, **how: Any) -> None:
        """Sends a command."""
        await self.send("UnlockCommand", unlock_command(command_id, nonce, **how))

    async def send(self, kind: str, body: bytes) -> None:
        """Sends a command or the time, sealed."""
        kinds = {"UnlockCommand": MessageKind.UNLOCK_COMMAND, "SealedTime": MessageKind.SEALED_TIME}
        sealed = self.server.kit.seal(kinds[kind], self.expected.epoch, body)
        await self.send_sealed(kind, sealed)

    async def send_sealed(self, kind: str, sealed: bytes) -> None:
        """Sends what is sealed already, or looks like it."""
        connection = await self.connection()
        await self.server.feed(connection, self.server.item(kind, str(uuid4()), sealed))

    def mark(self) -> int:
        """How many events were told up to now."""
        return len(self.server.heard.events)

    def since(self, mark: int, *kinds: str) -> list[Event]:
        """The events after a mark, of these kinds."""
        return [each for each in self.server.heard.events[mark:] if each["kind"] in kinds]

    async def event(self, mark: int, *kinds: str, of: Callable[[Event], bool] = bool) -> Event:
        """The first event after the mark of one of these kinds. Raises NoAnswer."""

        def found() -> list[Event]:
            return [each for each in self.since(mark, *kinds) if of(each)]

        if not await self.server.heard.wait(lambda: bool(found()), self.patience):
            raise NoAnswer(f"an event {' or '.join(kinds)}")
        return found()[0]

    async def settled(self) -> None:
        """Waits until the lock has dealt with all that was sent: an old delivery is answered. Raises NoAnswer."""
        await self.deliver(self.changes(start=0, end=1))
        await asyncio.sleep(0)
