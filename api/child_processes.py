"""The processes that the demo starts, watches and ends, each with a log of its own.

None outlives the demo: one that was left behind would keep the port and the database, and the next start would find them
taken.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

STOP_SECONDS = 15
SHOWN_BYTES = 1000
"""As much of the end of a log as a message shows."""

Result = TypeVar("Result")


class ChildEnded(Exception):
    """A child ended by itself; the message shows the end of its log."""


@dataclass
class Children:
    """The running children. Use `async with children(folder)`, which ends them."""

    folder: Path
    logs: list[Path] = field(default_factory=list)
    _processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str, *arguments: str) -> None:
        """Starts `python -m arguments`; its log goes to `name.log` in the folder, from the beginning."""
        log = self.folder / f"{name}.log"
        with open(log, "wb", opener=_private) as output:  # noqa: ASYNC230 - a small file, opened once
            # A session of its own: an interrupt at the keyboard reaches us, and we end the children in order.
            self._processes[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "api.ends_with_parent",
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
            )
        self.logs.append(log)

    async def beside(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The work's result. Raises ChildEnded, and cancels the work, when a child ends before it."""
        task = asyncio.create_task(work)
        waits = [asyncio.create_task(each.wait()) for each in self._processes.values()]
        try:
            await asyncio.wait([task, *waits], return_when=asyncio.FIRST_COMPLETED)
            for name, wait in zip(self._processes, waits, strict=True):
                if wait.done() and not task.done():
                    raise self._ended(name)
            return task.result()
        finally:
            for each in (task, *waits):
                each.cancel()
            await asyncio.gather(task, *waits, return_exceptions=True)

    def _ended(self, name: str) -> ChildEnded:
        log = self.folder / f"{name}.log"
        end = log.read_bytes()[-SHOWN_BYTES:].decode(errors="replace").strip()
        code = self._processes[name].returncode
        return ChildEnded(f"{name} ended by itself with code {code} (see {log})\n{end}".strip())

    async def stop(self) -> None:
        """Ends them, the last one first."""
        for process in reversed(self._processes.values()):
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), STOP_SECONDS)
                except TimeoutError:
                    process.kill()
                    await process.wait()


@contextlib.asynccontextmanager
async def children(folder: Path) -> AsyncIterator[Children]:
    """No children yet; whatever happens, none of those started is left at the end."""
    started = Children(folder)
    try:
        yield started
    finally:
        await started.stop()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
