"""A simulated lock at a crossing, and what may befall it: its network goes, it reads late, it hears things twice."""

import asyncio
import random
from collections.abc import Mapping, Sequence

from domain.link.entries import Entry
from domain.link.events import LockEventBody
from locksim.firmware import Firmware
from locksim.signals import Delivery, Inbound
from locksim.simulated_lock import Step
from tests.watched_lock import WatchedLock


class CrossedLock(WatchedLock):
    """The real firmware at a real socket."""

    echoes = False
    """Whether it hears an old delivery again right behind each new one, before it can report."""
    patient = False
    """Whether its timers wait: the new nonce that it makes every thirty seconds wakes what nobody has woken."""
    _heard: Inbound | None = None

    def entries(self) -> Mapping[str, Entry]:
        """What it holds, by name."""
        return self._firmware.state.entries if self._firmware is not None else {}

    def untold(self) -> Sequence[LockEventBody]:
        """What happened at it that the server has not acknowledged."""
        return self._firmware.state.events if self._firmware is not None else ()

    def applied(self) -> int:
        """The revision that it has reached."""
        return self._firmware.state.applied if self._firmware is not None else 0

    async def befalls(self, rng: random.Random) -> None:
        """Nothing, mostly; or one of its misfortunes."""
        self.echoes = rng.random() < 0.2
        match rng.randrange(8):
            case 0:
                await self._reads_late(rng.uniform(0, 0.3))
            case 1:
                await self._blinks(rng.uniform(0, 0.02), rng.uniform(0, 0.05))
            case 2:
                await asyncio.sleep(rng.uniform(0, 0.02))
                self.network.turn(on=False)  # until it is asked for again
            case 3:
                for _ in range(3):
                    await self._blinks(rng.uniform(0, 0.06), rng.uniform(0, 0.01))
                self.network.turn(on=rng.random() < 0.5)

    async def _do(self, firmware: Firmware, step: Step, *, threaded: bool = False) -> None:
        while step is Firmware.tick and self.patient and self.online:
            await asyncio.sleep(0.05)
        await super()._do(firmware, step, threaded=threaded)

    async def _reads_late(self, seconds: float) -> None:
        async with self._turn:
            await asyncio.sleep(seconds)

    async def _blinks(self, after: float, seconds: float) -> None:
        await asyncio.sleep(after)
        self.network.turn(on=False)
        await asyncio.sleep(seconds)
        self.network.turn(on=True)

    async def _hear(self, firmware: Firmware, message: Inbound) -> None:
        old = self._heard if self.echoes else None
        if isinstance(message, Delivery):
            self._heard = message
        if old is None or not isinstance(message, Delivery):
            await super()._hear(firmware, message)
            return

        def twice(lock: Firmware, uptime_ms: int) -> None:
            lock.receive(message, uptime_ms)
            lock.receive(old, uptime_ms)

        await self._do(firmware, twice)
