"""Nobody works for a client that has gone: what it asked for by HTTP is cancelled, as on a socket.

The server tells of a lost connection only when it is asked. Without this, a client that sends a request and drops its
connection, again and again, would keep the process busy with answers that nobody reads. What must not be interrupted
protects itself (`domain.database.use_case`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import ClientDisconnect, Request

_PATIENCE_SECONDS: Final = 0.05
"""Watching costs a task; most requests are answered before it begins."""


@asynccontextmanager
async def while_wanted(request: Request) -> AsyncIterator[None]:
    """Cancels the block when the client goes away. The body must have been read. Raises ClientDisconnect."""
    work = asyncio.current_task()
    assert work is not None
    watching: list[asyncio.Task[None]] = []
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone = True
        work.cancel()

    loop = asyncio.get_running_loop()
    timer = loop.call_later(_PATIENCE_SECONDS, lambda: watching.append(loop.create_task(watch())))
    try:
        yield
    except asyncio.CancelledError:
        if gone and work.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        for task in watching:
            task.cancel()
