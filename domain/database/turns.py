"""Turns: of the transactions that may wait for the same rows, only a few at a time have a connection.

A transaction that hangs (its process is stopped, its network is gone) makes all wait that need its rows. Each waiter on
a connection of the pool would leave none for anybody else, so those of one place queue here, without a connection: two
for each kind of work, of which one works and the other is ready. All changes together leave `KEPT` connections to what
cannot wait: openings, locks, signing in, and reading.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.database.errors import DatabaseUnavailable

AT_ONCE = 2
"""Transactions of one queue that have a connection."""
KEPT = 4
"""Connections of a process that changes never have, all places together."""
MOST_WAITING = 200
"""Of one queue; who comes then is told to try again at once."""
PATIENCE_SECONDS = 10.0
"""How long a turn is waited for."""


class Work(StrEnum):
    """What a transaction does, as far as its turn is concerned. Openings and locks do not wait for changes."""

    CHANGES = "changes"
    OPENINGS = "openings"
    LOCKS = "locks"


@dataclass(frozen=True, slots=True)
class Queue:
    """One kind of work at one place, such as a site: what may wait for the same rows."""

    work: Work
    place: UUID


class Turns:
    """The queues of one process, before its pool of `connections`."""

    def __init__(self, connections: int) -> None:
        self._changes = asyncio.Semaphore(max(1, connections - KEPT))
        self._queues: dict[Queue, asyncio.Semaphore] = {}
        self._present: Counter[Queue] = Counter()

    @asynccontextmanager
    async def turn(self, queue: Queue | None) -> AsyncIterator[None]:
        """Waits for a turn in this queue, and holds it; None waits for nobody. Raises DatabaseUnavailable."""
        if queue is None:
            yield
            return
        if self._present[queue] >= AT_ONCE + MOST_WAITING:
            raise DatabaseUnavailable(f"{MOST_WAITING} wait for their turn")
        self._present[queue] += 1
        try:
            place = self._queues.setdefault(queue, asyncio.Semaphore(AT_ONCE))
            passed = [place, self._changes] if queue.work is Work.CHANGES else [place]
            taken: list[asyncio.Semaphore] = []
            try:
                try:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        for each in passed:
                            await each.acquire()
                            taken.append(each)
                except TimeoutError:
                    raise DatabaseUnavailable("others have not finished") from None
                yield
            finally:
                for each in taken:
                    each.release()
        finally:
            self._present[queue] -= 1
            if not self._present[queue]:
                del self._present[queue], self._queues[queue]
