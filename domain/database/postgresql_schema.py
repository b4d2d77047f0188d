"""Schema changes on PostgreSQL, which changes tables in place: only what Tortoise forgets is added.

A forgotten change would be recorded as applied all the same.
"""

from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.indexes import Index
from tortoise.migrations.schema_editor.asyncpg import AsyncpgSchemaEditor

from domain.database.schema_editors import ColumnNames, MigrationFailed, Table, column_of, key_field


class PostgresSchemaEditor(ColumnNames, AsyncpgSchemaEditor):
    """PostgreSQL changes tables in place; only what Tortoise forgets is added."""

    async def create_model(self, model: Table) -> None:
        await super().create_model(model)
        for constraint in model._meta.constraints:
            await self.add_constraint(model, constraint)

    async def add_field(self, model: Table, field_name: str) -> None:
        field = key_field(model, field_name)
        await super().add_field(model, field_name)
        if field.index and not field.pk:
            await self.add_index(model, Index(fields=(column_of(field),)))

    async def alter_field(self, old_model: Table, new_model: Table, field_name: str) -> None:
        old, new = key_field(old_model, field_name), key_field(new_model, field_name)
        default = self._default_sql(new_model, new)
        if old.null and not new.null and default is not None:
            table, column = self.quote(new_model._meta.db_table), self.quote(column_of(old))
            await self._run_sql(
                f"UPDATE {table} SET {column} = {default} WHERE {column} IS NULL"  # noqa: S608
            )
        await super().alter_field(old_model, new_model, field_name)
        await self._alter_reference(old_model, new_model, field_name)

    async def remove_index(self, model: Table, index: Index) -> None:
        """By what it is over: its generated name may be from before its columns were renamed."""
        index.resolve_expressions(model)
        if index.name is None:
            columns = self._resolve_fields_to_columns(model, index.field_names)
            rows = await self.client.execute_query_dict(
                "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
                " WHERE indrelid = to_regclass($1) AND NOT indisunique AND indpred IS NULL"
                " AND $2::text[] = ARRAY(SELECT attname::text"
                "  FROM unnest(indkey::int2[]) WITH ORDINALITY AS k(number, place)"
                "  JOIN pg_attribute ON attrelid = indrelid AND attnum = number ORDER BY place)",
                [self.quote(model._meta.db_table), columns],
            )
            if not rows:
                raise MigrationFailed(f"{model._meta.db_table}: there is no index over {columns}")
            index = Index(fields=tuple(index.field_names), name=rows[0]["relname"])
        await super().remove_index(model, index)

    async def _alter_reference(self, old_model: Table, new_model: Table, name: str) -> None:
        old, new = old_model._meta.fields_map[name], new_model._meta.fields_map[name]
        if not isinstance(new, ForeignKeyFieldInstance):
            return
        assert isinstance(old, ForeignKeyFieldInstance)
        old_target, new_target = (fk.related_model._meta.db_table for fk in (old, new))
        if old.on_delete == new.on_delete and old_target == new_target:
            return
        table, column = new_model._meta.db_table, column_of(key_field(new_model, name))
        rows = await self.client.execute_query_dict(
            "SELECT conname FROM pg_constraint c JOIN pg_attribute a"
            " ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.conrelid = to_regclass($1) AND a.attname = $2"
            " AND cardinality(c.conkey) = 1",
            [self.quote(table), column],
        )
        for row in rows:
            await self._run_sql(
                self.DELETE_FK_TEMPLATE.format(table=self.quote(table), name=row["conname"])
            )
        target = new.to_field_instance
        reference = self._get_fk_reference_string(
            "", column, self.quote(new_target), column_of(target), str(new.on_delete), ""
        )
        await self._run_sql(
            f"ALTER TABLE {self.quote(table)} ADD FOREIGN KEY ({self.quote(column)}){reference}"
        )
