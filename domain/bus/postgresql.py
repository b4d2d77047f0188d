"""Wake-ups between processes over LISTEN/NOTIFY. A NOTIFY is part of its transaction: the commit itself wakes."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from domain.bus.kept_connection import KeptConnection, NotConnected
from domain.bus.memory import Bus
from domain.bus.payloads import payloads, topics_in

CHANNEL = "latchwork"
PAYLOAD_BYTES = 7_900
"""PostgreSQL refuses a NOTIFY payload of 8,000 bytes and more."""
NOTIFY = "SELECT pg_notify($1, $2)"


class PostgresConnection(KeptConnection):
    """A session of its own that listens; it does not count among the pool's."""

    NAME = "PostgreSQL"
    ANSWER_SECONDS = 10.0
    """Within which a server that is there answers."""

    def __init__(
        self, dsn: str, deliver: Callable[[Iterable[str]], None], missed: Callable[[], None]
    ) -> None:
        super().__init__(deliver, missed)
        self._dsn = dsn
        self._session: Any = None
        self._turn = asyncio.Lock()

    @property
    def connected(self) -> bool:
        return self._session is not None and not self._session.is_closed()

    async def open(self) -> None:
        session = await asyncpg.connect(
            self._dsn,
            timeout=self.ANSWER_SECONDS,
            server_settings={"application_name": "latchwork bus"},
        )
        try:
            session.add_termination_listener(self._ended)
            await session.add_listener(CHANNEL, self._notified)
        except BaseException:
            session.terminate()
            raise
        self._session = session

    async def ask(self) -> None:
        await self.value("SELECT 1")

    async def value(self, query: str) -> Any:
        """The one value that a query returns. Raises `NotConnected`, and what asyncpg raises."""
        async with self._turn:
            return await self._open_session().fetchval(query, timeout=self.ANSWER_SECONDS)

    async def send(self, topics: Iterable[str]) -> None:
        messages = [(CHANNEL, each) for each in payloads(topics, PAYLOAD_BYTES)]
        async with self._turn:
            session = self._open_session()
            await session.executemany(NOTIFY, messages, timeout=self.ANSWER_SECONDS)

    async def hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None and not session.is_closed():
            session.remove_termination_listener(self._ended)
            try:
                await session.close(timeout=1)
            except Exception:
                session.terminate()

    def _open_session(self) -> Any:
        if not self.connected:
            raise NotConnected
        return self._session

    def _notified(self, session: Any, pid: int, channel: str, payload: object) -> None:
        self._deliver(topics_in(str(payload)))

    def _ended(self, session: Any) -> None:
        self.lose()


class PostgresBus(Bus):
    """The bus of a process among several, where nothing but the database is between them."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self.connection = PostgresConnection(dsn, self.deliver, self.wake_everybody)

    async def start(self) -> None:
        """Listen before anything is served. Raises what asyncpg raises if the database does not
        answer.
        """
        await self.connection.open()
        self.connection.keep()

    async def stop(self) -> None:
        await self.connection.close()
        await super().stop()
