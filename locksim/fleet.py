"""Many locks in one process, from a file of provisioned locks that may grow while they run.

One command gives a whole building. The state directory is locked, because of two processes on it one
would undo what the other wrote. A new incarnation in the file replaces the lock, which would
otherwise stay connected with a secret that is no longer valid.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import structlog

from locksim.connection import ServerAddress
from locksim.disk import FileDisk
from locksim.hardware_clock import HardwareClock
from locksim.provisioning import InvalidProvisioning, Provisioning, read_provisionings
from locksim.signals import Signal
from locksim.simulated_lock import SimulatedLock, Surroundings

RELOAD_S = 1.0
"""Seconds between looks at the file of locks."""
HANDSHAKES = 16
"""Locks that connect at the same time."""

log = structlog.get_logger("locksim")

Watcher = Callable[[SimulatedLock, Signal | None], None]


class DirectoryInUse(RuntimeError):
    """Another process runs locks from this state directory."""


class Fleet:
    """The locks of one file. `run` works until it is cancelled."""

    def __init__(
        self,
        locks_file: Path,
        state_directory: Path,
        address: ServerAddress,
        *,
        rng: random.Random,
        sync: bool = True,
        on_connect: Callable[[SimulatedLock], None] = lambda _lock: None,
    ) -> None:
        """`sync`: whether a lock's disk survives a power cut of the host, not only a kill."""
        self.locks: dict[str, SimulatedLock] = {}
        """The locks that run, by lock id, in the order of the file."""
        self.watchers: set[Watcher] = set()
        """Who hears of whatever can be seen at any lock."""
        self._locks_file = locks_file
        self._state_directory = state_directory
        self._address = address
        self._rng = rng
        self._sync = sync
        self._on_connect = on_connect
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Run the locks of the file, and follow the file.

        Raises InvalidProvisioning or OSError if the file cannot be used at the start (later, the
        locks that run go on), and DirectoryInUse.
        """
        async with self._surroundings() as around:
            seen = self._stamp()
            provisionings = read_provisionings(self._locks_file)
            try:
                await self._follow(provisionings, around)
                while True:
                    await asyncio.sleep(RELOAD_S)
                    self._raise_failures()
                    stamp = self._stamp()
                    if stamp is None or stamp == seen:
                        continue
                    seen = stamp
                    try:
                        provisionings = read_provisionings(self._locks_file)
                    except (InvalidProvisioning, OSError) as error:
                        log.error("file of locks not used", reason=str(error))
                        continue
                    await self._follow(provisionings, around)
            finally:
                await self._stop(list(self._tasks))

    async def _follow(self, provisionings: tuple[Provisioning, ...], around: Surroundings) -> None:
        """Start the locks that are new or provisioned anew, stop those that are gone."""
        present = {own.lock_id: own for own in provisionings}
        gone = [
            lock_id
            for lock_id, lock in self.locks.items()
            if present.get(lock_id) != lock.provisioning
        ]
        await self._stop(gone)
        for own in provisionings:
            if own.lock_id not in self.locks:
                self._start(own, around)

    def _start(self, own: Provisioning, around: Surroundings) -> None:
        key = _key(own.lock_id)
        directory = self._state_directory / key
        lock = SimulatedLock(
            own,
            lambda: FileDisk(directory, sync=self._sync),
            around=around,
            clock=HardwareClock(monotonic=time.monotonic, started_unix_s=time.time()),
            rng=self._rng,
            random_bytes=os.urandom,
            key=key,
            on_change=self._tell,
            on_connect=self._on_connect,
        )
        self.locks[own.lock_id] = lock
        self._tasks[own.lock_id] = asyncio.create_task(lock.run(), name=own.name)

    async def _stop(self, lock_ids: list[str]) -> None:
        tasks = [self._tasks.pop(lock_id) for lock_id in lock_ids]
        for lock_id in lock_ids:
            del self.locks[lock_id]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _raise_failures(self) -> None:
        """Raise what a lock's task has failed with: a bug of the simulator, which must not pass unseen."""
        for task in self._tasks.values():
            if task.done():
                task.result()

    def _tell(self, lock: SimulatedLock, signal: Signal | None) -> None:
        for watcher in tuple(self.watchers):
            watcher(lock, signal)

    def _stamp(self) -> tuple[int, int] | None:
        """What changes when the file does; None while there is none."""
        try:
            status = self._locks_file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    @contextlib.asynccontextmanager
    async def _surroundings(self) -> AsyncIterator[Surroundings]:
        limits = httpx.Limits(max_connections=HANDSHAKES)
        with _claimed(self._state_directory):
            async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=10) as http:
                yield Surroundings(self._address, http, asyncio.Semaphore(HANDSHAKES))


def _key(lock_id: str) -> str:
    """A short name for a lock id, which may hold anything: of its folder, and in addresses."""
    return hashlib.sha256(lock_id.encode()).hexdigest()[:24]


@contextlib.contextmanager
def _claimed(directory: Path) -> Iterator[None]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryInUse(f"{directory} is in use by another process") from None
        yield
    finally:
        os.close(descriptor)
