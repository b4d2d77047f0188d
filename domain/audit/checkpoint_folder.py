"""The folder of checkpoints: one file a month, to which lines are only ever added.

It is best kept where nobody who can write the database can write: another disk, another user's folder, a mount that
only grows. Several processes of one machine may share it.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from domain.audit.checkpoints import LONGEST_LINE, signed_under

SUFFIX = ".checkpoints"
_TAIL_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line of a file, and where it stands."""

    file: Path
    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """Where checkpoints are kept."""

    path: Path

    def add(self, lines: Sequence[bytes], now: datetime) -> None:
        """Puts the lines at the end of this month's file, on the disk. Those that another process has just put there are
        left out, and half a line that a power cut left is ended first. Raises OSError."""
        if not lines:
            return
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = self.path / f"{now.astimezone(UTC):%Y-%m}{SUFFIX}"
        descriptor = os.open(name, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read(_TAIL_BYTES) or b""
            there = {_says(line) for line in tail.split(b"\n")}
            new = b"".join(line for line in lines if _says(line) not in there)
            if new and tail and not tail.endswith(b"\n"):
                new = b"\n" + new
            if new:
                file.write(new)
                os.fsync(file.fileno())

    def lines(self) -> Iterator[FoundLine]:
        """All lines of all files, the oldest file first, one at a time. Raises OSError."""
        return lines_of([self.path] if self.path.is_dir() else [])

    def newest(self) -> FoundLine | None:
        """The last whole line of the newest file, without its number; None where there is none. Raises OSError."""
        files = _files(self.path) if self.path.is_dir() else []
        if not files:
            return None
        with files[-1].open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 4 * LONGEST_LINE))
            whole = file.read().split(b"\n")[:-1]
        found = [line for line in whole if line]
        return FoundLine(files[-1], 0, found[-1]) if found else None


def lines_of(paths: Iterable[Path]) -> Iterator[FoundLine]:
    """The lines of these files, and of all files of checkpoints in these folders. Raises OSError."""
    for path in paths:
        for file in _files(path) if path.is_dir() else [path]:
            with file.open("rb") as opened:
                number = 0
                while text := opened.readline(LONGEST_LINE):
                    number += 1
                    yield FoundLine(file, number, text.rstrip(b"\n"))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


def _says(line: bytes) -> tuple[bytes, str | None]:
    """What the line says but for its moment: two processes sign the same end at two moments."""
    before, _, _ = line.partition(b',"at":')
    return before if b'"digest"' not in line else line.rstrip(b"\n"), signed_under(line)
