"""Statements that run so often that building them would cost more than running them.

Each stands where its noun does, by a name, in words that both databases read. It sees the transaction of whoever runs it.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from tortoise.connection import get_connection
from tortoise.models import Model

from domain.database.columns_when_read import ColumnsWhenRead, moment_of
from domain.database.connection import ALIAS
from domain.database.rows import Row

AnyRow = TypeVar("AnyRow", bound=Row)
AnyModel = TypeVar("AnyModel", bound=Model)


class Found:
    """One row that a statement found: its columns by name, as they are or made what they mean."""

    __slots__ = ("_places", "_values")

    def __init__(self, values: Any, places: Mapping[str, int]) -> None:
        self._values = values
        self._places = places

    def __getitem__(self, column: str) -> Any:
        return self._values[self._places[column]]

    def key(self, column: str) -> UUID:
        """Raises AssertionError where there is none."""
        key = self.key_or_none(column)
        assert key is not None, f"{column} is null"
        return key

    def key_or_none(self, column: str) -> UUID | None:
        value = self[column]
        return value if value is None or isinstance(value, UUID) else UUID(value)

    def moment(self, column: str) -> datetime:
        """Raises AssertionError where there is none."""
        moment = self.moment_or_none(column)
        assert moment is not None, f"{column} is null"
        return moment

    def moment_or_none(self, column: str) -> datetime | None:
        value = self[column]
        return moment_of(value) if isinstance(value, str) else value


_LIST = re.compile(r"IN \[\?(\d+)\]")


class Statement:
    """A SELECT with the parameters `?1`, `?2` and so on. `IN [?1]` is a list of ids or names: one parameter, of any length.

    `held` is what only PostgreSQL is told at the end, about the rows: on SQLite a transaction holds everything.
    """

    def __init__(self, sql: str, *, held: str = "") -> None:
        self.sql = _LIST.sub(r"IN (SELECT value FROM json_each(?\1))", sql)
        self._for_postgresql = re.sub(r"\?(\d+)", r"$\1", _LIST.sub(r"= ANY(?\1)", sql)) + held

    async def values(self, *parameters: Any) -> tuple[Any, Mapping[str, int]]:
        """The rows as the driver has them, and where in each a column is."""
        client = get_connection(ALIAS)
        found: Any
        if client.capabilities.dialect == "sqlite":
            bound = [
                json.dumps([str(item) for item in each]) if isinstance(each, list) else each
                for each in parameters
            ]
            _, found = await client.execute_query(self.sql, bound)
        else:
            _, found = await client.execute_query(self._for_postgresql, list(parameters))
        return found, {name: n for n, name in enumerate(found[0].keys())} if found else {}

    async def rows(self, *parameters: Any) -> list[Found]:
        found, places = await self.values(*parameters)
        return [Found(each, places) for each in found]


class Select(Generic[AnyModel]):
    """Whole rows of one table: those for which the condition holds, as a `Statement` spells it."""

    def __init__(
        self, table: type[AnyModel], condition: str, *, order: str = "", held: str = ""
    ) -> None:
        self._table = table
        self._statement = Statement(
            f'SELECT * FROM "{table._meta.db_table}" WHERE {condition}'  # noqa: S608 - words of ours
            + (f" ORDER BY {order}" if order else ""),
            held=held,
        )

    async def __call__(self, *parameters: Any) -> list[AnyModel]:
        """Raises what the drivers do, translated."""
        found, places = await self._statement.values(*parameters)
        if issubclass(self._table, ColumnsWhenRead):
            return [self._table.read(each, places) for each in found]
        return [self._table._init_from_db(**each) for each in found]


@cache
def _by_id(table: str) -> Statement:
    return Statement(f'SELECT * FROM "{table}" WHERE id = ?1')  # noqa: S608 - a name of ours


async def row_by_id(table: type[AnyRow], key: UUID) -> AnyRow | None:
    """The row with this key; None where there is none."""
    found, places = await _by_id(table._meta.db_table).values(key)
    return table.read(found[0], places) if found else None
