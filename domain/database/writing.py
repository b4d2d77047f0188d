"""New migrations, and the check that none is missing. For developers; nothing of this runs in a
server.

A model that is changed without a migration works on the developer's fresh database and fails on
every populated one. `drift()` finds it.
"""

import importlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from tortoise.migrations.writer import MigrationWriter, format_migration_name

from domain.database.connection import MIGRATIONS, Address, tables_of
from domain.database.detecting import Autodetector
from domain.database.migrating import migration_context


async def make_migration(
    name: str, *, model_modules: Sequence[str] | None = None, migrations: str = MIGRATIONS
) -> Path | None:
    """Write the next migration: what the models have and the migrations have not. None if they
    agree. `name` says what changes, in a few words; the number is put before it.
    """
    async with _differences(model_modules, migrations) as writers:
        for writer in writers:
            writer.name = format_migration_name(_next_number(migrations), name)
            path = writer.path()
            path.write_text(_module_text(writer, name), encoding="utf-8")
            importlib.invalidate_caches()
            return path
    return None


async def drift(
    *, model_modules: Sequence[str] | None = None, migrations: str = MIGRATIONS
) -> list[str]:
    """What the models have and the migrations have not, or the other way round, a line each, and migrations that
    have one number; empty when they agree and stand in one line.
    """
    async with _differences(model_modules, migrations) as writers:
        found = [operation.describe() for writer in writers for operation in writer.operations]
    for before, after in pairwise(sorted(_numbered(migrations))):
        if before[0] == after[0]:
            found.append(f"{before[1]} and {after[1]} stand side by side: give one the next number")
    return found


@asynccontextmanager
async def _differences(
    model_modules: Sequence[str] | None, migrations: str
) -> AsyncIterator[list[MigrationWriter]]:
    memory = Address("sqlite", ":memory:")
    async with migration_context(memory, tables_of(model_modules), migrations) as context:
        yield await Autodetector(context, migrations).changes()


def _numbered(migrations: str) -> list[tuple[int, str]]:
    package = importlib.import_module(migrations)
    names = [path.stem for folder in package.__path__ for path in Path(folder).glob("*.py")]
    return [(int(found.group()), name) for name in names if (found := re.match(r"\d{4}", name))]


def _next_number(migrations: str) -> int:
    return max((number for number, _ in _numbered(migrations)), default=0) + 1


def _module_text(writer: MigrationWriter, name: str) -> str:
    title = name.replace("_", " ").strip().capitalize().rstrip(".")
    return f'"""{title}."""\n# ruff: noqa: E501, RUF012\n\n{writer.as_string()}'
