"""Wake-ups: "something about this topic changed, look again". What changed is in the database alone, never in a message.

A lost wake-up would leave a lock waiting for a change that has already happened.
So a wake-up between subscribing and waiting is kept, many wake-ups become one and never queue, and
whenever a bus may have missed something it wakes everybody. A wake-up too many costs one query. The
slow poll backs all of this up.

A topic is a short string, made by `domain.topics`; never a secret, never a payload. Each engine has
a file: `memory` serves one process, `postgresql` and `nats` several.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.bus.changes import changes
from domain.bus.memory import Bus, Wakeups

__all__ = ["Bus", "Wakeups", "changes", "current", "listening", "use"]

_current: Bus | None = None


def use(bus: Bus | None) -> None:
    """The bus of this process, set by `connect()` and `disconnect()`."""
    global _current  # noqa: PLW0603 - one process, one bus
    _current = bus


def current() -> Bus:
    """Raises `RuntimeError` where the database is not connected."""
    if _current is None:
        raise RuntimeError("no bus: the database is not connected")
    return _current


@asynccontextmanager
async def listening(*topics: str) -> AsyncIterator[Wakeups]:
    """Be woken by these topics. Enter first, then read the database, then wait: then nothing is
    missed.
    """
    async with current().listening(*topics) as wakeups:
        yield wakeups
