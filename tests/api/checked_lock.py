"""The simulated lock on the bench of `latchwork lock-check`, with somebody who cuts its power and types at it."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx
import uvicorn

from api.lock_check.bench import Bench, Hands
from api.lock_check.kit import Kit
from api.lock_check.played_server import PlayedServer
from api.lock_check.rules import Findings
from locksim.connection import ServerAddress
from locksim.disk import Disk, FileDisk
from locksim.hardware_clock import HardwareClock
from locksim.provisioning import Provisioning
from locksim.simulated_lock import SimulatedLock, Surroundings
from tests.locksim.site import Eager
from tests.locksim.site import running as switched_on
from tests.running import QuickServer, running
from tests.waiting import becomes

PATIENCE_SECONDS = 30.0
"""So long that no slow machine breaks a rule."""


@dataclass
class Person:
    """Whoever stands at the lock."""

    simulated: SimulatedLock

    async def cut_power(self) -> None:
        """Off without a warning, and on again."""
        self.simulated.power.turn(on=False)
        await becomes(lambda: self.simulated.view is None)
        self.simulated.power.turn(on=True)

    async def enter(self, digits: str) -> None:
        """Digits and Enter."""
        await becomes(lambda: self.simulated.view is not None)
        await self.simulated.type(digits)


@contextlib.asynccontextmanager
async def bench(
    folder: Path,
    *,
    patience: float = PATIENCE_SECONDS,
    open_disk: Callable[[Path], Disk] = lambda path: FileDisk(path, sync=False),
    drift_ppm: float = 0.0,
    firmware: Mapping[str, object] = MappingProxyType({}),
) -> AsyncIterator[Bench]:
    """A simulated lock that runs against the server that the check plays; `firmware` is what its entry says of it."""
    kit, findings = Kit.new(), Findings()
    played = PlayedServer(kit, findings)
    server = QuickServer(
        uvicorn.Config(played.app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    )
    async with running(server), httpx.AsyncClient(trust_env=False) as http:
        port = server.servers[0].sockets[0].getsockname()[1]
        simulated = SimulatedLock(
            Provisioning.from_json({**kit.to_json(), **firmware}, "kit"),
            lambda: open_disk(folder / "disk"),
            around=Surroundings(
                ServerAddress(f"http://127.0.0.1:{port}"), http, asyncio.Semaphore(1)
            ),
            clock=HardwareClock(
                monotonic=time.monotonic, started_unix_s=time.time(), drift_ppm=drift_ppm
            ),
            rng=Eager(),
            random_bytes=random.Random(2).randbytes,
        )
        async with switched_on(simulated):
            person = Person(simulated)
            yield Bench(played, Hands(person.cut_power, person.enter), patience)
        server.force_exit = True
