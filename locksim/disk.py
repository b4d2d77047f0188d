"""A lock's disk: the last state, whole, or the one before it, whenever the power goes.

Two slots, a file each, written in turn. Each carries a generation, its length and a SHA-256, and the
slot that holds the present state is never touched: a torn write spoils only the slot that was being
written, and reading takes the valid slot of the highest generation. A disk on which something, but
nothing whole, is written is damaged and raises: taken for an empty one, it would let a lock forget
its wrong entries, and be guessed at again.
"""

import hashlib
import os
from pathlib import Path
from typing import Protocol

_MAGIC = b"LWLOCK1\n"
_GENERATION_BYTES = 8
_LENGTH_BYTES = 8
_HASH_BYTES = 32
_HEADER_BYTES = len(_MAGIC) + _GENERATION_BYTES + _LENGTH_BYTES + _HASH_BYTES
_NAMES = ("state.0", "state.1")


class DiskDamaged(Exception):
    """Neither slot holds a whole state, though something was written: a factory reset is needed."""


class PowerWent(Exception):
    """The power went while a state was being written."""


class Disk(Protocol):
    """Where a lock keeps its state."""

    def read(self) -> bytes | None:
        """The state written last, or None for an empty disk. Raises DiskDamaged."""

    def write(self, state: bytes) -> None:
        """Replace the state, whole or not at all; it is on the disk when this returns."""


def pack_slot(generation: int, state: bytes) -> bytes:
    """A slot as it lies on the disk."""
    head = generation.to_bytes(_GENERATION_BYTES, "big") + len(state).to_bytes(_LENGTH_BYTES, "big")
    return _MAGIC + head + hashlib.sha256(head + state).digest() + state


def unpack_slot(slot: bytes) -> tuple[int, bytes] | None:
    """Generation and state of a slot, or None if it is not whole; bytes behind it do not count."""
    if len(slot) < _HEADER_BYTES or not slot.startswith(_MAGIC):
        return None
    head = slot[len(_MAGIC) : len(_MAGIC) + _GENERATION_BYTES + _LENGTH_BYTES]
    length = int.from_bytes(head[_GENERATION_BYTES:], "big")
    state = slot[_HEADER_BYTES : _HEADER_BYTES + length]
    claimed = slot[_HEADER_BYTES - _HASH_BYTES : _HEADER_BYTES]
    if len(state) != length or hashlib.sha256(head + state).digest() != claimed:
        return None
    return int.from_bytes(head[:_GENERATION_BYTES], "big"), state


class FileDisk:
    """A disk in a directory of its own, mode 0700, for one process at a time.

    With `sync` (the default) a write survives a power cut of the host; without, only the death of
    the process, at a fraction of the cost.
    """

    def __init__(self, directory: Path, *, sync: bool = True) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._paths = [directory / name for name in _NAMES]
        self._directory = directory
        self._sync = sync
        self.cut_after: int | None = None
        """A fault: of the next write so many bytes reach the disk, and the power is gone. None: all do."""
        self._generation = 0
        self._state: bytes | None = None
        slots = [path.read_bytes() if path.exists() else b"" for path in self._paths]
        for found in map(unpack_slot, slots):
            if found is not None and found[0] > self._generation:
                self._generation, self._state = found
        # The first write of all goes to the second slot. Torn, it leaves the disk empty as it was.
        self._damaged = self._state is None and bool(slots[0])

    def read(self) -> bytes | None:
        """The state written last, or None for an empty disk. Raises DiskDamaged."""
        if self._damaged:
            raise DiskDamaged(str(self._directory))
        return self._state

    def write(self, state: bytes) -> None:
        """Write the slot that does not hold the present state. Raises DiskDamaged, OSError, PowerWent."""
        if self._damaged:
            raise DiskDamaged(str(self._directory))
        generation = self._generation + 1
        path = self._paths[generation % len(self._paths)]
        fresh = not path.exists()
        # Never cut shorter: the length in the header says where the state ends.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            data = memoryview(pack_slot(generation, state))[: self.cut_after]
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], written)
            if self._sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if self.cut_after is not None:
            raise PowerWent
        if fresh and self._sync:
            self._sync_directory()
        self._generation, self._state = generation, state

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
