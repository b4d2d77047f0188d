"""Waiting for what must come true, and not for a while: a slow machine takes longer, and nothing else is different."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

WITHIN_SECONDS = 10.0


async def eventually(
    look: Callable[[], Awaitable[T]],
    wanted: Callable[[T], bool] = bool,
    within_seconds: float = WITHIN_SECONDS,
) -> T:
    """Looks until what is seen is as wanted, and returns it. Raises AssertionError with what was seen last."""
    last: T | None = None
    try:
        async with asyncio.timeout(within_seconds):
            while not wanted(seen := await look()):
                last = seen
                await asyncio.sleep(0.01)
            return seen
    except TimeoutError:
        raise AssertionError(f"never as wanted; last seen: {last}") from None


async def becomes(true: Callable[[], bool], within_seconds: float = WITHIN_SECONDS) -> None:
    """Waits until it is so. Raises AssertionError if it never is."""

    async def look() -> bool:
        return true()

    await eventually(look, within_seconds=within_seconds)
