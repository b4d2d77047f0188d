"""A use case that has begun runs to its end, whatever becomes of the request that asked for it.

GraphQL cancels sibling fields when one fails, and a client that goes away cancels its mutation.
Cancelling between two statements is safe (the transaction is undone); what must not be is a change
half made outside of transactions, or one made whose listeners are never woken. So a use case runs as a task of its
own behind a shield, and a retry after a deadlock happens only while nothing was committed: doing it
twice would be worse than failing.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tortoise.connection import get_connections

from domain.database.connection import ALIAS, connected
from domain.database.errors import Conflict, DatabaseUnavailable, RowsHeld, TransactionMisuse
from domain.database.postgresql import PostgresClient
from domain.database.transactions import Attempt, attempt, current_transaction

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)

ATTEMPTS = 4
PAUSE_SECONDS = 0.02
"""Before the second attempt; doubled and jittered before each further one."""

MOST_RUNNING = 1_000
"""Abandoned ones count too: clients that ask and go away must not fill the memory."""

_running: set[asyncio.Task[Any]] = set()


def use_case(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Run each call as a task of its own, to its end, outside of any transaction of the caller.

    If the caller is cancelled, the task goes on; its result is dropped, its exception is logged by
    type. A deadlock or serialization failure before anything is committed repeats the whole
    function, at most `ATTEMPTS` times, then leaves as `DatabaseUnavailable`. Raises
    `TransactionMisuse` when called inside a transaction.
    """

    @wraps(function)
    async def begun(*args: P.args, **kwargs: P.kwargs) -> R:
        task = _begin(lambda: function(*args, **kwargs), function.__qualname__)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_tell_abandoned)
            raise

    return begun


def in_background(call: Callable[[], Awaitable[None]], name: str) -> None:
    """Run what nobody waits for, such as the sending of a letter, under the rules of a use case.

    `drain` waits for it; its exception is logged by type. Raises as the call of a use case does.
    """
    _begin(call, name).add_done_callback(_tell_abandoned)


def _begin(call: Callable[[], Awaitable[R]], name: str) -> asyncio.Task[R]:
    if current_transaction() is not None:
        raise TransactionMisuse(f"{name} called inside a transaction")
    if len(_running) >= MOST_RUNNING:
        raise DatabaseUnavailable(f"{MOST_RUNNING} use cases are running")
    task = asyncio.create_task(_attempts(call), name=name)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def _attempts(call: Callable[[], Awaitable[R]]) -> R:
    # a caller started from within a transaction has inherited its connection, ended or not
    get_connections().set(ALIAS, connected().client)
    outer = attempt.get()
    pause = PAUSE_SECONDS
    for remaining in reversed(range(ATTEMPTS)):
        run = Attempt(outer)
        attempt.set(run)
        try:
            return await call()
        except Conflict:
            if run.committed or not remaining:
                raise
        except RowsHeld:
            await _end_stopped()
            raise
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        pause *= 2
    raise AssertionError("unreachable")


async def _end_stopped() -> None:
    client = connected().client
    if isinstance(client, PostgresClient):
        with contextlib.suppress(DatabaseUnavailable):
            await client.end_stopped()


def _tell_abandoned(task: asyncio.Task[Any]) -> None:
    if task.cancelled():
        log.warning("abandoned use case %s was cancelled", task.get_name())
    elif (error := task.exception()) is not None:
        # the type only: a message may quote what the caller typed
        log.warning("abandoned use case %s failed: %s", task.get_name(), type(error).__name__)


async def drain(timeout_seconds: float) -> int:
    """Wait for the use cases that run, also those begun meanwhile; how many still run after
    `timeout_seconds`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_seconds
    while True:
        running = {task for task in _running if not task.done()}
        if not running:
            return 0
        left = deadline - loop.time()
        if left <= 0:
            return len(running)
        await asyncio.wait(running, timeout=left)
