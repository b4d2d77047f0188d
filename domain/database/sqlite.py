"""SQLite inside this process: one connection, one lock, and transactions that take the write lock
at their start.

Tortoise's client opens plain `BEGIN`: a transaction that first reads and then writes fails at once
if another process wrote meanwhile, whatever the busy timeout. Ours opens `BEGIN IMMEDIATE`, so a
transaction waits at its start and never later, and everything read inside it stays true until its
commit. No step below may be cut in half by a cancellation: with a lock that is not given back the
process hangs for good, and on a connection without its pragmas foreign keys are silently off.
"""

import asyncio
import sqlite3
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiosqlite
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite import client as tortoise_sqlite
from tortoise.connection import ConnectionToken, get_connections
from tortoise.exceptions import TransactionManagementError

from domain.database.client import OurClient
from domain.database.errors import translated
from domain.database.in_lists import OurSqliteExecutor
from domain.database.shielding import to_its_end

BUSY_TIMEOUT_MS = 10_000
"""How long a transaction waits for another process's write lock before `DatabaseUnavailable`."""

PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": str(BUSY_TIMEOUT_MS),
    "journal_size_limit": "67108864",
}


def _upper(value: object) -> object:
    """SQL's UPPER, which in SQLite knows the letters of ASCII only; searches in any case need it."""
    return value.upper() if isinstance(value, str) else value


class _AsText(OurClient):
    """SQLite keeps a moment as text and compares it as text, which is right in one offset only; keys are text too."""

    def bound(self, values: list[Any]) -> list[Any]:
        return [_text_of(each) for each in values]


def _text_of(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    return str(value) if isinstance(value, UUID) else value


class SqliteClient(_AsText, tortoise_sqlite.SqliteClient):
    """The one connection of this process. Keyword arguments that are not Tortoise's are pragmas
    over `PRAGMAS`.
    """

    executor_class = OurSqliteExecutor

    def __init__(self, file_path: str, **options: Any) -> None:
        super().__init__(file_path, **options)
        self.pragmas = PRAGMAS | {
            name: value
            for name, value in options.items()
            if name not in {"connection_name", "fetch_inserted"}
        }

    async def create_connection(self, with_db: bool) -> None:
        if self._connection is None:
            with translated():
                await to_its_end(self._open())

    async def _open(self) -> None:
        connection = await aiosqlite.connect(self.filename, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            await connection.create_function("UPPER", 1, _upper, deterministic=True)
            # first the timeout: switching to WAL itself may have to wait
            for name in sorted(self.pragmas, key=lambda name: name != "busy_timeout"):
                await connection.execute_fetchall(f"PRAGMA {name}={self.pragmas[name]}")
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        await self._post_connect()

    async def close(self) -> None:
        await to_its_end(super().close())

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        return _Turn(self._lock, self)

    def _in_transaction(self) -> TransactionContext:
        return _ImmediateTransaction(self)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)


class _Turn(ConnectionWrapper[aiosqlite.Connection]):
    """One statement's turn on the connection; the lock is given back also if connecting fails."""

    async def __aenter__(self) -> aiosqlite.Connection:
        await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()
            raise
        return self.connection


class SqliteTransaction(_AsText, tortoise_sqlite.SqliteTransactionWrapper):
    """The connection as seen inside a transaction. Refuses to be used after its end, when it would
    write unprotected.
    """

    committed = False

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        if self._finalized:
            raise TransactionManagementError("this transaction has ended")
        return _Turn(self._lock, self)

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SqliteTransaction(self))

    async def begin(self) -> None:
        with translated():
            await self._connection.execute_fetchall("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        with translated():
            await super().commit()
        self.committed = True


class _ImmediateTransaction(TransactionContext):
    """`BEGIN IMMEDIATE` ... `COMMIT` or `ROLLBACK`; whatever is cancelled where, the lock is free
    afterwards.
    """

    def __init__(self, client: SqliteClient) -> None:
        self._client = client
        self._transaction: SqliteTransaction
        self._token: ConnectionToken

    async def __aenter__(self) -> TransactionalDBClient:
        client = self._client
        await client._lock.acquire()
        try:
            await client.create_connection(with_db=True)
            self._transaction = SqliteTransaction(client)
            try:
                await to_its_end(self._transaction.begin())
            except asyncio.CancelledError:
                await to_its_end(self._transaction.rollback())
                raise
        except BaseException:
            client._lock.release()
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
            try:
                if not transaction._finalized:
                    await to_its_end(transaction.rollback())
            finally:
                transaction._finalized = True
                self._client._lock.release()


client_class = SqliteClient
