"""Rows as the database gave them: a column becomes a Python value when it is first read.

Most of what a row costs is the making of values that nobody looks at: a lock has 27 columns, of which a page shows three.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from tortoise.backends.base.executor import BaseExecutor
from tortoise.fields import DatetimeField


class ColumnsWhenRead:
    """Mixed in before Tortoise's model. A row that was made here, and not read, has nothing to convert."""

    _meta: Any
    _values: Sequence[Any] = ()
    _places: Mapping[str, int] = {}
    """Where in `_values` a column is; one for all rows of a statement."""

    @classmethod
    def read(cls, values: Sequence[Any], places: Mapping[str, int]) -> Self:
        """A row of the table, by what a statement found of it."""
        row = cls.__new__(cls)
        row.__dict__.update(
            _partial=len(places) < len(cls._meta.db_fields),
            _saved_in_db=True,
            _custom_generated_pk=cls._meta.db_pk_column not in cls._meta.generated_db_fields,
            _await_when_save={},
            _values=values,
            _places=places,
        )
        return row

    @classmethod
    def _init_from_db(cls, **columns: Any) -> Self:
        return cls.read(tuple(columns.values()), {name: n for n, name in enumerate(columns)})

    def __getattr__(self, name: str) -> Any:
        place = self._places.get(self._meta.fields_db_projection.get(name))
        if place is None:
            raise AttributeError(f"{type(self).__name__} has no {name}", name=name, obj=self)
        value, field = self._values[place], self._meta.fields_map[name]
        if isinstance(value, str) and isinstance(field, DatetimeField):
            value = moment_of(value)
        else:
            value = field.to_python_value(value)
        self.__dict__[name] = value
        return value


class ExecutorOfRows(BaseExecutor):
    """Mixed in before Tortoise's executor: what it selects is read as it is, where it is one table's."""

    async def execute_select(
        self,
        sql: str,
        values: list[Any] | None = None,
        custom_fields: list[str] | None = None,
    ) -> list[Any]:
        joins = len(self.select_related_idx or ()) > 1
        if joins or custom_fields or not issubclass(self.model, ColumnsWhenRead):
            return await super().execute_select(sql, values, custom_fields)
        found: Any
        _, found = await self.db.execute_query(sql, values)
        places = {name: n for n, name in enumerate(found[0].keys())} if found else {}
        rows = [self.model.read(each, places) for each in found]
        await self._execute_prefetch_queries(rows)
        return rows


def moment_of(text: str) -> datetime:
    """What SQLite keeps for a moment; Tortoise reads anything that looks like one, at forty times the price."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
