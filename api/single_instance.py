"""At most one server for one SQLite file, held by a lock of the operating system on a file beside it.

Two would not wake each other's streams, and each would allow a client its whole share. Commands beside a running server
take turns with it by SQLite's own locks.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from domain.database.connection import Address


class AlreadyServed(Exception):
    """Another process serves this database; the message names it."""


@contextlib.contextmanager
def single_instance(database_url: str) -> Iterator[None]:
    """Holds the lock for as long as the block runs; a process that is killed gives it back, too.

    Does nothing for PostgreSQL. Raises AlreadyServed, and OSError when the file cannot be made.
    """
    address = Address.of(database_url)
    if address.kind != "sqlite":
        yield
        return
    descriptor = os.open(f"{address.target}.served", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            number = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyServed(
                f"{address.target} is already served by process {number}; SQLite takes one server"
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
