"""Transactions, the locks taken in them, and the wake-ups sent by them.

A wake-up that leaves before its change is committed makes a listener look, find nothing and sleep.
So wake-ups belong to the transaction: on the bus of PostgreSQL they are a
NOTIFY inside it, delivered by the commit itself; on the others they are told after it, also when
its outcome is unknown. A transaction that is undone wakes nobody.
"""

import contextvars
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from domain.bus.payloads import checked, payloads
from domain.bus.postgresql import CHANNEL, NOTIFY, PAYLOAD_BYTES, PostgresBus
from domain.database.connection import Connected, connected
from domain.database.errors import TransactionMisuse
from domain.database.statements import Select
from domain.database.turns import Queue

M = TypeVar("M", bound=Model)


class Transaction:
    """An open transaction. Queries of the same task are in it by themselves; `client` is for raw
    SQL.
    """

    def __init__(self, client: BaseDBAsyncClient) -> None:
        self.client = client
        self.open = True
        self._topics: dict[str, None] = {}

    def wake(self, *topics: str) -> None:
        """Wake the listeners of these topics once this transaction is committed. Ids only;
        repetitions become one.
        """
        if not self.open:
            raise TransactionMisuse("wake() after the end of the transaction")
        self._topics.update(dict.fromkeys(checked(topics)))

    async def forget_if_it_crashes(self) -> None:
        """The commit need not wait for PostgreSQL's disk: what is said anew anyway may be gone after a crash of its machine.

        Nothing of it is torn, and none of a later commit is there without it.
        """
        if self.client.capabilities.dialect == "postgres":
            await self.client.execute_query("SET LOCAL synchronous_commit = off")


class Attempt:
    """One run of a use case: it may be repeated only while nothing of it is committed."""

    def __init__(self, outer: "Attempt | None") -> None:
        self.committed = False
        self._outer = outer

    def note_commit(self) -> None:
        """Also for the use case that called this one."""
        self.committed = True
        if self._outer is not None:
            self._outer.note_commit()


_transaction: contextvars.ContextVar[Transaction | None] = contextvars.ContextVar(
    "transaction", default=None
)
attempt: contextvars.ContextVar[Attempt | None] = contextvars.ContextVar("attempt", default=None)


def current_transaction() -> Transaction | None:
    """The open transaction around the caller, or None."""
    transaction = _transaction.get()
    return transaction if transaction is not None and transaction.open else None


@asynccontextmanager
async def transaction(
    queue: Queue | None = None, *, repeatable: bool = False
) -> AsyncIterator[Transaction]:
    """Commit what is done inside, all or nothing; undo it if the block raises or is cancelled.

    `queue` is where it waits before it takes a connection; nowhere, when it waits for nobody's rows.
    `repeatable` says that a use case may be begun again after it, as if it had committed nothing.
    SQLite takes the write lock at the start. PostgreSQL runs READ COMMITTED: lock the rows that are
    decided upon. Raises `DuplicateRow`, `Conflict` (undone; `use_case` repeats) or
    `DatabaseUnavailable` (if it came from the commit, the outcome is unknown). Not to be nested.
    """
    if current_transaction() is not None:
        raise TransactionMisuse("a transaction inside a transaction")
    connection = connected()
    async with (
        connection.turns.turn(queue) if connection.turns is not None else nullcontext(),
        _begun(connection, repeatable) as opened,
    ):
        yield opened


@asynccontextmanager
async def _begun(connection: Connected, repeatable: bool) -> AsyncIterator[Transaction]:
    notifies = isinstance(connection.bus, PostgresBus)
    context = connection.client._in_transaction()
    opened: Transaction | None = None
    committing = False
    try:
        async with context as client:
            opened = Transaction(client)
            token = _transaction.set(opened)
            try:
                yield opened
                if notifies:
                    for payload in payloads(opened._topics, PAYLOAD_BYTES):
                        await client.execute_query(NOTIFY, [CHANNEL, payload])
                committing = True
            finally:
                opened.open = False
                _transaction.reset(token)
    finally:
        # also when cancelled while committing: what is committed is told
        if opened is not None and committing:
            committed = getattr(opened.client, "committed", False)
            if committed and not repeatable and (run := attempt.get()) is not None:
                run.note_commit()
            if notifies:
                connection.bus.committed(opened._topics)
            else:
                connection.bus.tell(opened._topics)


@asynccontextmanager
async def snapshot() -> AsyncIterator[None]:
    """Everything that is read inside is of one moment. Nothing can be written in it."""
    async with transaction(repeatable=True) as current:
        if current.client.capabilities.dialect == "postgres":
            await current.client.execute_query(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
            )
        yield


async def hold(name: str) -> None:
    """Until the end of the transaction, everybody else who holds this name waits: for what no single
    row stands for. Take it before any row, so that two callers cannot deadlock.

    An advisory lock on PostgreSQL; on SQLite the transaction holds the write lock already.
    """
    current = current_transaction()
    if current is None:
        raise TransactionMisuse("a hold outside of a transaction ends at once")
    if current.client.capabilities.dialect == "postgres":
        await current.client.execute_query("SELECT pg_advisory_xact_lock($1)", [advisory_key(name)])


async def hold_if_free(name: str) -> bool:
    """As `hold`, but without waiting: False where somebody else holds this name."""
    current = current_transaction()
    if current is None:
        raise TransactionMisuse("a hold outside of a transaction ends at once")
    if current.client.capabilities.dialect != "postgres":
        return True
    (row,) = await current.client.execute_query_dict(
        "SELECT pg_try_advisory_xact_lock($1) AS held", [advisory_key(name)]
    )
    return bool(row["held"])


def advisory_key(name: str) -> int:
    """The number of PostgreSQL's advisory lock for a name."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)


async def lock_row(model: type[M], row_id: Any) -> M | None:
    """The row, held until the end of the transaction against everybody else who locks or changes
    it; None if not there.
    """
    rows = await lock_rows(model, [row_id])
    return rows[0] if rows else None


async def lock_rows(
    model: type[M], row_ids: Iterable[Any], *, free_only: bool = False
) -> Sequence[M]:
    """The rows that exist, in the order of their ids, in which they are locked: so two callers
    cannot deadlock. `free_only` leaves out those that somebody else holds now, instead of waiting.

    `SELECT ... FOR NO KEY UPDATE` on PostgreSQL: rows are never deleted nor given other keys while
    others point at them, and plain FOR UPDATE would make each insert with a foreign key wait, and
    so deadlock. On SQLite the transaction holds the write lock already.
    """
    if current_transaction() is None:
        raise TransactionMisuse("a row lock outside of a transaction ends at once")
    ids = list(row_ids)
    if not ids:
        return []
    return await _held(model, free_only)(ids)


@cache
def _held(model: type[M], free_only: bool) -> Select[M]:
    key = model._meta.db_pk_column
    held = " FOR NO KEY UPDATE SKIP LOCKED" if free_only else " FOR NO KEY UPDATE"
    return Select(model, f'"{key}" IN [?1]', order=f'"{key}"', held=held)
