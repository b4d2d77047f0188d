"""What one client may have running at a time, so that none takes the server from the others. For one process.

Queries and mutations that are too many wait for their turn; only a queue that grows too long is refused. Subscriptions
and sockets stay, so those that are too many are refused at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from api.protocol.requests import RequestRefused


@dataclass(frozen=True, slots=True)
class ShareLimits:
    """What one client may have at a time. Costs are those of the documents (`Limits.cost`).

    `running`      queries and mutations that run, which together cost at most `cost`; a single one may cost more
    `waiting`      queries and mutations behind them, which wait
    `followed`     the cost of all its subscriptions together; a single one may cost more, where there may be any
    `sockets`      authenticated sockets
    """

    running: int = 32
    cost: int = 60_000
    waiting: int = 168
    followed: int = 25_000
    sockets: int = 32


STRANGERS_SHARE = ShareLimits(running=16, cost=10_000, waiting=84, followed=0, sockets=0)
"""For all strangers of one network together."""


@dataclass(slots=True)
class _Share:
    running: int = 0
    cost: int = 0
    followed: int = 0
    sockets: int = 0
    queue: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    @property
    def is_idle(self) -> bool:
        return not (self.running or self.followed or self.sockets or self.queue)

    def has_room(self, cost: int, limits: ShareLimits) -> bool:
        if self.running >= limits.running:
            return False
        return not self.running or self.cost + cost <= limits.cost


class Shares:
    """The shares of all clients, by their names. A client that has nothing running takes no memory."""

    def __init__(self) -> None:
        self._shares: dict[str, _Share] = {}

    def __len__(self) -> int:
        """How many clients have something running, followed, open or waiting."""
        return len(self._shares)

    def check(self, client: str, limits: ShareLimits) -> None:
        """Raises RequestRefused (429) where the client's queue is full."""
        share = self._shares.get(client)
        if share is not None and len(share.queue) >= limits.waiting:
            raise _too_many("TOO_MANY_REQUESTS", "Too many requests at a time: wait for answers.")

    @asynccontextmanager
    async def running(self, client: str, cost: int, limits: ShareLimits) -> AsyncIterator[None]:
        """One query or mutation, once it is its turn. Raises RequestRefused (429)."""
        self.check(client, limits)
        share = self._shares.setdefault(client, _Share())
        if share.queue or not share.has_room(cost, limits):
            await self._turn(client, share, cost, limits)
        else:
            share.running += 1
            share.cost += cost
        try:
            yield
        finally:
            share.running -= 1
            share.cost -= cost
            self._admit(client, share, limits)

    async def _turn(self, client: str, share: _Share, cost: int, limits: ShareLimits) -> None:
        turn = asyncio.get_running_loop().create_future()
        share.queue.append((cost, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # its turn came in the moment in which it was given up
                share.running -= 1
                share.cost -= cost
            elif (cost, turn) in share.queue:
                share.queue.remove((cost, turn))
            self._admit(client, share, limits)
            raise

    def _admit(self, client: str, share: _Share, limits: ShareLimits) -> None:
        """Lets in those whose turn it is, in their order; forgets a client that has nothing any more."""
        while share.queue and share.has_room(share.queue[0][0], limits):
            cost, turn = share.queue.popleft()
            if turn.cancelled():
                continue
            share.running += 1
            share.cost += cost
            turn.set_result(None)
        self._forget(client, share)

    @contextmanager
    def following(self, client: str, cost: int, limits: ShareLimits) -> Iterator[None]:
        """One subscription. Raises RequestRefused (429)."""
        share = self._shares.get(client) or _Share()
        alone = limits.followed > 0 and share.followed == 0
        if share.followed + cost > limits.followed and not alone:
            raise _too_many(
                "TOO_MANY_SUBSCRIPTIONS", "Too many subscriptions at a time: end some of them."
            )
        self._shares[client] = share
        share.followed += cost
        try:
            yield
        finally:
            share.followed -= cost
            self._forget(client, share)

    @contextmanager
    def connected(self, client: str, limits: ShareLimits) -> Iterator[None]:
        """One socket. Raises RequestRefused (429)."""
        share = self._shares.get(client) or _Share()
        if share.sockets >= limits.sockets:
            raise _too_many("TOO_MANY_SOCKETS", f"At most {limits.sockets} sockets at a time.")
        self._shares[client] = share
        share.sockets += 1
        try:
            yield
        finally:
            share.sockets -= 1
            self._forget(client, share)

    def _forget(self, client: str, share: _Share) -> None:
        if share.is_idle and self._shares.get(client) is share:
            del self._shares[client]


def _too_many(code: str, message: str) -> RequestRefused:
    return RequestRefused(429, code, message, {"retry-after": "1"}, {"retryAfterSeconds": 1})
