"""Many changes, timed; and as many echoes on as many sockets."""

import asyncio
import time
from dataclasses import dataclass

import psutil
from websockets.asyncio.client import ClientConnection

from bench.sync.admin import Admin
from bench.sync.lean_lock import LeanLock, until_acknowledged


@dataclass
class Times:
    """Seconds of many cases, and the server's processor time for each, in seconds."""

    acknowledged: list[float]
    seen: list[float]
    processor: float


class Run:
    """N locks at one server."""

    def __init__(
        self, url: str, server: psutil.Process, admin: Admin, locks: list[LeanLock]
    ) -> None:
        self.url, self.server, self.admin, self.locks = url, server, admin, locks

    def _processor(self) -> float:
        used = self.server.cpu_times()
        return float(used.user + used.system)

    async def changes(self, locks: list[LeanLock], rounds: int) -> Times:
        """One PIN at these locks, changed again and again."""
        pin = await self.admin.pin([lock.kit for lock in locks])
        acknowledged: list[float] = []
        seen: list[float] = []
        async with self.admin.watching(pin):
            await self.admin.until_seen(locks, 1)
            used = self._processor()
            for version in range(2, rounds + 2):
                began = await self.admin.change(pin)
                seen += [at - began for at in await self.admin.until_seen(locks, version)]
                acknowledged += [
                    at - began
                    for at in await asyncio.gather(*(until_acknowledged(x, began) for x in locks))
                ]
            used = self._processor() - used
        return Times(acknowledged, seen, used / len(seen))

    async def echoes(self, sockets: list[ClientConnection], rounds: int) -> Times:
        """All of these sockets say something at once and get it back, again and again."""
        took: list[float] = []
        used = self._processor()
        for _ in range(rounds):
            took += await asyncio.gather(*(_said(each) for each in sockets))
        return Times(took, took, (self._processor() - used) / len(took))


async def _said(echo: ClientConnection) -> float:
    began = time.perf_counter()
    await echo.send("x" * 500)
    await echo.recv()
    return time.perf_counter() - began
