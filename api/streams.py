"""A stream of a subscription, for as long as its reader may read it.

Whether it may go on is asked as soon as what the reader's access rests on may have changed, and at each slow poll of the
bus, since a wake-up may have been missed; not for each item, of which a change for a thousand locks makes a thousand.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from domain.actors import Actor, LockActor
from domain.bus import listening
from domain.people.identities import topics_of

StillPermitted = Callable[[], Awaitable[None]]
"""Raises what ends the stream when its reader may not read it any more."""


async def while_permitted(
    stream: AsyncIterator[Any], actor: Actor | None, still_permitted: StillPermitted
) -> AsyncGenerator[Any, None]:
    """The stream's items. Ends with whatever `still_permitted` raises; closes the stream in any case."""
    try:
        if actor is None or isinstance(actor, LockActor):
            # A lock's access rests on its own row, which its feed reads before each item and its socket's guard watches.
            async for item in stream:
                yield item
        else:
            async with aclosing(_while_standing(stream, actor, still_permitted)) as items:
                async for item in items:
                    yield item
    finally:
        await stream.aclose()  # type: ignore[attr-defined]


async def _while_standing(
    stream: AsyncIterator[Any], actor: Actor, still_permitted: StillPermitted
) -> AsyncGenerator[Any, None]:
    tasks: dict[str, asyncio.Future[Any]] = {}
    async with listening(*topics_of(actor)) as changes:
        try:
            while True:
                if "item" not in tasks:
                    tasks["item"] = asyncio.ensure_future(anext(stream))
                if "change" not in tasks:
                    tasks["change"] = asyncio.ensure_future(changes.wait())
                done, _ = await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_COMPLETED)
                if tasks["change"] in done:
                    del tasks["change"]
                    await still_permitted()
                if tasks["item"] in done:
                    try:
                        item = tasks.pop("item").result()
                    except StopAsyncIteration:
                        return
                    yield item
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
