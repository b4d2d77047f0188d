"""The simulated lock of a test, with somebody in front of it who remembers what it has shown."""

import asyncio
import os
import random
import time
from pathlib import Path
from typing import Any

import httpx

from locksim.connection import ServerAddress
from locksim.disk import FileDisk
from locksim.hardware_clock import HardwareClock
from locksim.provisioning import Provisioning
from locksim.signals import Signal
from locksim.simulated_lock import SimulatedLock, Surroundings


class WatchedLock(SimulatedLock):
    """The lock of an entry of the provisioning, in this machine's time; its disk is this folder."""

    def __init__(
        self, entry: dict[str, Any], folder: Path, url: str, http: httpx.AsyncClient
    ) -> None:
        self.signals: list[Signal] = []
        """All that it has shown, oldest first."""
        super().__init__(
            Provisioning.from_json(entry, "entry"),
            lambda: FileDisk(folder, sync=False),
            around=Surroundings(ServerAddress(url), http, asyncio.Semaphore(4)),
            clock=HardwareClock(monotonic=time.monotonic, started_unix_s=time.time()),
            rng=random.Random(1),
            random_bytes=os.urandom,
            on_change=lambda _, signal: self.signals.append(signal) if signal else None,
        )

    async def shows(self, digits: str, *, reader: str | None = None) -> Signal:
        """What the keypad (of this reader) shows for these digits and Enter; hyphens are not keys."""
        before = len(self.signals)
        await self.type(digits.replace("-", ""), reader=reader)
        assert len(self.signals) > before, "the keypad showed nothing"
        return self.signals[-1]
