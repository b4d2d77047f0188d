"""PostgreSQL through asyncpg: a bounded pool whose connections always come back.

Tortoise's transactions leak a pooled connection when they are cancelled between taking it and
entering the block; after a few such requests the pool is empty and every request hangs. So
waiting for a connection, waiting for somebody else's rows and every statement have an end: after
that, `DatabaseUnavailable`. A transaction of a process that is stopped holds its rows until it is
ended, by the server or by a process that waited in vain (`end_stopped`); `turns` says who may wait for them.
"""

import asyncio
import contextlib
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.asyncpg import client as tortoise_asyncpg
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.connection import ConnectionToken, get_connections
from tortoise.exceptions import TransactionManagementError

from domain.database.client import OurClient
from domain.database.errors import translated
from domain.database.in_lists import PostgresExecutor
from domain.database.shielding import to_its_end

POOL_SIZE = 10
POOL_WAIT_SECONDS = 10.0
"""How long a request waits for a free connection."""
STATEMENT_SECONDS = 30.0
LOCK_WAIT_MS = 5_000
"""How long a statement waits for rows that another transaction holds."""
CONNECT_SECONDS = 10.0
IDLE_IN_TRANSACTION_MS = 15_000
"""The server ends a transaction that says nothing for so long: a hung process must not keep rows
locked.
"""
NAME = "latchwork"
"""Of our sessions, as the server knows them; those that migrate have another."""
STOPPED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = $1
  AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
  AND state_change < clock_timestamp() - $2 * interval '1 millisecond'
"""


class PostgresClient(OurClient, tortoise_asyncpg.AsyncpgDBClient):
    """The pool. `dsn` is read by asyncpg itself, so every libpq form (sslmode, socket directories)
    works.
    """

    executor_class = PostgresExecutor

    def __init__(
        self,
        dsn: str,
        pool_size: int = POOL_SIZE,
        *,
        patient: bool = False,
        lock_wait_ms: int | None = None,
        **options: Any,
    ) -> None:
        """`patient` lets statements and transactions take as long as they take, for migrations; `lock_wait_ms` is
        LOCK_WAIT_MS unless given.
        """
        super().__init__(**options)
        self._dsn = dsn
        self._patient = patient
        self._lock_wait_ms = LOCK_WAIT_MS if lock_wait_ms is None else lock_wait_ms
        self.pool_maxsize = pool_size

    async def create_connection(self, with_db: bool) -> None:
        async with self._pool_init_lock:
            if self._pool is None:
                with translated(connecting=True):
                    await to_its_end(self._open())

    async def _open(self) -> None:
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=self.pool_maxsize,
            timeout=CONNECT_SECONDS,
            command_timeout=None if self._patient else STATEMENT_SECONDS,
            reset=_leave_as_it_is,
            server_settings={
                "application_name": f"{NAME} migrating" if self._patient else NAME,
                "timezone": "UTC",
                "jit": "off",  # compiling one of our statements takes longer than running it
                **_ends(self._lock_wait_ms, self._patient),
            },
        )
        await self._post_connect()

    async def take(self) -> Any:
        """A connection of the pool, within `POOL_WAIT_SECONDS`; give it back with `give_back`."""
        if self._pool is None:
            await self.create_connection(with_db=True)
        assert self._pool is not None
        with translated(connecting=True):
            async with asyncio.timeout(POOL_WAIT_SECONDS):
                return await self._pool.acquire()

    async def give_back(self, connection: Any) -> None:
        if self._pool is not None:
            # a connection that fails here is ended and replaced by the pool; what was done on it is done
            with contextlib.suppress(Exception):
                await to_its_end(self._pool.release(connection, timeout=STATEMENT_SECONDS))

    async def end_stopped(self) -> None:
        """Ends the transactions whose process has said nothing for too long.

        The server does so by itself between two statements, and not between the two halves of one: asyncpg prepares a
        statement and then runs it, and a process that is stopped in between counts as busy.
        """
        await self.execute_query(STOPPED, [NAME, IDLE_IN_TRANSACTION_MS])

    def acquire_connection(self) -> PoolConnectionWrapper[Any]:
        return _Borrowed(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return _PooledTransaction(self)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)


class _Borrowed(PoolConnectionWrapper[Any]):
    client: PostgresClient

    async def __aenter__(self) -> Any:
        self.connection = await self.client.take()
        return self.connection

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await self.client.give_back(self.connection)


class PostgresTransaction(OurClient, tortoise_asyncpg.TransactionWrapper):
    """The connection as seen inside a transaction. Refuses to be used after its end, when it is
    somebody else's.
    """

    committed = False

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        if self._finalized:
            raise TransactionManagementError("this transaction has ended")
        return super().acquire_connection()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(PostgresTransaction(self))

    async def begin(self) -> None:
        with translated():
            await super().begin()

    async def commit(self) -> None:
        with translated():
            await super().commit()
        self.committed = True


class _PooledTransaction(TransactionContext):
    """`BEGIN` ... `COMMIT` or `ROLLBACK` on one pooled connection, which goes back to the pool
    whatever is cancelled where.
    """

    def __init__(self, client: PostgresClient) -> None:
        self._client = client
        self._transaction: PostgresTransaction
        self._token: ConnectionToken

    async def __aenter__(self) -> TransactionalDBClient:
        client = self._client
        connection = await client.take()
        self._transaction = PostgresTransaction(client)
        self._transaction._connection = connection
        try:
            await to_its_end(self._transaction.begin())
        except BaseException:
            await self._undo()
            raise
        self._token = get_connections().set(client.connection_name, self._transaction)
        return self._transaction

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        transaction = self._transaction
        try:
            if kind is None and not transaction._finalized:
                await to_its_end(transaction.commit())
        finally:
            get_connections().reset(self._token)
            await self._undo()

    async def _undo(self) -> None:
        """Roll back what is still open and give the connection back; a connection that cannot roll
        back is ended.
        """
        transaction = self._transaction
        try:
            if not transaction._finalized:
                await to_its_end(self._roll_back())
        finally:
            transaction._finalized = True
            await self._client.give_back(transaction._connection)

    async def _roll_back(self) -> None:
        connection: Any = self._transaction._connection
        try:
            if connection.is_in_transaction():
                await self._transaction.rollback()
        except Exception:
            # lost, or in no state to be used: the server undoes the transaction of an ended one
            with contextlib.suppress(Exception):
                connection.terminate()


def _ends(lock_wait_ms: int, patient: bool) -> dict[str, str]:
    """The server's own ends, in milliseconds (0: none); they also hold for a process that is stopped."""
    ends = {
        "lock_timeout": lock_wait_ms,
        "statement_timeout": int(STATEMENT_SECONDS * 1000),
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
    }
    return {name: "0" if patient else str(each) for name, each in ends.items()}


async def _leave_as_it_is(connection: Any) -> None:
    """asyncpg has already ended an open transaction; we set nothing else on a session, so a round
    trip is saved.
    """


client_class = PostgresClient
