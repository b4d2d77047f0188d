"""Work that has begun and must be brought to its end although the caller is cancelled.

A request is cancelled when its client goes away or when a sibling field fails. If that stops a
COMMIT or a ROLLBACK half way, a lock stays taken or a pooled connection is never given
back, and everybody else pays for it.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` as a task of its own and return only when it is done.

    A cancellation that comes meanwhile is raised when the work is done, whether the work succeeded
    or failed: so the caller must learn the outcome from what the work did, not from this exception.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
        except Exception:  # noqa: S110 - raised below, by result()
            pass
    if not cancelled:
        return task.result()
    failure = None if task.cancelled() else task.exception()
    raise asyncio.CancelledError from failure
