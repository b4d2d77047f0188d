"""One simulated lock on a real socket, with the tiny server that it talks to."""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from domain.security.passwords import PasswordProfile
from locksim.connection import ServerAddress
from locksim.disk import FileDisk
from locksim.hardware_clock import HardwareClock
from locksim.signals import Signal
from locksim.simulated_lock import SimulatedLock, Surroundings
from tests.locksim.rig import NOON, FakeHash, Pen, provisioning
from tests.locksim.tiny_server import TinyServer
from tests.waiting import becomes

PIN = "40718263"


class Eager(random.Random):
    """Draws short waits, so that no test has to wait."""

    def uniform(self, a: float, b: float) -> float:
        """A fiftieth of the longest."""
        return a + (b - a) / 50


class GatedHash(FakeHash):
    """A hash that takes as long as a test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = 0

    def __call__(self, digits: str, salt: bytes, profile: PasswordProfile) -> bytes:
        """A verifier, as soon as the gate is open."""
        self.waiting += not self.gate.is_set()
        self.gate.wait(5)
        return super().__call__(digits, salt, profile)


class Site:
    """One lock and its server."""

    def __init__(self, server: TinyServer, disk: Path, http: httpx.AsyncClient) -> None:
        self.lock = provisioning()
        self.pen = Pen(self.lock)
        self.server = server
        server.locks[self.lock.lock_id] = self.lock
        self.signals: list[Signal] = []
        self.hash = GatedHash()
        self.clock = HardwareClock(monotonic=time.monotonic, started_unix_s=NOON.timestamp())
        around = Surroundings(ServerAddress(server.url), http, asyncio.Semaphore(4))
        self.simulated = SimulatedLock(
            self.lock,
            lambda: FileDisk(disk, sync=False),
            around=around,
            clock=self.clock,
            rng=Eager(),
            random_bytes=random.Random(2).randbytes,
            slow_hash=self.hash,
            on_change=lambda _, signal: self.signals.append(signal) if signal else None,
        )

    async def hold_pin(self) -> None:
        """Deliver PIN mode, a PIN and a card."""
        feed = await self.server.feed()
        feed.send(
            self.pen.snapshot(3, self.pen.settings(), self.pen.pin("a", PIN), self.pen.card())
        )
        await becomes(lambda: any(report["ack"] for report in self.server.reports))


@contextlib.asynccontextmanager
async def running(simulated: SimulatedLock) -> AsyncIterator[None]:
    """The lock, until the end of the block; what made it fail is raised."""
    task = asyncio.create_task(simulated.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
