"""A connection to a server that carries wake-ups between processes, replaced whenever it is lost."""

import asyncio
import contextlib
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar

log = logging.getLogger(__name__)


class NotConnected(Exception):
    """The connection is lost now."""


class KeptConnection(ABC):
    """Probed while it is silent, and opened again when it is lost.

    Nobody knows what came while it was lost: `deliver` gets the topics that are heard, `missed` is called when it is
    lost and when it is back. The log says both, once each.
    """

    NAME: ClassVar[str]
    """Of the server, in the log."""
    PROBE_SECONDS = 20.0
    """How often a silent connection is asked whether it is still there."""
    RETRY_SECONDS = (0.1, 5.0)
    """First and longest pause between attempts to connect again; each pause is doubled and
    jittered, until a new connection has answered.
    """

    def __init__(
        self, deliver: Callable[[Iterable[str]], None], missed: Callable[[], None]
    ) -> None:
        self._deliver = deliver
        self._missed = missed
        self._lost = asyncio.Event()
        self._away = False
        self._keeper: asyncio.Task[None] | None = None

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether what is sent now would leave."""

    @abstractmethod
    async def open(self) -> None:
        """Connects, and listens. Raises any exception if it cannot."""

    @abstractmethod
    async def ask(self) -> None:
        """Returns once the server has answered. Raises any exception if it does not."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Ends the connection, whatever has become of it. Never raises, and does not take long."""

    @abstractmethod
    async def send(self, topics: Iterable[str]) -> None:
        """Wake the listeners of these in the other processes. Raises unless the server has taken them: some may have
        been woken nevertheless.
        """

    def keep(self) -> None:
        """From now on it is opened when it is not open, and probed."""
        self._keeper = asyncio.create_task(self._keep(), name=f"bus: {self.NAME}")

    async def close(self) -> None:
        """Ends it for good."""
        if self._keeper is not None:
            await end(self._keeper)
            self._keeper = None
        await self.hang_up()

    def reason(self, error: Exception) -> str:
        """What the log says of an error: its kind. Its text may hold anything, a URL with its password for one."""
        return type(error).__name__

    def lose(self) -> None:
        """It is known or suspected to be lost: ask at once."""
        self._lost.set()

    async def _keep(self) -> None:
        pause = self.RETRY_SECONDS[0]
        while True:
            try:
                if not self.connected:
                    self._lost.clear()
                    await self.open()
                    self._note_return()
                    await self.ask()  # one that is opened and at once refused does not count
                pause = self.RETRY_SECONDS[0]
                await self._probe()
            except Exception as error:
                await self.hang_up()
                self._note_loss(error)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, self.RETRY_SECONDS[1])

    async def _probe(self) -> None:
        """Ask after a while of silence, or at once when the loss is reported. Raises what `ask` does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.PROBE_SECONDS):
                await self._lost.wait()
        self._lost.clear()
        await self.ask()

    def _note_return(self) -> None:
        self._away = False
        log.info("bus: connected to %s", self.NAME)
        self._missed()

    def _note_loss(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            log.warning(
                "bus: no connection to %s (%s), trying again", self.NAME, self.reason(error)
            )
            self._missed()


async def end(task: asyncio.Task[None]) -> None:
    """Cancels a task until it has ended: a library that it waits for may swallow a cancellation and go on."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
