"""The database is opened by a URL, answers, and is given back."""

import asyncio
import contextvars
import os
import sys
from pathlib import Path

import pytest

from domain.database import (
    DatabaseUnavailable,
    connect,
    disconnect,
    healthy,
    transaction,
)
from domain.database.connection import Address, connected
from tests.databases import Database, Servers, only_postgresql, only_sqlite
from tests.domain.database.toys import Box
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]
TOYS = ["tests.domain.database.toys"]


@pytest.fixture
def model_modules() -> list[str]:
    return TOYS


@pytest.mark.parametrize("turn", range(3))
async def test_each_test_has_an_empty_database_of_its_own(database: Database, turn: int) -> None:
    """Nothing of one test is seen by the next, generated keys included."""
    assert await Box.all().count() == 0
    await Box.create(id=1, label="a")


@pytest.mark.parametrize(
    ("url", "kind", "target"),
    [
        ("sqlite:///var/lib/l.db", "sqlite", "/var/lib/l.db"),
        ("sqlite://l.db", "sqlite", "l.db"),
        (
            "postgresql://u:p@h:1/d?sslmode=require",
            "postgresql",
            "postgresql://u:p@h:1/d?sslmode=require",
        ),
        ("postgres://h/d", "postgresql", "postgresql://h/d"),
        ("asyncpg://h/d", "postgresql", "postgresql://h/d"),
    ],
)
def test_a_url_names_the_database(url: str, kind: str, target: str) -> None:
    """Both kinds, with and without a port, a password or settings, come down to a kind and what the driver takes."""
    assert Address.of(url) == Address(kind, target)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["", "sqlite://", "mysql://u:secret@h/d", "/var/lib/l.db"])
def test_another_url_is_refused_without_being_repeated(url: str) -> None:
    """It may hold a password."""
    with pytest.raises(ValueError, match="database URL") as refused:
        Address.of(url)
    assert "secret" not in str(refused.value)


async def test_handlers_in_other_contexts_find_the_database(database: Database) -> None:
    """A request runs in a context that never saw `connect()`."""

    async def handle() -> int:
        async with transaction():
            await Box.create(id=1, label="a")
        return await Box.all().count()

    task = asyncio.get_running_loop().create_task(handle(), context=contextvars.Context())
    assert await task == 1


async def test_a_second_connect_is_an_error(database: Database) -> None:
    """It is refused, and the first connection goes on."""
    with pytest.raises(RuntimeError):
        await connect(database.url, model_modules=TOYS)
    assert await healthy()


async def test_disconnecting_ends_it_and_it_can_be_opened_again(fresh_database: Database) -> None:
    """Three times over; disconnecting twice does no harm, and afterwards there is no connection to be had."""
    for _ in range(3):
        assert not await healthy()
        await connect(fresh_database.url, model_modules=TOYS)
        assert await healthy()
        await disconnect()
    await disconnect()
    with pytest.raises(RuntimeError):
        connected()


async def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    """And leaves nothing half open: another one can be connected."""
    for url in (
        f"sqlite://{tmp_path}/no/such/folder/l.db",
        "postgresql://nobody@127.0.0.1:1/nothing",
    ):
        with pytest.raises(DatabaseUnavailable):
            await connect(url, model_modules=TOYS)
    await connect(f"sqlite://{tmp_path}/l.db", model_modules=TOYS)
    assert await healthy()
    await disconnect()


@only_sqlite
async def test_sqlite_is_durable_and_enforces_its_references(fresh_database: Database) -> None:
    """Write-ahead log, every commit on disk, foreign keys checked, and patience with a locked file."""
    await connect(fresh_database.url, model_modules=TOYS)
    try:
        ask = connected().client.execute_query_dict
        assert await ask("PRAGMA journal_mode") == [{"journal_mode": "wal"}]
        assert await ask("PRAGMA synchronous") == [{"synchronous": 2}]
        assert await ask("PRAGMA foreign_keys") == [{"foreign_keys": 1}]
        assert (await ask("PRAGMA busy_timeout"))[0]["timeout"] >= 5_000
    finally:
        await disconnect()


@only_postgresql
async def test_a_server_that_goes_away_is_unhealthy_until_it_is_back(
    database: Database, servers: Servers
) -> None:
    """Connections are refused: `healthy()` says no and requests are retryable; when they are allowed
    again everything works, without connecting anew.
    """
    name = database.url.rsplit("/", 1)[1].partition("?")[0]
    await servers.administer(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await servers.cut_connections(database)
    await eventually(healthy, lambda well: not well)
    with pytest.raises(DatabaseUnavailable):
        await Box.all()
    await servers.administer(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert await healthy()
    assert await Box.all() == []


SCRIPT = """
import asyncio, sys
from domain.database import connect, disconnect, healthy

async def main(url):
    # a slow machine is nothing to complain of
    asyncio.get_running_loop().slow_callback_duration = 60
    await connect(url, model_modules=["tests.domain.database.toys"])
    assert await healthy()
    await disconnect()

asyncio.run(main(sys.argv[1]))
"""


async def test_the_process_ends_after_disconnecting(fresh_database: Database) -> None:
    """No thread, task or connection keeps it alive, and nothing complains."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-X",
        "dev",
        "-W",
        "ignore::DeprecationWarning",
        "-c",
        SCRIPT,
        fresh_database.url,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    _, complaint = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, complaint.decode()
    assert complaint.decode() == ""
