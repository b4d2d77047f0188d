"""What can go wrong between us and the database, told apart by what the caller does next.

Drivers name hundreds of errors; a use case can act on three: try again later
(`DatabaseUnavailable`), the row is already there (`DuplicateRow`), or a mistake of ours, which
stays the driver's own exception and becomes a masked internal error. If an
error were called retryable that is not, the caller would repeat something that was refused. So only
errors known to mean "the server could not, this time" are translated; everything else passes
through untouched.

`translate` is the one place where this is decided; both backends wrap every call to their driver in
`translated()`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg  # type: ignore[import-untyped]
from tortoise.exceptions import DBConnectionError, IntegrityError


class DatabaseUnavailable(Exception):
    """The database could not do it now: connection lost, pool exhausted, locked too long, shutting
    down.

    Nothing is known to be wrong with the request; the caller may send it again. If the connection
    was lost during the commit itself, the change may or may not have happened: repeat only what is
    safe to repeat.
    """


class Conflict(DatabaseUnavailable):
    """Deadlock or failed serialization: the transaction was undone whole. `use_case` runs it again
    by itself.
    """


class RowsHeld(DatabaseUnavailable):
    """Another transaction held the rows for too long."""


class DuplicateRow(IntegrityError):
    """A unique constraint refused the row. `constraint` is its name, or "table.column, ..." where
    only that is known.
    """

    def __init__(self, constraint: str) -> None:
        super().__init__(f"duplicate row: {constraint}")
        self.constraint = constraint


class TransactionMisuse(RuntimeError):
    """A mistake in our code: a use case or transaction inside another's transaction, a lock outside
    of any.
    """


_CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

_LOST = (
    asyncpg.PostgresConnectionError,  # class 08: the connection failed or does not exist
    asyncpg.OperatorInterventionError,  # class 57: shutting down, not yet up, statement cancelled
    asyncpg.InsufficientResourcesError,  # class 53: too many connections, disk full, out of memory
    asyncpg.InternalClientError,
    asyncpg.InvalidCachedStatementError,  # the schema was migrated under a prepared statement
    asyncpg.IdleInTransactionSessionTimeoutError,
    DBConnectionError,
    OSError,  # includes TimeoutError and every refused or broken socket
    EOFError,
)

_SQLITE_BUSY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_INTERRUPT,
}
_SQLITE_DUPLICATE = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}

# asyncpg says these with one InterfaceError, which also covers mistakes in calling it
_LOST_INTERFACE = (
    "connection is closed",
    "connection has been released",
    "pool is closing",
    "pool is closed",
    "connection was closed",
)


def translate(error: BaseException) -> BaseException:
    """What the rest of the program is to see instead of `error`; `error` itself if it is none of
    those translated here.
    """
    cause = _driver_error(error)
    if isinstance(cause, sqlite3.Error):
        return _translate_sqlite(cause) or error
    if isinstance(cause, asyncpg.UniqueViolationError):
        return DuplicateRow(cause.constraint_name or "unknown")
    if isinstance(cause, _CONFLICTS):
        return Conflict(type(cause).__name__)
    if isinstance(cause, asyncpg.LockNotAvailableError):
        return RowsHeld(type(cause).__name__)
    lost_by_interface = isinstance(cause, asyncpg.InterfaceError) and any(
        text in str(cause) for text in _LOST_INTERFACE
    )
    if lost_by_interface or isinstance(cause, _LOST):
        return DatabaseUnavailable(type(cause).__name__)
    return error


@contextmanager
def translated(*, connecting: bool = False) -> Iterator[None]:
    """Everything raised by the driver inside is raised as `translate` says. While `connecting` no
    request has been made yet, so whatever the server objects to, the request is not to blame.
    """
    try:
        yield
    except Exception as error:
        better = translate(error)
        if connecting and isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError)):
            better = DatabaseUnavailable(type(error).__name__)
        if better is error:
            raise
        raise better from error


def _driver_error(error: BaseException) -> BaseException:
    """Tortoise wraps driver errors as `OperationalError(original)`."""
    inner = error.args[0] if error.args else None
    return inner if isinstance(inner, (sqlite3.Error, asyncpg.PostgresError)) else error


def _translate_sqlite(error: sqlite3.Error) -> BaseException | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if code in _SQLITE_DUPLICATE:
        return DuplicateRow(str(error).partition(": ")[2] or "unknown")
    if code & 0xFF in _SQLITE_BUSY:
        return DatabaseUnavailable(error.sqlite_errorname)
    return None
