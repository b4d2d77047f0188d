"""What comes at once is done at once: the requests of many callers, answered by one transaction.

While one batch is answered the next one gathers. So a request that comes alone waits for nobody, and of a thousand none
pays for a transaction of its own.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domain.database.errors import Conflict, DatabaseUnavailable, RowsHeld, TransactionMisuse
from domain.database.transactions import current_transaction

log = logging.getLogger(__name__)

I = TypeVar("I")  # noqa: E741 - an installation, of which this floor knows nothing
Q = TypeVar("Q")
A = TypeVar("A")

MOST_AT_ONCE = 40
"""Requests of one batch: on SQLite everybody else waits for its transaction."""
MOST_WAITING = 10_000
"""Requests of one kind; who comes then is told to try again."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    whole: Any
    key: Hashable
    request: Any
    answer: asyncio.Future[Any] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def tell(self, answer: object) -> None:
        """Hands over the answer, unless the caller has gone away."""
        if self.answer.done():
            return
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


Answering = Callable[[I, Sequence[Q]], Awaitable[Sequence[A | Exception]]]
"""Answers each of these requests, in their order; an exception is raised where its request was asked."""


class Together:
    """The requests that wait, by the function that answers them. It answers one batch at a time."""

    def __init__(self) -> None:
        self._queues: defaultdict[Any, list[_Waiting]] = defaultdict(list)
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, answer: Answering[I, Q, A], whole: I, key: Hashable, request: Q) -> A:
        """The answer to this request. Those with one `key` are never in one batch, and are answered in their order.

        `whole` is handed to `answer` as it is. A request is answered also if its caller is cancelled meanwhile. Raises
        whatever answers it so, and DatabaseUnavailable.
        """
        if current_transaction() is not None:
            raise TransactionMisuse("a batch waits for its own transaction, not inside another")
        queue = self._queues[answer]
        if len(queue) >= MOST_WAITING:
            raise DatabaseUnavailable(f"{MOST_WAITING} wait to be answered together")
        waiting = _Waiting(whole, key, request)
        queue.append(waiting)
        if self._worker is None or self._worker.done():
            # In a context of its own: it works for everybody, not for whoever happened to come first.
            self._worker = asyncio.create_task(self._work(), name="together", context=Context())
        return await waiting.answer  # type: ignore[no-any-return]

    async def _work(self) -> None:
        try:
            while any(self._queues.values()):
                for answer in list(self._queues):
                    batch = self._next(answer)
                    try:
                        await self._answer(answer, batch)
                    finally:
                        for each in batch:
                            each.tell(DatabaseUnavailable("the process is ending"))
        finally:  # nobody waits for ever for a worker that was cancelled
            for each in [each for queue in self._queues.values() for each in queue]:
                each.tell(DatabaseUnavailable("the process is ending"))
            self._queues.clear()

    def _next(self, answer: Any) -> list[_Waiting]:
        """Takes the first of each key, as many as one batch may have."""
        batch: dict[Hashable, _Waiting] = {}
        left = []
        for each in self._queues[answer]:
            if each.key in batch or len(batch) == MOST_AT_ONCE:
                left.append(each)
            else:
                batch[each.key] = each
        self._queues[answer] = left
        return list(batch.values())

    async def _answer(self, answer: Any, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        try:
            answers = await answer(batch[0].whole, [each.request for each in batch])
        except Exception as error:
            unreachable = isinstance(error, DatabaseUnavailable) and not isinstance(
                error, (Conflict, RowsHeld)
            )
            if unreachable or len(batch) == 1:
                answers = [error] * len(batch)
            else:
                # One of them is the cause, and the others must not suffer for it.
                log.warning(
                    "%d requests are answered one by one: %s", len(batch), type(error).__name__
                )
                for each in batch:
                    await self._answer(answer, [each])
                return
        for waiting, each in zip(batch, answers, strict=True):
            waiting.tell(each)
