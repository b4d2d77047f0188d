"""One whole connection of a simulated lock with the real server, recorded frame by frame.

The lock's firmware is real, and so are the socket and the server; the driver takes one step at a time, so that the frames
come in one order. Two frames of the server between two of the lock may cross: an answer to a report is put before the feed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import orjson
import pytest

from locksim import connection as link
from locksim.connection import Connection, ServerAddress
from locksim.firmware import Firmware
from locksim.keypad import Key
from locksim.provisioning import Provisioning
from locksim.signals import Delivery, Inbound, Report, Reported
from tests.locksim.rig import MemoryDisk

LOCK, SERVER = "lock", "server"
WITHIN_SECONDS = 30


@dataclass
class Frames:
    """What was said, as (who, frame), in order."""

    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def record(self, patch: pytest.MonkeyPatch) -> None:
        """Listens to the simulator's connections from here on."""
        send, receive, challenge = Connection._send, Connection._receive, link._challenge

        async def sent(connection: Connection, message: Mapping[str, object]) -> None:
            self.said.append((LOCK, orjson.loads(orjson.dumps(message))))
            await send(connection, message)

        async def received(connection: Connection) -> Mapping[str, object]:
            message = await receive(connection)
            self.said.append((SERVER, orjson.loads(orjson.dumps(message))))
            return message

        async def asked(address: ServerAddress, http: httpx.AsyncClient, lock_id: str) -> str:
            made = await challenge(address, http, lock_id)
            posted = {"query": link._CHALLENGE, "variables": {"id": lock_id}}
            self.said.append((LOCK, {"POST": posted}))
            self.said.append((SERVER, {"data": {"lockChallenge": made}}))
            return made

        patch.setattr(Connection, "_send", sent)
        patch.setattr(Connection, "_receive", received)
        patch.setattr(link, "_challenge", asked)

    def in_order(self) -> list[tuple[str, dict[str, Any]]]:
        """The frames, those of the server between two of the lock with the answers to reports first."""
        ordered: list[tuple[str, dict[str, Any]]] = []
        batch: list[tuple[str, dict[str, Any]]] = []
        late = [each for each in self.said if each[1].get("type") == "complete"]
        for who, frame in [*self.said, (LOCK, {})]:
            if (who, frame) in late:
                continue
            if who == SERVER:
                batch.append((who, frame))
                continue
            for each in sorted(batch, key=lambda said: said[1].get("id") == "feed"):
                ordered.append(each)
                ordered.extend(end for end in late if end[1]["id"] == each[1].get("id"))
            batch.clear()
            ordered.append((who, frame))
        return ordered[:-1]


class SteppedLock:
    """A lock that says and hears one thing after the other."""

    def __init__(self, own: Provisioning, address: ServerAddress, http: httpx.AsyncClient) -> None:
        self._own, self._address, self._http = own, address, http
        self._began = time.monotonic()
        self.firmware = Firmware(
            own,
            MemoryDisk(),
            uptime_ms=0,
            battery_ms=int(time.time() * 1000),
            random_bytes=_counted(),
        )

    def _uptime_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    async def connect(self) -> Self:
        """Challenge, proof, subscription; nothing is reported yet."""
        self._connection = await Connection.open(
            self._address, self._http, self._own.lock_id, self.firmware.prove, self._own.said
        )
        self._messages = aiter(self._connection.messages())
        await self._connection.subscribe(self.firmware.connected(self._uptime_ms()))
        return self

    async def hear(self, count: int) -> list[Inbound]:
        """The next messages, in the order of the record."""
        async with asyncio.timeout(WITHIN_SECONDS):
            heard = [await anext(self._messages) for _ in range(count)]
        return sorted(heard, key=lambda message: not isinstance(message, Reported))

    def take(self, message: Inbound) -> None:
        """The firmware takes a message; what it has to say waits."""
        self.firmware.receive(message, self._uptime_ms())

    async def say(self) -> None:
        """The report that waits."""
        reports = [each for each in self.firmware.outbox if isinstance(each, Report)]
        self.firmware.outbox.clear()
        (report,) = reports
        await self._connection.report(report)

    def enter(self, digits: str) -> None:
        """Digits and Enter."""
        for key in (*digits, Key.ENTER):
            self.firmware.press(Key(key), self._uptime_ms())

    async def close(self) -> None:
        """The lock hears the end of its last report and loses its network."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while (await self._connection._receive()).get("type") != "complete":
                pass
        await self._connection.close()


def _counted() -> Callable[[int], bytes]:
    """Bytes that no lock would take for random."""
    made = iter(range(1, 1000))
    return lambda count: bytes([next(made) % 256]) * count


async def whole_connection(
    lock: SteppedLock,
    *,
    parts: int,
    digits: str,
    order: Callable[[], Awaitable[object]],
    remove: Callable[[], Awaitable[object]],
) -> None:
    """A snapshot in parts, the time, a PIN that is typed, an order and a removal."""
    await lock.connect()
    snapshot = await lock.hear(parts)
    assert all(isinstance(each, Delivery) for each in snapshot)
    await lock.say()
    stored, told = await lock.hear(2)
    lock.take(stored)
    lock.take(told)
    for part in snapshot:
        lock.take(part)
        await lock.say()
        (stored,) = await lock.hear(1)
        lock.take(stored)
    lock.enter(digits)
    await lock.say()
    (stored,) = await lock.hear(1)
    lock.take(stored)
    ordered = asyncio.ensure_future(order())
    (command,) = await lock.hear(1)
    lock.take(command)
    await lock.say()
    (stored,) = await lock.hear(1)
    lock.take(stored)
    await ordered
    await remove()
    (changes,) = await lock.hear(1)
    lock.take(changes)
    await lock.say()
    (stored,) = await lock.hear(1)
    lock.take(stored)
    await lock.close()
