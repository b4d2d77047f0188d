"""What a server does by itself every so often, for as long as it runs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


async def repeat(seconds: float, *works: Callable[[], Awaitable[object]]) -> None:
    """Does each of these every `seconds`, until it is cancelled. One that fails is logged by the kind of its failure and
    tried again at the next turn; the others are done all the same."""
    while True:
        await asyncio.sleep(seconds)
        for work in works:
            try:
                await work()
            except Exception as fault:  # without it nothing would ever be swept again
                log.warning("background work failed", fault=type(fault).__name__)
