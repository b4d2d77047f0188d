"""A NATS server of a test's own: `nats-server` in a process of its own, ended by its own id.

Where there is no such program its tests are skipped, and the summary says so loudly; where the environment variable CI is
set they fail.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import free_port

PROGRAM = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "there is no program nats-server (Debian has it in the package of this name)"
START_SECONDS = 15.0


@dataclass
class NatsServer:
    """One server on a port of its own. `configuration` is what its file says besides."""

    folder: Path
    configuration: str
    port: int
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> "NatsServer":
        """Returns when it listens, at once if it already does. Raises AssertionError with its log when it does not."""
        if self.child is not None and self.child.poll() is None:
            return self
        file, log = (self.folder / f"nats-{self.port}{end}" for end in (".conf", ".log"))
        file.write_text(f'listen: "127.0.0.1:{self.port}"\n{self.configuration}\n')
        assert PROGRAM is not None, MISSING
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                [PROGRAM, "-c", str(file)], stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return self
        raise AssertionError(f"nats-server did not start: {log.read_text()[-2000:]}")

    def kill(self) -> None:
        """Nothing is finished, nobody is told."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait(10)

    def hang(self) -> None:
        """Connections stay, and nothing is answered."""
        assert self.child is not None
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.child is not None
        self.child.send_signal(signal.SIGCONT)


@pytest.fixture
def nats_configuration() -> str:
    """What the server's configuration file says besides its address."""
    return ""


@pytest.fixture
def nats_server(tmp_path: Path, nats_configuration: str) -> Iterator[NatsServer]:
    """A server of the test's own, listening."""
    server = available_server(tmp_path, nats_configuration)
    yield server
    server.kill()


def available_server(folder: Path, configuration: str = "") -> NatsServer:
    """A new one on a free port, listening. Without the program the test is skipped, or fails."""
    if PROGRAM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return NatsServer(folder, configuration, free_port()).start()
