"""Two changes that meet, not by chance: both are stopped at the same rows, in the order that the test wants, and let go."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from domain.database.connection import connected
from tests.databases import Database
from tests.waiting import eventually

_WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class HeldBack:
    """What is held, and who waits for it."""

    def __init__(self, watcher: Any | None) -> None:
        self._watcher = watcher

    async def meets(self, change: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begins the change; returns when it waits, or is over because it need not."""
        before = await self.waiting()
        task = asyncio.create_task(change)

        async def stopped() -> bool:
            return task.done() or await self.waiting() > before

        await eventually(stopped, within_seconds=60)
        return task

    async def waiting(self) -> int:
        """How many transactions wait for somebody else's."""
        if self._watcher is not None:
            return int(await self._watcher.fetchval(_WAITING))
        turn = connected().client._lock  # type: ignore[attr-defined]
        return int(turn.locked()) + len(turn._waiters or ())


@asynccontextmanager
async def held_back(database: Database, *statements: str) -> AsyncIterator[HeldBack]:
    """Until the end of the block another connection holds what these statements lock on PostgreSQL; on SQLite, which has
    one writer, everything.
    """
    if database.is_postgresql:
        holder, watcher = [await asyncpg.connect(database.url, timeout=10) for _ in range(2)]
        try:
            async with holder.transaction():
                for statement in statements:
                    await holder.execute(statement)
                yield HeldBack(watcher)
        finally:
            await holder.close()
            await watcher.close()
        return
    writer = sqlite3.connect(database.url.removeprefix("sqlite://"), isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        yield HeldBack(None)
        writer.execute("ROLLBACK")
    finally:
        writer.close()
