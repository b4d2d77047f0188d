"""A uvicorn server within a test's own event loop, started and ended as one block.

uvicorn ends the process where it cannot start. In a test that would end the event loop, and every later test of the
worker with it; here it is an exception, of the one test that asked for the server.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from tests.waiting import becomes

START_SECONDS = 60.0


class QuickServer(uvicorn.Server):
    """uvicorn that ends at once, and leaves the signals of the tests alone.

    Its own way looks ten times a second whether it is to end, and waits as long for its connections: for each served test
    of the suite a fifth of a second in which nobody does anything.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        self._ends, self._ending = False, asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """Whether it is to end; may be said from any thread."""
        return self._ends

    @should_exit.setter
    def should_exit(self, ends: bool) -> None:
        self._ends = ends
        if ends and self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes none."""
        yield

    async def main_loop(self) -> None:
        """Serves until it is to end."""
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self.should_exit:
            await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets its connections and what they do come to their end, and ends the application."""
        for each in (*self.servers, *(sockets or ())):
            each.close()
        state = self.server_state
        for connection in tuple(state.connections):
            connection.shutdown()
        while (state.connections or state.tasks) and not self.force_exit:
            await asyncio.sleep(0.005)
        if not self.force_exit:
            await self.lifespan.shutdown()


class NotStarted(Exception):
    """The server ended before it served; what it logged says why."""


@asynccontextmanager
async def running(server: uvicorn.Server, *listeners: socket.socket) -> AsyncIterator[None]:
    """Serves until the end of the block, also of one that fails. Raises NotStarted."""
    life = asyncio.create_task(_life(server, list(listeners) or None))
    try:
        await becomes(lambda: server.started or life.done(), START_SECONDS)
        if life.done():
            await life
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([life])
        for each in listeners:
            each.close()
    await life


async def _life(server: uvicorn.Server, listeners: list[socket.socket] | None) -> None:
    try:
        await server.serve(listeners)
    except SystemExit as end:
        raise NotStarted(f"the server ended with exit code {end.code}") from None
