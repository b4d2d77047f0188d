"""A server process over a database that was prepared for it, for as long as it is measured."""

import asyncio
import contextlib
import multiprocessing
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from api.settings import Environment, Settings
from bench.prepared import Prepared, prepare


@dataclass(frozen=True)
class Served:
    """What is asked, where, and the process whose time counts."""

    port: int
    process: psutil.Process
    prepared: Prepared

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def served(
    serve: Callable[[Settings], None], database_url: str, locks: int
) -> AsyncIterator[Served]:
    """Runs `serve` in a process of its own, in production mode, on a site with so many locks.

    `database_url` names an empty database; nothing: a SQLite file that is gone afterwards.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=database_url,
            data_dir=Path(folder),
            env=Environment.PRODUCTION,
            port=port,
        )
        prepared = await prepare(settings, locks)
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(settings,))
        server.start()
        try:
            started = Served(port, psutil.Process(server.pid), prepared)
            await _until_ready(started.url)
            yield started
        finally:
            server.terminate()
            server.join()


async def _until_ready(url: str) -> None:
    async with httpx.AsyncClient() as http:
        for _ in range(300):
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(f"{url}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")
