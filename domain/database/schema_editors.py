"""What the schema editors of both databases share: names made from columns, defaults as SQL.

Tortoise's own editors lose things silently, which is noticed months later: CHECKs and partial unique
indexes of a new table and the index of an added column (both databases), a changed `on_delete`
(PostgreSQL), and on SQLite, where most changes remake the table, its indexes, composite uniques,
triggers and, through cascades, its child rows. `sqlite_schema.py` and `postgresql_schema.py`
prevent that by overriding the editors' methods.
"""

from collections.abc import Iterable
from typing import Any

from tortoise.fields.base import Field
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.models import Model

Table = type[Model]
Constraint = UniqueConstraint | CheckConstraint


class MigrationFailed(Exception):
    """A migration would have lost or broken something; its transaction was undone."""


def key_field(model: Table, name: str) -> Field[Any]:
    """The field that holds the column: for a foreign key "site" the field "site_id"."""
    field = model._meta.fields_map[name]
    if isinstance(field, ForeignKeyFieldInstance):
        return model._meta.fields_map[field.source_field or name]
    return field


def column_of(field: Field[Any]) -> str:
    return field.source_field or field.model_field_name


class ColumnNames(BaseSchemaEditor):
    """Indexes may name a foreign key by its field; names are made from the columns, always the same
    way.
    """

    def _get_index_sql(
        self,
        model: Table,
        field_names: Iterable[str],
        safe: bool = False,
        index_name: str | None = None,
        index_type: str | None = None,
        extra: str | None = None,
    ) -> str:
        columns = self._resolve_fields_to_columns(model, list(field_names))
        return super()._get_index_sql(model, columns, safe, index_name, index_type, extra)

    def _index_name_for_model(self, model: Table, index: Index) -> str:
        if index.name:
            return index.name
        index.resolve_expressions(model)
        columns = self._resolve_fields_to_columns(model, index.field_names)
        return self._generate_index_name("idx", model, columns)

    def _escape_default_value(self, default: object) -> str:
        if isinstance(default, str):
            return "'" + default.replace("'", "''") + "'"
        return super()._escape_default_value(default)

    def _default_sql(self, model: Table, field: Field[Any]) -> str | None:
        """The database's own default as SQL, None if the column has none."""
        if not field.has_db_default():
            return None
        default: Any = field.db_default
        if hasattr(default, "get_sql"):
            return str(default.get_sql(dialect=self.DIALECT))
        return self._escape_default_value(field.to_db_value(default, model))
