"""Sweeping: what has ended goes, a few rows at a time, so that nobody else waits for it.

Every process sweeps. Of those that share a database one at a time is at work on a kind of rows, by a name that it holds
while one batch lasts; the others leave that kind to it until their next turn.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.database.rows import column
from domain.database.transactions import hold_if_free, transaction
from domain.database.use_cases import use_case

BATCH = 500
"""Rows of one transaction."""
PAUSE_SECONDS = 0.02
"""Between two transactions: on SQLite everybody else has a turn then."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind of rows that end. `some` takes away at most so many of those that have ended at a moment, within a
    transaction, and returns how many they were; fewer than it may means that none is left.
    """

    name: str
    some: Callable[[datetime, int], Awaitable[int]]


async def sweep(kind: Sweep, now: datetime) -> int:
    """Takes away all of this kind that has ended, batch after batch; returns how many rows.

    It ends early where another process is at work on this kind.
    """
    gone = 0
    while True:
        count = await _batch(kind, now)
        gone += count
        if count < BATCH:
            return gone
        await asyncio.sleep(PAUSE_SECONDS)


@use_case
async def _batch(kind: Sweep, now: datetime) -> int:
    async with transaction():
        return await kind.some(now, BATCH) if await hold_if_free(f"sweep {kind.name}") else 0


async def delete_some(rows: Any, most: int) -> int:
    """Within a transaction: deletes at most so many rows of a query set; returns how many."""
    ids = await column(rows.limit(most), "id")
    return int(await rows.model.filter(id__in=ids).delete()) if ids else 0
