"""Waiting for what happens first: the power and the cable of a lock can go at any moment.

The dangerous mistake is work that goes on behind a switch that is off; so whatever loses the race
is cancelled and has ended before the race is over.
"""

import asyncio
from collections.abc import Coroutine


class Switch:
    """Something that is on or off, and can be waited for."""

    def __init__(self, *, on: bool = True) -> None:
        self._events = {True: asyncio.Event(), False: asyncio.Event()}
        self._events[on].set()

    @property
    def on(self) -> bool:
        """Whether it is on now."""
        return self._events[True].is_set()

    def turn(self, *, on: bool) -> None:
        """Turn it on or off."""
        self._events[on].set()
        self._events[not on].clear()

    async def until(self, *, on: bool) -> None:
        """Wait until it is on, or off."""
        await self._events[on].wait()


async def first_of(*works: Coroutine[object, object, object]) -> None:
    """Run all until one ends, cancel the others and wait for them; raises what one has raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            raise error
