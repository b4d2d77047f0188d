"""Wake-ups: "something about this topic changed, look again". The database is the truth; the bus
carries no news.

A lost wake-up is the dangerous mistake: a lock would wait for a change that has already happened.
So a wake-up between subscribing and waiting is kept, many wake-ups become one and never queue, and
whenever the PostgreSQL bus may have missed something it wakes everybody. A wake-up too many costs
one query. The slow poll backs all of this up.

A topic is a short string, made by `domain.topics`; never a secret, never a payload.
"""

import asyncio
import contextlib
import logging
import random
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]

log = logging.getLogger(__name__)

SLOW_POLL_SECONDS = 10.0
"""After so long whoever follows something looks again, woken or not."""

CHANNEL = "latchwork"
TOPIC = re.compile(r"[A-Za-z0-9_.:/-]{1,200}")
MAX_TOPICS_PER_LISTENER = 10_000
PAYLOAD_BYTES = 7_900
"""PostgreSQL refuses a NOTIFY payload of 8,000 bytes and more."""


def checked(topics: Iterable[str]) -> list[str]:
    """The topics without repetitions, in order. Raises `ValueError` for one that is not a short
    plain id.
    """
    unique = list(dict.fromkeys(topics))
    for topic in unique:
        if not TOPIC.fullmatch(topic):
            raise ValueError(f"not a topic: {topic[:50]!r}")
    return unique


def payloads(topics: Iterable[str]) -> Iterator[str]:
    """Topics packed into as few NOTIFY payloads as fit."""
    packed: list[str] = []
    size = 0
    for topic in topics:
        if packed and size + len(topic) + 1 > PAYLOAD_BYTES:
            yield "\n".join(packed)
            packed, size = [], 0
        packed.append(topic)
        size += len(topic) + 1
    if packed:
        yield "\n".join(packed)


class Wakeups:
    """One listener: which topics wake it, and whether it has been woken since it last looked."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self._topics: set[str] = set()
        self._woken = asyncio.Event()

    def add(self, *topics: str) -> None:
        """Listen to these too. Read the database after adding, not before: earlier wake-ups are not
        repeated.
        """
        for topic in checked(topics):
            if topic in self._topics:
                continue
            if len(self._topics) >= MAX_TOPICS_PER_LISTENER:
                raise ValueError(f"more than {MAX_TOPICS_PER_LISTENER} topics for one listener")
            self._topics.add(topic)
            self._bus._listeners.setdefault(topic, set()).add(self)

    def discard(self, *topics: str) -> None:
        """Listen to these no longer."""
        for topic in topics:
            self._topics.discard(topic)
            listeners = self._bus._listeners.get(topic)
            if listeners is not None:
                listeners.discard(self)
                if not listeners:
                    del self._bus._listeners[topic]

    async def wait(self, timeout_seconds: float | None = None) -> bool:
        """True as soon as one of the topics was woken since the last call, False after
        `timeout_seconds` without: by default the slow poll.
        """
        if timeout_seconds is None:
            timeout_seconds = SLOW_POLL_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._woken.wait()
        woken = self._woken.is_set()
        self._woken.clear()
        return woken

    def wake(self) -> None:
        self._woken.set()


class Bus:
    """The bus of one process, in memory. Enough for SQLite, where there is only one process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Wakeups]] = {}

    @property
    def topics(self) -> frozenset[str]:
        """What somebody in this process listens to now."""
        return frozenset(self._listeners)

    async def start(self) -> None:
        """Called by `connect()`."""

    async def stop(self) -> None:
        """Called by `disconnect()`: everybody is woken, to find out that it is over."""
        self.wake_everybody()

    def deliver(self, topics: Iterable[str]) -> None:
        """Wake the listeners in this process. What changes the database uses `tx.wake`, which
        reaches all processes and cannot come too early.
        """
        for topic in topics:
            for listener in self._listeners.get(topic, ()):
                listener.wake()

    def wake_everybody(self) -> None:
        """Something may have been missed: all look again."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()

    @asynccontextmanager
    async def listening(self, *topics: str) -> AsyncIterator[Wakeups]:
        wakeups = Wakeups(self)
        try:
            wakeups.add(*topics)
            yield wakeups
        finally:
            wakeups.discard(*list(wakeups._topics))


class PostgresBus(Bus):
    """Wake-ups between processes over LISTEN/NOTIFY, on a connection of its own that is replaced
    when it is lost.
    """

    PROBE_SECONDS = 20.0
    """How often a silent connection is asked whether it is still there."""
    ANSWER_SECONDS = 10.0
    RETRY_SECONDS = (0.1, 5.0)
    """First and longest pause between attempts to connect again; each pause is doubled and
    jittered.
    """

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._connection: Any = None
        self._loss = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def start(self) -> None:
        """Listen before anything is served. Raises what asyncpg raises if the database does not
        answer.
        """
        await self._listen()
        self._keeper = asyncio.create_task(self._keep(), name="bus")

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        await self._hang_up()
        await super().stop()

    async def _keep(self) -> None:
        """Probe the connection, replace it when it is lost; until cancelled."""
        pause = self.RETRY_SECONDS[0]
        while True:
            try:
                if not self.connected:
                    await self._listen()
                    self.wake_everybody()
                pause = self.RETRY_SECONDS[0]
                await self._probe()
            except Exception as error:
                log.warning("bus: connection lost (%s), trying again", type(error).__name__)
                await self._hang_up()
                self.wake_everybody()
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, self.RETRY_SECONDS[1])

    async def _probe(self) -> None:
        """Ask the connection after a while of silence, or at once when it reports its loss.

        Raises what asyncpg raises, and TimeoutError, if it is lost or does not answer.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.PROBE_SECONDS):
                await self._loss.wait()
        self._loss.clear()
        await self._connection.fetchval("SELECT 1", timeout=self.ANSWER_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=self.ANSWER_SECONDS,
            server_settings={"application_name": "latchwork bus"},
        )
        try:
            connection.add_termination_listener(self._lost)
            await connection.add_listener(CHANNEL, self._notified)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.remove_termination_listener(self._lost)
            try:
                await connection.close(timeout=1)
            except Exception:
                connection.terminate()

    def _notified(self, connection: Any, pid: int, channel: str, payload: object) -> None:
        self.deliver(str(payload).split("\n"))

    def _lost(self, connection: Any) -> None:
        self._loss.set()


_current: Bus | None = None


def use(bus: Bus | None) -> None:
    """The bus of this process, set by `connect()` and `disconnect()`."""
    global _current  # noqa: PLW0603 - one process, one bus
    _current = bus


def current() -> Bus:
    if _current is None:
        raise RuntimeError("no bus: the database is not connected")
    return _current


@asynccontextmanager
async def listening(*topics: str) -> AsyncIterator[Wakeups]:
    """Be woken by these topics. Enter first, then read the database, then wait: then nothing is
    missed.
    """
    async with current().listening(*topics) as wakeups:
        yield wakeups
