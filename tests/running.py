"""A uvicorn server within a test's own event loop, started and ended as one block.

uvicorn ends the process where it cannot start. In a test that would end the event loop, and every later test of the
worker with it; here it is an exception, of the one test that asked for the server.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tests.waiting import becomes

START_SECONDS = 60.0


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
