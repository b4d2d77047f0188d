"""Following what the database says: what there is, and then whatever is no longer as it was told."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Mapping
from typing import TypeVar

from domain.bus.memory import Wakeups

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


async def changes(
    wakeups: Wakeups,
    read: Callable[[Collection[K]], Awaitable[Mapping[K, V]]],
    said_of: Callable[[V], object],
    told: Mapping[K, object] | None = None,
) -> AsyncIterator[V | None]:
    """Each thing that `read` finds, and again whenever `said_of` it is another, looked for at each wake-up.

    Yields None after each look, so that the caller can check again whether it may go on. `read` is given the keys of what
    it found last, so that it can find a thing that has ended once more. `told` is what the caller knows already.
    """
    told = told or {}
    while True:
        found = await read(told.keys())
        said = {key: said_of(value) for key, value in found.items()}
        for key, value in found.items():
            if key not in told or told[key] != said[key]:
                yield value
        told = said
        yield None
        await wakeups.wait()
