"""Models in two versions, migrations made from them, and what a database really has.

Each workshop is a folder of Python modules of its own: version after version of the models is written
as text, as a developer would edit them, and `make_migration` does the rest.
"""

import importlib
import re
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from domain.database import drift, make_migration, migrate

HEAD = """
from tortoise import fields
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
"""


class Workshop:
    """`version` writes the models, `change` turns them into the next migration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._id = f"workshop_{uuid.uuid4().hex[:8]}"
        self.migrations = f"{self._id}_migrations"
        self._versions = 0
        (folder / self.migrations).mkdir()
        (folder / self.migrations / "__init__.py").touch()

    def version(self, text: str) -> str:
        """The name of a module with these models."""
        self._versions += 1
        name = f"{self._id}_v{self._versions}"
        (self.folder / f"{name}.py").write_text(HEAD + text)
        importlib.invalidate_caches()
        return name

    async def change(self, module: str, name: str = "change") -> str | None:
        """The text of the migration that leads to these models; None if there is nothing to do."""
        path = await make_migration(name, model_modules=[module], migrations=self.migrations)
        if path is None:
            return None
        left = await drift(model_modules=[module], migrations=self.migrations)
        assert left == [], left
        return path.read_text()

    def write_migration(self, name: str, text: str) -> None:
        (self.folder / self.migrations / f"{name}.py").write_text(text)
        importlib.invalidate_caches()

    def remove_migration(self, name: str) -> None:
        (self.folder / self.migrations / f"{name}.py").unlink()

    async def migrate(self, url: str) -> list[str]:
        return await migrate(url, migrations=self.migrations)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    sys.path.insert(0, str(tmp_path))
    try:
        yield Workshop(tmp_path)
    finally:
        sys.path.remove(str(tmp_path))


class Ask:
    """A plain connection to either database: what the driver itself says, nothing of ours between."""

    def __init__(self, url: str) -> None:
        self.is_postgresql = not url.startswith("sqlite://")
        self._url = url
        self._connection: Any = None

    async def __aenter__(self) -> "Ask":
        if self.is_postgresql:
            self._connection = await asyncpg.connect(self._url)
        else:
            path = self._url.removeprefix("sqlite://")
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA foreign_keys=ON")
        return self

    async def __aexit__(self, *error: object) -> None:
        if self.is_postgresql:
            await self._connection.close()
        else:
            self._connection.close()

    async def __call__(self, sql: str) -> list[dict[str, Any]]:
        if self.is_postgresql:
            return [dict(row) for row in await self._connection.fetch(sql)]
        return [dict(row) for row in self._connection.execute(sql).fetchall()]


async def run_sql(url: str, *statements: str) -> list[list[dict[str, Any]]]:
    """Run statements; the rows of each."""
    async with Ask(url) as ask:
        return [await ask(statement) for statement in statements]


async def what_it_has(url: str) -> dict[str, set[str]]:
    """Each table's columns, indexes, uniques, CHECKs and references, without generated names."""
    async with Ask(url) as ask:
        has = await (_in_postgresql(ask) if ask.is_postgresql else _in_sqlite(ask))
    has.pop("tortoise_migrations", None)
    return has


async def _in_sqlite(ask: Ask) -> dict[str, set[str]]:
    has: dict[str, set[str]] = {}
    made = await ask("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
    indexes = {row["name"]: row["sql"] for row in made}
    for table in await ask(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ):
        name = table["name"]
        facts = has.setdefault(name, set())
        for row in await ask(f'PRAGMA table_info("{name}")'):
            facts.add(
                f"column {[row[key] for key in ('name', 'type', 'notnull', 'dflt_value', 'pk')]}"
            )
        for row in await ask(f'PRAGMA foreign_key_list("{name}")'):
            facts.add(f"reference {[row[key] for key in ('from', 'table', 'to', 'on_delete')]}")
        for row in await ask(f'PRAGMA index_list("{name}")'):
            over = [r["name"] for r in await ask(f'PRAGMA index_info("{row["name"]}")')]
            where = (indexes[row["name"]] or "").partition(" WHERE ")[2]
            facts.add(f"index {over} unique={row['unique']} where={where}")
        facts |= {f"check {found}" for found in re.findall(r'"(\w+)" CHECK', table["sql"])}
        facts |= {"autoincrement"} if "AUTOINCREMENT" in table["sql"] else set()
    return has


async def _in_postgresql(ask: Ask) -> dict[str, set[str]]:
    has: dict[str, set[str]] = {}
    for row in await ask(
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,"
        " column_default FROM information_schema.columns WHERE table_schema = 'public'"
    ):
        table = row.pop("table_name")
        has.setdefault(table, set()).add(f"column {list(row.values())}")
    for row in await ask("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"):
        has[row["tablename"]].add(re.sub(r"INDEX \w+ ON", "INDEX ON", row["indexdef"]))
    for row in await ask(
        "SELECT conrelid::regclass::text AS t, conname, contype::text, pg_get_constraintdef(oid) AS d"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    ):
        name = row["conname"] if row["contype"] == "c" else ""
        has[row["t"]].add(f"{name} {row['d']}")
    return has
