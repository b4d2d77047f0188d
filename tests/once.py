"""What the workers of one run make once between them, such as a database with all migrations: each takes seconds.

All of it is noted in one folder of the machine's temporary ones, which the last worker to end takes away.
"""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_FOLDER = Path(tempfile.gettempdir()) / f"latchwork-tests-{_RUN[:16]}"


@contextmanager
def alone() -> Iterator[Path]:
    """The folder, and no other worker of this run in it."""
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / "turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield _FOLDER


@contextmanager
def ended() -> Iterator[Path | None]:
    """This worker needs nothing of it any more. For the last of them the folder, which is gone after the block."""
    with alone() as folder:
        with (folder / "ended").open("a") as workers:
            workers.write(".")
        last = len((folder / "ended").read_text()) >= _WORKERS
        yield folder if last else None
        if last:
            shutil.rmtree(folder)
