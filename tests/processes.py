"""The server as it runs in production: `python -m api serve` in processes of their own, ended by their own id.

For what one process cannot show: several of them over one database, one killed, one started again. `between` stands for
the proxy in front of them.
"""

import asyncio
import importlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from api.app import keyring, new_installation
from api.settings import Settings
from domain.database import connect, disconnect
from domain.security.passwords import PasswordHasher
from tests.databases import Database
from tests.serving import CHEAP, MovableClock, Served

START_SECONDS = 30.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def environment(database: Database, folder: Path, **more: Any) -> dict[str, str]:
    """The variables of a server over this database, whose secret is kept in this folder."""
    ours = {"DATABASE_URL": database.url, "DATA_DIR": folder, **more}
    inherited = {name: value for name, value in os.environ.items() if "LATCHWORK" not in name}
    return inherited | {f"LATCHWORK_{name.upper()}": str(value) for name, value in ours.items()}


async def output_of(words: Sequence[str], variables: Mapping[str, str]) -> tuple[int | None, str]:
    """Exit code and output of a program, which must end within ninety seconds."""
    process = await asyncio.create_subprocess_exec(
        *words, env=variables, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 90)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, output.decode()


@dataclass
class Process:
    """One server process."""

    url: str
    variables: Mapping[str, str]
    log: Path
    child: subprocess.Popen[bytes]
    program: Sequence[str]

    @classmethod
    def start(
        cls,
        database: Database,
        folder: Path,
        *,
        port: int | None = None,
        program: Sequence[str] = ("api", "serve"),
        **more: Any,
    ) -> "Process":
        """Starts a server and does not wait for it. `more` are LATCHWORK_ variables, in small letters.

        `program` is a module with its arguments.
        """
        port = port or free_port()
        variables = environment(database, folder, port=port, **more)
        log = folder / f"server-{port}.log"
        child = _spawn(program, variables, log)
        return cls(f"http://127.0.0.1:{port}", variables, log, child, program)

    def start_again(self) -> None:
        """The same server on the same port."""
        self.child = _spawn(self.program, self.variables, self.log)

    def until_ready(self) -> "Process":
        """Waits until it serves. Raises AssertionError with its log when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.child.poll() is None:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return self
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nobody is told."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)

    def stop(self) -> None:
        """Ends it as an operator does, whatever has become of it."""
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise


def _spawn(
    program: Sequence[str], variables: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *program],
            env=dict(variables),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


class Forked(Process):
    """A server process that begins with all modules imported, in a tenth of the time: for tests that start hundreds.

    A process of its own all the same, with its own end. `program` is a module with a `main`, and what it is told.
    """

    def start_again(self) -> None:
        """The same server on the same port."""
        self.child = _Fork(self.program, self.variables, self.log)  # type: ignore[assignment]

    @classmethod
    def begun(
        cls, database: Database, folder: Path, program: Sequence[str], **more: Any
    ) -> "Forked":
        """Starts a server and does not wait for it."""
        port = free_port()
        variables = environment(database, folder, port=port, **more)
        log = folder / f"server-{port}.log"
        child: Any = _Fork(program, variables, log)
        return cls(f"http://127.0.0.1:{port}", variables, log, child, program)


_FORKING = multiprocessing.get_context("forkserver")


class _Fork:
    """What `Process` needs of a child."""

    def __init__(self, program: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        _FORKING.set_forkserver_preload([__name__, program[0]])
        self._process = _FORKING.Process(
            target=_run, args=(list(program), dict(variables), str(log)), daemon=True
        )
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float) -> None:
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("server", seconds)

    def send_signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def terminate(self) -> None:
        self._process.terminate()


def _run(program: list[str], variables: dict[str, str], log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = program
    importlib.import_module(program[0]).main()


@asynccontextmanager
async def hands(
    process: Process, database: Database, public_url: str | None = None
) -> AsyncIterator[Served]:
    """What a test needs to use this process: its data is made in this process, over the same database and secret."""
    folder = Path(process.variables["LATCHWORK_DATA_DIR"])
    settings = Settings(
        database_url=database.url, data_dir=folder, public_url=public_url or process.url
    )
    passwords = PasswordHasher(CHEAP)
    installation = replace(
        new_installation(settings, keyring(settings, fresh=True), passwords=passwords),
        pin_profile=CHEAP,
    )
    await connect(database.url)
    try:
        async with httpx.AsyncClient(timeout=30) as http:
            served = Served(
                process.url, installation, MovableClock(), database, http, folder / "locks"
            )
            yield served
            for task in served.running:
                task.cancel()
            await asyncio.gather(*served.running, return_exceptions=True)
    finally:
        await disconnect()
        passwords.close()


@asynccontextmanager
async def between(*processes: Process) -> AsyncIterator[str]:
    """A proxy that hands each connection to the first of the processes that takes it; its URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for process in processes:
            port = int(process.url.rsplit(":", 1)[1])
            try:
                there, back = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
            return
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
