"""What only one process may do at a time for one database, for as long as it takes: longer than a transaction.

A process that is killed gives its turn back at once: it is a lock of PostgreSQL's session, or, beside a SQLite file, of the
operating system.
"""

import contextlib
import fcntl
import os
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]

from domain.database.connection import Address
from domain.database.errors import translated
from domain.database.transactions import advisory_key


class AlreadyDone(Exception):
    """Another process does it now."""


@contextlib.asynccontextmanager
async def one_at_a_time(url: str, work: str) -> AsyncIterator[None]:
    """Holds the turn for this work, of short name, while the block runs. Raises AlreadyDone where another has it."""
    address = Address.of(url)
    if address.kind == "sqlite":
        descriptor = os.open(f"{address.target}.{work}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyDone(work) from None
            yield
        finally:
            os.close(descriptor)
        return
    with translated(connecting=True):
        session = await asyncpg.connect(address.target, timeout=30)
    try:
        with translated():
            mine = await session.fetchval("SELECT pg_try_advisory_lock($1)", advisory_key(work))
        if not mine:
            raise AlreadyDone(work)
        yield
    finally:
        await session.close(timeout=5)
