"""The schema, moved from one version to the next on databases that hold people's doors.

A developer changes the models, runs `python -m api migrations --name "what changes"` (`make_migration`),
reads the file that appears in `migrations/`, formats it (`ruff check --fix`, `ruff format`) and commits
it with the change. A migration that was released is never edited. `make check` fails while models and
migrations differ (`drift`), the server refuses to start while some are not applied (`pending`).

Declaring tables, so that both databases do the same:

*   class Meta has an explicit `table`. Its name is for good. To rename a class, rename it in the
    migrations too; the database does not know it.
*   `unique_together`, `indexes` and the `fields` of an `Index` or `UniqueConstraint` name model fields
    (the reference `site`, not `site_id`).
*   `constraints = (UniqueConstraint(fields=("site", "label"), name="pins_live_label",
    condition="removed_at IS NULL"), CheckConstraint(name="pins_tag", check="tag >= 0"))`, both from
    `tortoise.migrations.constraints`: always named, "<table>_<rule>", at most 63 bytes, unique in the
    whole database. `condition` and `check` are SQL over columns (`site_id`) that both databases
    understand: comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL, length(x); booleans as `active` or
    `NOT active`, never `active = 1`; no semicolons, casts or functions of one database.
*   `ForeignKeyField("latchwork.Site", related_name=..., on_delete=...)` with an explicit on_delete:
    RESTRICT, CASCADE for parts of a whole, SET_NULL with null=True. Nothing indexes its column: say
    db_index=True or begin an index with it. Two new tables cannot refer to each other in one
    migration; a table may refer to itself. To rename a reference: add, copy, drop.
*   No ManyToManyField: write the joining table as a model.
*   unique=True on columns is fine; null=True beside it allows any number of NULLs.
*   A new NOT NULL column needs `db_default` (a constant, Now(), SqlDefault("...")), and so does a column
    that becomes NOT NULL: its NULLs get it. `default=` is Python only and fills no old row.
*   Migrations know columns only. Enums, `default=`, docstrings and descriptions may be changed and
    renamed freely; what the database is to enforce of them is a CheckConstraint.
*   A column can be widened; its kind (number, text, moment) cannot be changed: add a column, copy with
    `ops.RunSQL`, drop the old one.
*   Data is moved by `ops.RunSQL` or `ops.RunPython`, which sees the models of that moment without
    defaults and enums. Triggers and indexes made by `ops.RunSQL` are kept when SQLite remakes a table.
*   On SQLite references are not enforced during a migration (nor do they cascade); they are checked
    at its end.

This module applies and writes migrations; how a change becomes SQL is in `schema_editors.py`. So that a
schema is always the old one or the new one, each migration is one transaction together with its own
record, and processes that migrate at the same time take turns.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.loader import MigrationLoader
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import RunPython
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.operation_generator import OperationGenerator
from tortoise.models import Model
from tortoise.transactions import in_transaction

from domain.database.applied import AppliedMigration
from domain.database.connection import (
    APP,
    MIGRATIONS,
    Address,
    configuration,
    connected,
    forget_statements,
    is_connected,
    tables_of,
)
from domain.database.detecting import ALIAS, declared, nothing
from domain.database.errors import translated
from domain.database.postgresql_schema import PostgresSchemaEditor
from domain.database.schema_editors import MigrationFailed
from domain.database.schema_states import SchemaState
from domain.database.sqlite_schema import SqliteSchemaEditor

ADVISORY_LOCK = 0x4C61_7463_6877  # "Latchw": migrations of one PostgreSQL database take turns on it
TURN_SECONDS = 600.0
"""How long a process waits for another one that migrates."""


async def migrate(url: str, *, migrations: str = MIGRATIONS) -> list[str]:
    """Apply what is not applied yet, in order; the names applied by this call.

    Each migration is one transaction: after a failure the database is as the last whole migration
    left it. Two calls at once take turns and apply each migration once. Raises `MigrationFailed` or
    the database's own error.
    """
    address = Address.of(url)
    async with _turn(address), migration_context(address, [], migrations) as context:
        return await _Executor(context.connections.get(ALIAS), migrations).run()


async def pending(url: str | None = None, *, migrations: str = MIGRATIONS) -> list[str]:
    """Names of the migrations that the database lacks; of the connected one without `url`."""
    if url is None:
        return await _Executor(connected().client, migrations).pending()
    async with migration_context(Address.of(url), [], migrations) as context:
        return await _Executor(context.connections.get(ALIAS), migrations).pending()


async def build(url: str, *, model_modules: Sequence[str] | None = None) -> None:
    """Make all tables of an empty database straight from the models, by the same code as a
    migration; for tests.
    """
    address = Address.of(url)
    async with migration_context(address, tables_of(model_modules), None) as context:
        operations = OperationGenerator(nothing(), declared(context)).generate()
        initial = Migration("built", APP)
        initial.operations = list(operations)
        executor = _Executor(context.connections.get(ALIAS), None)
        async with in_transaction(ALIAS) as client:
            await executor.apply(initial, nothing(), client)


class _Recorder(MigrationRecorder):
    """Tortoise's answers "none applied" to every error; ours only when there is no table. Tortoise's also makes
    a class for each recorder and reads its own source for that, which can fail in the middle of a process.
    """

    def _make_model(self, table_name: str) -> type[Model]:
        return AppliedMigration

    async def applied_migrations(self) -> list[MigrationKey]:
        if self._dialect == "sqlite":
            there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        else:
            there = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
        if not await self.connection.execute_query_dict(there, [self.table_name]):
            return []
        rows = await self.connection.execute_query_dict(
            f"SELECT app, name FROM {self.table_name} ORDER BY id"  # noqa: S608
        )
        return [MigrationKey(app_label=row["app"], name=row["name"]) for row in rows]


class _Executor:
    """Forward only; check, change and record of a migration in one transaction."""

    def __init__(self, connection: BaseDBAsyncClient, migrations: str | None) -> None:
        self.connection = connection
        self.recorder = _Recorder(connection)
        self.loader = MigrationLoader({APP: {"migrations": migrations}}, self.recorder)

    async def run(self) -> list[str]:
        if not await self.pending():
            return []
        await self.recorder.ensure_schema(self._schema_editor(atomic=False))
        state = nothing()
        applied_now = []
        for key in self._plan():
            migration = self.loader.graph.nodes[key]
            assert isinstance(migration, Migration)
            if not migration.atomic:
                raise MigrationFailed(f"{key.name}: a migration is one transaction")
            async with in_transaction(ALIAS) as client:
                recorder = _Recorder(client)
                if key in set(await recorder.applied_migrations()):
                    await migration.apply(state, dry_run=True)
                    continue
                await self.apply(migration, state, client)
                await recorder.record_applied(key.app_label, key.name)
            applied_now.append(key.name)
        return applied_now

    async def apply(self, migration: Migration, state: SchemaState, client: Any) -> None:
        """The migration's changes, in the transaction of `client` and in `state`; every reference must
        still hold after them.
        """
        editor = self._schema_editor()
        editor.client = client
        state.made.whole = any(isinstance(each, RunPython) for each in migration.operations)
        await migration.apply(state, schema_editor=editor)
        forget_statements()
        if isinstance(editor, SqliteSchemaEditor):
            broken = await client.execute_query_dict("PRAGMA foreign_key_check")
            if broken:
                table = broken[0]["table"]
                raise MigrationFailed(
                    f"{migration.name}: {len(broken)} rows refer to nothing, the first in {table}"
                )

    async def pending(self) -> list[str]:
        await self.loader.build_graph()
        return [key.name for key in self._plan() if key not in self.loader.applied_migrations]

    def _plan(self) -> list[MigrationKey]:
        """All migrations, each after those that it depends on."""
        graph = self.loader.graph
        return list(
            dict.fromkeys(chain.from_iterable(map(graph.forwards_plan, graph.leaf_nodes())))
        )

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        kinds = {"sqlite": SqliteSchemaEditor, "postgres": PostgresSchemaEditor}
        editor = kinds[self.connection.capabilities.dialect]
        return editor(self.connection, atomic=atomic, collect_sql=collect_sql)


@asynccontextmanager
async def migration_context(
    address: Address, model_modules: Sequence[str], migrations: str | None
) -> AsyncIterator[TortoiseContext]:
    """A database connection of our own, beside the server's, seen only by this task."""
    options: dict[str, Any] = {"pool_size": 2, "patient": True}
    if address.kind == "sqlite":
        options = {"foreign_keys": "OFF", "busy_timeout": int(TURN_SECONDS * 1000)}
    if model_modules and is_connected():
        raise RuntimeError("this would take the tables away from the connected database")
    async with TortoiseContext() as context:
        await context.init(
            config=configuration(address, model_modules, migrations, alias=ALIAS, **options)
        )
        yield context


@asynccontextmanager
async def _turn(address: Address) -> AsyncIterator[None]:
    """PostgreSQL: the advisory lock, on a session of its own that ends with this block. SQLite
    needs none: its transactions begin with the write lock, and each looks again what is applied.
    """
    if address.kind == "sqlite":
        yield
        return
    with translated(connecting=True):
        session = await asyncpg.connect(address.target, timeout=30)
    try:
        with translated():
            await session.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})", timeout=TURN_SECONDS)
        yield
    finally:
        await session.close(timeout=5)
