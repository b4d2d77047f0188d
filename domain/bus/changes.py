"""Following the database: what there is, and then each thing again whenever it has changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Mapping
from typing import TypeVar

from domain.bus.memory import Wakeups

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LOOK_EVERY_SECONDS = 0.02
"""Looks begin at most so often: what a thousand locks say one after the other is seen in few of them."""
LOOKS_SHARE = 3
"""Of so many parts of the time at most one is spent looking, however long a look takes."""


async def changes(
    wakeups: Wakeups,
    read: Callable[[Collection[K]], Awaitable[Mapping[K, V]]],
    said_of: Callable[[V], object],
    told: Mapping[K, object] | None = None,
    read_parts: Callable[[Collection[K], Collection[str]], Awaitable[Mapping[K, V]]] | None = None,
) -> AsyncIterator[V]:
    """Each thing that `read` finds, and again whenever its `said_of` differs; looked for at each wake-up.

    `read` is given the keys of what it found last, so that it can find a thing that has ended once more. `told` holds the
    `said_of` of what the caller has already. `read_parts` reads, in place of `read`, only the parts of the topic that were
    woken, where that is known.
    """
    told = dict(told or {})
    parts: Collection[str] | None = None
    time = asyncio.get_running_loop().time
    while True:
        began = time()
        if parts is None or read_parts is None:
            found, kept = await read(told.keys()), {}
        else:
            found, kept = await read_parts(told.keys(), parts), told
        took = time() - began
        said = {key: said_of(value) for key, value in found.items()}
        for key, value in found.items():
            if key not in told or told[key] != said[key]:
                yield value
        told = kept | said
        await asyncio.sleep(max(LOOK_EVERY_SECONDS, LOOKS_SHARE * took) - (time() - began))
        await wakeups.wait()
        parts = wakeups.parts
