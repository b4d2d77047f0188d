"""A stream of a subscription, for as long as its reader may read it.

The dangerous direction: a stream on which nothing happens, and which therefore never asks whether it may go on. So the
question is asked before every item and, besides, as soon as what the reader stands on may have changed.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from domain.actors import Actor, LockActor
from domain.bus import listening
from domain.people.identities import topics_of

Still = Callable[[], Awaitable[None]]


async def while_permitted(
    stream: AsyncIterator[Any], actor: Actor | None, still: Still
) -> AsyncGenerator[Any, None]:
    """The stream's items. Ends with whatever `still` raises; closes the stream in any case."""
    try:
        if actor is None or isinstance(actor, LockActor):
            # A lock stands on nothing but itself, which its socket's guard watches; its topic wakes for every command.
            async for item in stream:
                await still()
                yield item
        else:
            async with aclosing(_while_standing(stream, actor, still)) as items:
                async for item in items:
                    yield item
    finally:
        await stream.aclose()  # type: ignore[attr-defined]


async def _while_standing(
    stream: AsyncIterator[Any], actor: Actor, still: Still
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
                await still()
                if tasks["change"] in done:
                    del tasks["change"]
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
