"""A server that cannot start fails the test that asked for it, and nothing after it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from domain.database import connect, disconnect
from tests.application import serving
from tests.databases import Database
from tests.running import NotStarted, running


@asynccontextmanager
async def broken(app: Starlette) -> AsyncIterator[None]:
    """A start that fails."""
    raise SystemError("AST constructor recursion depth mismatch")
    yield


async def test_a_failed_start_is_an_exception_and_the_loop_lives_on() -> None:
    """uvicorn's own way out is SystemExit, which would end the event loop and with it the worker."""
    server = uvicorn.Server(uvicorn.Config(Starlette(lifespan=broken), log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(NotStarted):
        async with running(server, listener):
            raise AssertionError("it did not start")
    assert asyncio.get_running_loop().is_running()


async def test_a_failed_test_leaves_no_server_and_no_connection(
    fresh_database: Database, tmp_path: Path
) -> None:
    """The same database is served again right after a block that failed, and can be connected to after that."""
    with pytest.raises(ZeroDivisionError):
        async with serving(fresh_database, tmp_path):
            raise ZeroDivisionError
    async with serving(fresh_database, tmp_path) as served:
        assert (await served.http.get(f"{served.url}/readyz")).status_code == 200
    await connect(fresh_database.url)
    await disconnect()
