"""A real, empty database of each kind for every test that asks for `database`.

Mocked databases hide exactly what breaks in production (locks, constraints, cancelled statements),
so there are none here. The tables are made once a session and copied for each test: a file on
SQLite, `CREATE DATABASE ... TEMPLATE` on PostgreSQL. Without a server of PostgreSQL its tests are
skipped, never silently: the summary says so (`left_out`), and where the environment variable CI is set they fail.

A test module with tables of its own overrides the fixture `model_modules`.
"""

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]
import pytest

from domain.database import build, connect, disconnect, migrate
from tests import once

DEFAULT_SERVERS = (
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql://root@127.0.0.1:5432/postgres",
)
MISSING = "no PostgreSQL server answers; set LATCHWORK_TEST_POSTGRES_URL"

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
"""For what only one of the two has; everything else is tested on both."""

_BLANK = "blank"
_NOTED = "postgresql"
"""Where the workers note which database has the product's tables."""
_FORGOTTEN_SECONDS = 6 * 3600
"""After which the databases of a session that was killed are removed by another one."""
_TABLES = (
    "SELECT quote_ident(tablename) AS name FROM pg_tables"
    " WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'"
)


@dataclass(frozen=True)
class Database:
    """A database made for one test. `url` is what `connect()` and `migrate()` take."""

    kind: str
    url: str
    origin: str = ""
    """What it was copied from, on PostgreSQL."""

    @property
    def is_postgresql(self) -> bool:
        return self.kind == "postgresql"


@dataclass
class Servers:
    """Templates and databases of this session, all of them dropped at its end.

    On PostgreSQL copying a database takes ten times as long as emptying one, so they are used again.
    """

    folder: Path
    postgres: str | None
    run: str = field(default_factory=lambda: f"{int(time.time())}_{uuid.uuid4().hex[:6]}")
    templates: dict[tuple[str, ...], str] = field(default_factory=dict)
    idle: dict[str, list[Database]] = field(default_factory=dict)
    count: int = 0

    async def fresh(self, kind: str, model_modules: Sequence[str] | None) -> Database:
        """A database with the tables of these modules; with no tables at all for an empty sequence.

        The product's tables (None) come from its migrations, others straight from the models.
        """
        if model_modules is None:
            return await self._migrated(kind)
        if not model_modules:
            return await self._blank(kind)
        modules = tuple(model_modules)
        return await self.copy_of((kind, *modules), lambda url: build(url, model_modules=modules))

    async def copy_of(
        self, key: tuple[str, ...], make: Callable[[str], Awaitable[object]]
    ) -> Database:
        """A copy of the template of this name, which `make` fills when it is first asked for. The
        name begins with the kind of database.
        """
        kind = key[0]
        if key not in self.templates:
            self.templates[key] = url = await self._empty(kind, f"template_{len(self.templates)}")
            await make(url)
            if kind == "postgresql" and not await _has_rows(url):
                self.idle[url] = []
        return await self._copied(kind, self.templates[key])

    async def _migrated(self, kind: str) -> Database:
        """A copy of the template with the product's tables, which the first worker of a run makes for all."""
        key = (kind, "migrated")
        if key not in self.templates:
            if kind == "sqlite":
                self.templates[key] = f"sqlite://{await migrated_file()}"
            else:
                self.templates[key] = url = await self._migrated_on_postgresql()
                self.idle[url] = []
        return await self._copied(kind, self.templates[key])

    async def _migrated_on_postgresql(self) -> str:
        with once.alone() as folder:
            noted = folder / _NOTED
            if not noted.exists():
                name = f"latchwork_{int(time.time())}_{uuid.uuid4().hex[:6]}_migrated"
                await self.administer(f'CREATE DATABASE "{name}"')
                url = self.postgres_url(name)
                await migrate(url)
                assert not await _has_rows(url), "they would be lost where it is used again"
                noted.write_text(url)
            return noted.read_text()

    async def _copied(self, kind: str, template: str) -> Database:
        if self.idle.get(template):
            return self.idle[template].pop()
        return Database(kind, await self._copy(kind, template, self._next()), template)

    async def remove(self, database: Database) -> None:
        """Throw away what is in it, and all connections to it."""
        if not database.is_postgresql:
            _unlink(database.url.removeprefix("sqlite://"))
        elif database.origin in self.idle:
            try:
                await _clear(database.url, tables_too=database.origin == _BLANK)
            except asyncpg.InsufficientPrivilegeError:
                await self._drop(database)
            else:
                self.idle[database.origin].append(database)
        else:
            await self._drop(database)

    async def _drop(self, database: Database) -> None:
        name = urlsplit(database.url).path.lstrip("/")
        await self.administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _blank(self, kind: str) -> Database:
        idle = self.idle.setdefault(_BLANK, [])
        if kind == "postgresql" and idle:
            return idle.pop()
        return Database(kind, await self._empty(kind, self._next()), _BLANK)

    def _next(self) -> str:
        self.count += 1
        return f"test_{self.count}"

    async def _empty(self, kind: str, name: str) -> str:
        if kind == "sqlite":
            return f"sqlite://{self.folder / name}.sqlite3"
        await self.administer(f'CREATE DATABASE "{self._own(name)}"')
        return self.postgres_url(self._own(name))

    async def _copy(self, kind: str, template: str, name: str) -> str:
        if kind == "sqlite":
            path = self.folder / f"{name}.sqlite3"
            shutil.copyfile(template.removeprefix("sqlite://"), path)
            return f"sqlite://{path}"
        origin = urlsplit(template).path.lstrip("/")
        await self.administer(f'CREATE DATABASE "{self._own(name)}" TEMPLATE "{origin}"')
        return self.postgres_url(self._own(name))

    async def administer(self, *statements: str) -> None:
        """Run statements on the server's maintenance database."""
        assert self.postgres is not None
        session = await asyncpg.connect(self.postgres, timeout=10)
        try:
            for statement in statements:
                await session.execute(statement)
        finally:
            await session.close()

    async def cut_connections(self, database: Database, saying: str = "%") -> None:
        """End the connections to a PostgreSQL database whose last statement is LIKE `saying`."""
        session = await asyncpg.connect(self.postgres, timeout=10)
        try:
            await session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = $1 AND query LIKE $2",
                urlsplit(database.url).path.lstrip("/"),
                saying,
            )
        finally:
            await session.close()

    def postgres_url(self, name: str) -> str:
        assert self.postgres is not None
        # without waiting for the disk: what a crash loses is not what these tests are about
        settings = {"path": f"/{name}", "query": "synchronous_commit=off"}
        return urlunsplit(urlsplit(self.postgres)._replace(**settings))

    def _own(self, name: str) -> str:
        return f"latchwork_{self.run}_{name}"

    async def remove_all(self) -> None:
        if self.postgres is None:
            return
        session = await asyncpg.connect(self.postgres, timeout=10)
        try:
            mine = await session.fetch(
                "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
                " OR datname ~ '^latchwork_[0-9]{10}_' AND split_part(datname, '_', 2)::bigint < $2",
                self._own(""),
                int(time.time()) - _FORGOTTEN_SECONDS,
            )
            for row in mine:
                await session.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
        finally:
            await session.close()


