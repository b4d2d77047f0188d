"""The whole application for a test: on a port of 127.0.0.1, over a real database.

`served` is parametrised over the databases.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.app import create_app, keyring, new_installation
from api.protocol import server_options
from api.settings import Settings
from domain.database.connection import connected
from domain.installation import Installation
from domain.letters.mailers import Mailer
from domain.security.passwords import PasswordHasher
from tests.browser import NO_TLS
from tests.databases import Database
from tests.running import QuickServer, running
from tests.serving import CHEAP, MovableClock, Served


@pytest.fixture
def mailer() -> Mailer | None:
    """By what the server sends mail; None for a folder. A test module with a mail server of its own overrides it."""
    return None


@pytest.fixture
async def served(
    fresh_database: Database, tmp_path: Path, mailer: Mailer | None
) -> AsyncIterator[Served]:
    """The application on a port of its own, over a database of its own."""
    async with serving(fresh_database, tmp_path, mailer) as given:
        yield given


@asynccontextmanager
async def serving(
    database: Database, folder: Path, mailer: Mailer | None = None
) -> AsyncIterator[Served]:
    """One life of the application over this database, with its secret in this folder; another may follow it."""
    # with its protocol named: else asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an ACK
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(database_url=database.url, data_dir=folder, public_url=url)
    passwords = PasswordHasher(CHEAP)
    installation = replace(
        new_installation(settings, keyring(settings, fresh=True), passwords=passwords),
        pin_profile=CHEAP,
    )
    installation = replace(installation, mailer=mailer or installation.mailer)
    clock = MovableClock()
    server = QuickServer(
        uvicorn.Config(
            create_app(settings, installation, clock=clock),
            log_config=None,
            access_log=False,
            **server_options(),
        )
    )
    try:
        async with (
            running(server, listener),
            _used(url, installation, clock, database, folder) as given,
        ):
            yield given
    finally:
        passwords.close()


@asynccontextmanager
async def _used(
    url: str, installation: Installation, clock: MovableClock, database: Database, folder: Path
) -> AsyncIterator[Served]:
    """The hands of a test, which at the end let go of all that they hold, whatever became of the test."""
    if not database.is_postgresql:
        # without waiting for the disk: what a power cut loses is not what these tests are about
        await connected().client.execute_query("PRAGMA synchronous=OFF")
    async with httpx.AsyncClient(timeout=30, verify=NO_TLS) as http:
        given = Served(url, installation, clock, database, http, folder / "locks")
        try:
            yield given
        finally:
            for task in given.running:
                task.cancel()
            await asyncio.gather(
                *given.running,
                *(browser.close() for browser in given.browsers),
                return_exceptions=True,
            )
