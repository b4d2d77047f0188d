"""Schema changes on SQLite, which has to remake a table for most of them.

Dropping the old table takes with it whatever is not carried over, and deletes the child rows if
foreign keys are enforced. So there is one mechanism: the table's body comes
from the models, everything beside it (indexes, triggers, the AUTOINCREMENT mark) is read from the
database before and put back after. For that to be complete, every uniqueness except the primary
key is a named unique index, never part of the body.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from tortoise.fields.base import Field
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.schema_editor.sqlite import SqliteSchemaEditor as TortoiseSqliteEditor

from domain.database.schema_editors import (
    ColumnNames,
    Constraint,
    MigrationFailed,
    Table,
    column_of,
    key_field,
)


class SqliteSchemaEditor(ColumnNames, TortoiseSqliteEditor):
    """SQLite remakes the table; runs on a connection with `foreign_keys=OFF`, or dropping it would
    delete the children.
    """

    async def _run_sql(self, sql: str) -> None:
        """One statement at a time, inside the transaction; `executescript` would commit first."""
        if self.collect_sql:
            self.collected_sql.append(sql)
            return
        for statement in _statements(sql):
            await self.client.execute_query(statement)

    async def create_model(self, model: Table) -> None:
        await self._run_sql(self._body(model, model._meta.db_table))
        for sql in self._unique_indexes(model):
            await self._run_sql(sql)
        for sql in self._indexes(model):
            await self._run_sql(sql)

    async def add_field(self, model: Table, field_name: str) -> None:
        field = key_field(model, field_name)
        await self._remake(model, new=column_of(field))
        if field.unique and not field.pk:
            await self.add_constraint(model, UniqueConstraint(fields=(column_of(field),)))
        if field.index and not field.pk:
            await self.add_index(model, Index(fields=(column_of(field),)))

    async def remove_field(self, model: Table, field: Field[Any]) -> None:
        await self._remake(model, gone=column_of(key_field(model, field.model_field_name)))

    async def alter_field(self, old_model: Table, new_model: Table, field_name: str) -> None:
        old, new = key_field(old_model, field_name), key_field(new_model, field_name)
        if old.field_type != new.field_type:
            raise MigrationFailed(
                f"{new_model.__name__}.{field_name}: another type; add a column and copy by hand"
            )
        table, column = new_model._meta.db_table, column_of(new)
        if column_of(old) != column:
            await self._run_sql(
                self.RENAME_FIELD_TEMPLATE.format(
                    table=self.quote(table), old_column=column_of(old), new_column=column
                )
            )
        filled = column if old.null and not new.null else None
        await self._remake(new_model, filled=filled)
        if old.unique != new.unique:
            change = self.add_constraint if new.unique else self.remove_constraint
            await change(new_model, UniqueConstraint(fields=(column,)))
        if old.index != new.index:
            move = self.add_index if new.index else self.remove_index
            await move(new_model, Index(fields=(column,)))

    async def add_constraint(self, model: Table, constraint: Constraint) -> None:
        if isinstance(constraint, CheckConstraint):
            await self._remake(model)
        else:
            await self._run_sql(self._unique_index(model, constraint))

    async def remove_constraint(self, model: Table, constraint: Constraint) -> None:
        if isinstance(constraint, CheckConstraint):
            await self._remake(model, without_check=constraint.name)
            return
        name = constraint.name or await self._index_over(model, constraint.fields, unique=True)
        await self._run_sql(f"DROP INDEX {self.quote(name)}")

    async def remove_index(self, model: Table, index: Index) -> None:
        index.resolve_expressions(model)
        name = index.name or await self._index_over(model, index.field_names, unique=False)
        await self._run_sql(f"DROP INDEX {self.quote(name)}")

    async def rename_constraint(self, model: Table, old: Constraint, new: Constraint) -> None:
        if isinstance(old, CheckConstraint):
            await self._remake(model)
        else:
            await self.remove_constraint(model, old)
            await self.add_constraint(model, new)

    async def _remake(
        self,
        model: Table,
        *,
        new: str | None = None,
        gone: str | None = None,
        filled: str | None = None,
        without_check: str | None = None,
    ) -> None:
        """Make the table again from `model`, with its rows and everything that hangs on it.

        `new` is a column that the old table lacks, `gone` one that is dropped; `filled` becomes NOT
        NULL and has its NULLs replaced by its default. Indexes over a dropped column go with it, as
        on PostgreSQL.
        """
        table = model._meta.db_table
        beside = [sql async for sql in self._beside(table, gone)]
        mark = await self._autoincrement(table)
        rows_before = await self._count(table)
        columns = [
            column
            for column in model._meta.fields_db_projection.values()
            if column not in {new, gone}
        ]
        sources = [
            self._filled(model, column) if column == filled else self.quote(column)
            for column in columns
        ]
        aside = f"new__{table}"
        await self._run_sql(self._body(model, aside, gone=gone, without_check=without_check))
        await self._run_sql(
            f"INSERT INTO {self.quote(aside)} ({', '.join(map(self.quote, columns))})"  # noqa: S608
            f" SELECT {', '.join(sources)} FROM {self.quote(table)}"
        )
        await self._run_sql(f"DROP TABLE {self.quote(table)}")
        await self._run_sql(f"ALTER TABLE {self.quote(aside)} RENAME TO {self.quote(table)}")
        if mark is not None:
            await self._set_autoincrement(table, mark)
        for sql in beside:
            await self.client.execute_query(sql)
        if await self._count(table) != rows_before:
            raise MigrationFailed(f"{table}: the number of rows changed")

    async def _index_over(self, model: Table, names: Iterable[str], *, unique: bool) -> str:
        """The name that the index was given, perhaps when its columns had other names."""
        table = model._meta.db_table
        columns = self._resolve_fields_to_columns(model, list(names))
        for row in await self._rows(
            'SELECT name FROM pragma_index_list(?) WHERE "unique" = ? AND NOT partial',
            [table, int(unique)],
        ):
            over = await self._rows("SELECT name FROM pragma_index_info(?)", [row["name"]])
            if [column["name"] for column in over] == columns:
                return str(row["name"])
        raise MigrationFailed(f"{table}: there is no index over {columns}")

    async def _beside(self, table: str, gone: str | None) -> AsyncIterator[str]:
        """The SQL of its indexes and triggers, without indexes over the column that goes."""
        for row in await self._rows(
            "SELECT type, name, sql FROM sqlite_master"
            " WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL"
            " ORDER BY rowid",
            [table],
        ):
            if row["type"] == "index" and gone is not None:
                over = await self._rows("SELECT name FROM pragma_index_info(?)", [row["name"]])
                if gone in {column["name"] for column in over}:
                    continue
            yield row["sql"]

    def _body(
        self, model: Table, table: str, *, gone: str | None = None, without_check: str | None = None
    ) -> str:
        parts = [
            self._column_sql(model, name)
            for name, column in model._meta.fields_db_projection.items()
            if column != gone
        ]
        parts += [
            self.CHECK_CONSTRAINT_CREATE_TEMPLATE.format(name=check.name, check=check.check)
            for check in model._meta.constraints
            if isinstance(check, CheckConstraint) and check.name != without_check
        ]
        return f"CREATE TABLE {self.quote(table)} ({', '.join(parts)})"

    def _column_sql(self, model: Table, name: str) -> str:
        field: Any = model._meta.fields_map[name]
        column = model._meta.fields_db_projection[name]
        if field.pk and field.generated:
            generated = field.get_for_dialect(self.DIALECT, "GENERATED_SQL")
            if generated:
                return f"{self.quote(column)} {generated}"
        if getattr(field, "reference", None) is not None:
            sql = self._get_fk_field_definition(model, name)
        else:
            sql = self._get_field_sql(
                column,
                field.get_for_dialect(self.DIALECT, "SQL_TYPE"),
                field.null,
                False,
                field.pk,
                "",
            )
        default = self._default_sql(model, field)
        return sql if default is None else f"{sql} DEFAULT {default}"

    def _get_field_sql(
        self,
        db_field: str,
        field_type: str,
        nullable: bool,
        unique: bool,
        is_pk: bool,
        comment: str,
    ) -> str:
        """Without UNIQUE: uniqueness is an index beside the table."""
        return super()._get_field_sql(db_field, field_type, nullable, False, is_pk, "")

    def _unique_indexes(self, model: Table) -> Iterator[str]:
        for field in map(model._meta.fields_map.__getitem__, model._meta.fields_db_projection):
            if field.unique and not field.pk:
                yield self._unique_index(model, UniqueConstraint(fields=(column_of(field),)))
        for together in model._meta.unique_together:
            yield self._unique_index(model, UniqueConstraint(fields=tuple(together)))
        for constraint in model._meta.constraints:
            if isinstance(constraint, UniqueConstraint):
                yield self._unique_index(model, constraint)

    def _indexes(self, model: Table) -> Iterator[str]:
        indexes = [
            Index(fields=(column_of(field),))
            for field in map(model._meta.fields_map.__getitem__, model._meta.fields_db_projection)
            if field.index and not field.pk
        ]
        indexes += [
            declared if isinstance(declared, Index) else Index(fields=tuple(declared))
            for declared in model._meta.indexes
        ]
        for index in indexes:
            yield self._get_index_sql(
                model,
                index.field_names,
                index_name=self._index_name_for_model(model, index),
                extra=index.extra,
            )

    def _unique_index(self, model: Table, constraint: UniqueConstraint) -> str:
        columns = self._resolve_fields_to_columns(model, constraint.fields)
        condition = f" WHERE {constraint.condition}" if constraint.condition else ""
        name, table = self._unique_name(model, constraint), model._meta.db_table
        return (
            f"CREATE UNIQUE INDEX {self.quote(name)} ON {self.quote(table)}"
            f" ({', '.join(map(self.quote, columns))}){condition}"
        )

    def _unique_name(self, model: Table, constraint: UniqueConstraint) -> str:
        columns = self._resolve_fields_to_columns(model, constraint.fields)
        return constraint.name or self._get_unique_constraint_name(model, columns)

    def _filled(self, model: Table, column: str) -> str:
        name = model._meta.fields_db_projection_reverse[column]
        default = self._default_sql(model, model._meta.fields_map[name])
        return (
            self.quote(column) if default is None else f"COALESCE({self.quote(column)}, {default})"
        )

    async def _autoincrement(self, table: str) -> int | None:
        """The highest key ever given out, so that keys of deleted rows are not given out again."""
        if not await self._rows("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'", []):
            return None
        rows = await self._rows("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
        return int(rows[0]["seq"]) if rows else None

    async def _set_autoincrement(self, table: str, mark: int) -> None:
        await self.client.execute_query("DELETE FROM sqlite_sequence WHERE name = ?", [table])
        await self.client.execute_query(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, mark]
        )

    async def _count(self, table: str) -> int:
        rows = await self._rows(f"SELECT count(*) AS n FROM {self.quote(table)}", [])  # noqa: S608
        return int(rows[0]["n"])

    async def _rows(self, sql: str, values: list[Any]) -> list[dict[str, Any]]:
        return await self.client.execute_query_dict(sql, values)


def _statements(sql: str) -> Iterator[str]:
    """Split at the semicolons that end a statement, not at those in strings or triggers."""
    statement = ""
    for piece in sql.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n\t;"):
                yield statement.strip()
            statement = ""
    if statement.strip(" \n\t;"):
        raise MigrationFailed(f"not a whole SQL statement: {statement[:60]!r}")