async def migrated_file() -> Path:
    """A SQLite file with the product's tables and nothing in them, made once a run; to be copied."""
    with once.alone() as folder:
        made = folder / "migrated.sqlite3"
        if not made.exists():
            making = folder / "making.sqlite3"
            await migrate(f"sqlite://{making}")
            making.rename(made)
        return made


async def forget_what_is_shared() -> None:
    """This worker has ended. What it shared with the others goes with the last of them."""
    with once.ended() as folder:
        if folder is None or not (folder / _NOTED).exists():
            return
        session = await asyncpg.connect(await answering_server(), timeout=10)
        try:
            name = urlsplit((folder / _NOTED).read_text()).path.lstrip("/")
            await session.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await session.close()


async def _has_rows(url: str) -> bool:
    """A migration may bring rows of its own, which emptying would lose."""
    session = await asyncpg.connect(url, timeout=10)
    try:
        for row in await session.fetch(_TABLES):
            if await session.fetchval(f"SELECT EXISTS (SELECT 1 FROM {row['name']})"):
                return True
        return False
    finally:
        await session.close()


async def _clear(url: str, *, tables_too: bool) -> None:
    """Whatever the test left: connections are ended, rows deleted, keys begin at 1 again."""
    session = await asyncpg.connect(url, timeout=10)
    try:
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if tables_too:
            await session.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            return
        names = [row["name"] for row in await session.fetch(_TABLES)]
        deletions = "".join(f"DELETE FROM {name};" for name in names)
        await session.execute(f"SET session_replication_role = replica; {deletions}")
        await session.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)"
            " FROM pg_sequences WHERE sequencename <> 'tortoise_migrations_id_seq'"
        )
    finally:
        await session.close()


def _unlink(path: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)


async def answering_server() -> str | None:
    """The address of the PostgreSQL server to be used, if there is one."""
    given = os.environ.get("LATCHWORK_TEST_POSTGRES_URL")
    for url in (given,) if given else DEFAULT_SERVERS:
        try:
            session = await asyncpg.connect(url, timeout=5)
        except (OSError, asyncpg.PostgresError):
            continue
        await session.close()
        return url
    return None


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """What the workers share goes with the last of them."""
    yield
    asyncio.run(forget_what_is_shared())


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    found = Servers(tmp_path_factory.mktemp("databases"), asyncio.run(answering_server()))
    yield found
    asyncio.run(found.remove_all())


@pytest.fixture
def model_modules() -> Sequence[str] | None:
    """The modules whose tables the database has; None for those of the product."""
    return None


@pytest.fixture
def bus_url() -> str:
    """The NATS server between the processes; empty where nothing but the database is."""
    return ""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest, servers: Servers) -> str:
    return available(request.param, servers)


def available(kind: str, servers: Servers) -> str:
    """The kind, if there is a server for it; otherwise the test is skipped, or fails."""
    if kind == "postgresql" and servers.postgres is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return kind


@pytest.fixture
async def fresh_database(
    database_kind: str, servers: Servers, model_modules: Sequence[str] | None
) -> AsyncIterator[Database]:
    """A database of its own with the tables made, not connected."""
    made = await servers.fresh(database_kind, model_modules)
    yield made
    await disconnect()  # what a test that failed half-way has left open: the next could not connect
    await servers.remove(made)


@pytest.fixture
async def database(
    fresh_database: Database, model_modules: Sequence[str] | None, bus_url: str
) -> AsyncIterator[Database]:
    """A database of its own with the tables made, connected."""
    options: dict[str, Any] = {"synchronous": "OFF"}
    if fresh_database.is_postgresql:
        options = {
            "lock_wait_ms": 60_000
        }  # changes that a test lets meet wait, however slow the machine is
    await connect(fresh_database.url, bus_url=bus_url, model_modules=model_modules, **options)
    try:
        yield fresh_database
    finally:
        await disconnect()
