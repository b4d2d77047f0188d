"""Wake-ups between processes over NATS, for more commits a second than NOTIFY lets through.

A NOTIFY holds a lock of the whole database server until its transaction is committed, so commits that notify run one at a
time. NATS is told after the commit, by a task that no change waits for. While NATS is away the same task tells by NOTIFY,
which every process hears as well: few notifications, each of many changes, while the changes go on side by side.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from hashlib import sha256

from nats import errors

from domain.bus.kept_connection import KeptConnection, NotConnected, end
from domain.bus.memory import SLOW_POLL_SECONDS, Bus
from domain.bus.nats_address import NatsAddress
from domain.bus.nats_client import NatsClient
from domain.bus.payloads import EVERYBODY, payloads, topics_in
from domain.bus.postgresql import PostgresConnection

PAYLOAD_BYTES = 65_536
"""Of one message, unless the server allows less."""
MAX_WAITING_TOPICS = 50_000
"""That wait to be sent; beyond them everybody is woken instead."""
GATHER_SECONDS = 0.002
"""After a message what comes next waits so long for more: the first of many changes wakes at once, the others together."""
STOP_SECONDS = 2.0
"""How long the end waits for the last ones to be sent."""


class NatsConnection(KeptConnection):
    """A client that is replaced when it is lost."""

    NAME = "NATS"

    def __init__(
        self,
        address: NatsAddress,
        deliver: Callable[[Iterable[str]], None],
        missed: Callable[[], None],
    ) -> None:
        super().__init__(deliver, missed)
        self._address = address
        self._subject = ""
        self._client: NatsClient | None = None

    def keep_for(self, database: str) -> None:
        """From now on it is kept. Databases of other names have other subjects, which spares us their wake-ups."""
        self._subject = f"latchwork.{sha256(database.encode()).hexdigest()[:16]}"
        self.keep()

    @property
    def connected(self) -> bool:
        return self._client is not None and not self._client.loss.done()

    async def open(self) -> None:
        client = NatsClient(self._address, self._subject)
        client.loss.add_done_callback(lambda _: self.lose())
        await client.connect(self._heard)
        self._client = client

    async def ask(self) -> None:
        await self._living().answered()

    async def send(self, topics: Iterable[str]) -> None:
        client = self._living()
        size = min(PAYLOAD_BYTES, client.max_payload)
        await client.publish(each.encode() for each in payloads(topics, size))

    async def hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def reason(self, error: Exception) -> str:
        """What a server says when it refuses is told as well: it names no credentials."""
        return str(error) if type(error) is errors.Error else super().reason(error)

    def _living(self) -> NatsClient:
        if self._client is None:
            raise NotConnected
        return self._client

    def _heard(self, payload: bytes) -> None:
        self._deliver(topics_in(payload.decode(errors="replace")))


class NatsBus(Bus):
    """The bus of a process among several on one PostgreSQL database, with NATS between them."""

    RETRY_SECONDS = 1.0
    """How long to wait where neither NATS nor the database takes what is to be told."""
    rest_seconds = SLOW_POLL_SECONDS  # a change whose process dies before it could tell of it is told by nobody

    def __init__(self, url: str, dsn: str) -> None:
        """Raises `ValueError` for a URL that is none of NATS."""
        super().__init__()
        self.nats = NatsConnection(NatsAddress.of(url), self.deliver, self.wake_everybody)
        self.postgresql = PostgresConnection(dsn, self.deliver, self.wake_everybody)
        self._waiting: dict[str, None] = {}
        self._nudge: asyncio.Queue[None] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises what asyncpg raises if the database does not answer. NATS may come later."""
        await self.postgresql.open()
        try:
            database = await self.postgresql.value("SELECT current_database()")
        except BaseException:
            await self.postgresql.hang_up()
            raise
        self.postgresql.keep()
        self.nats.keep_for(database)
        self._sender = asyncio.create_task(self._send_all(), name="bus: sender")

    async def stop(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._nudge.join()
        if self._sender is not None:
            await end(self._sender)
        await self.nats.close()
        await self.postgresql.close()
        await super().stop()

    def tell(self, topics: Iterable[str]) -> None:
        told = list(topics)
        self.deliver(told)
        self._put(told)
        if told and self._nudge.empty():
            self._nudge.put_nowait(None)

    def _put(self, topics: Iterable[str]) -> None:
        """Many wake-ups of one topic become one here too."""
        self._waiting.update(dict.fromkeys(topics))
        if len(self._waiting) > MAX_WAITING_TOPICS:
            self._waiting = {EVERYBODY: None}

    async def _send_all(self) -> None:
        """Until cancelled."""
        while True:
            await self._nudge.get()
            while self._waiting:
                batch, self._waiting = self._waiting, {}
                if await self._sent(batch):
                    await asyncio.sleep(GATHER_SECONDS)
                else:
                    self._put(batch)
                    await asyncio.sleep(self.RETRY_SECONDS)
            self._nudge.task_done()

    async def _sent(self, topics: Iterable[str]) -> bool:
        """By NATS, or else by NOTIFY; False if neither has taken them. Each says in the log when it is lost."""
        for connection in (self.nats, self.postgresql):
            try:
                await connection.send(topics)
            except Exception:
                connection.lose()
            else:
                return True
        return False
