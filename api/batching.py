"""Reads that wait for each other: all keys asked for at once are read by one statement, and each is read once."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.database.rows import Row
from domain.database.statements import row_by_id

Key = TypeVar("Key")
Value = TypeVar("Value")
AnyRow = TypeVar("AnyRow", bound=Row)

Loader: TypeAlias = cached_property[DataLoader[Key, Value]]
"""A loader as an attribute of a class: made when it is first used, for each of its objects."""


def batched(read: Callable[[list[Key]], Awaitable[list[Value]]]) -> Loader[Key, Value]:
    """What `read` finds: the values of its keys, in their order."""
    return cached_property(lambda _: DataLoader(read))


def row_of(table: type[AnyRow]) -> Loader[UUID, AnyRow | None]:
    """Rows by key; None where there is none."""

    async def read(keys: list[UUID]) -> list[AnyRow | None]:
        if len(keys) == 1:
            return [await row_by_id(table, keys[0])]
        rows: dict[Any, AnyRow] = {row.id: row for row in await table.filter(id__in=keys)}
        return [rows.get(key) for key in keys]

    return batched(read)


def rows_by(
    column: str, query: Callable[[list[UUID]], Awaitable[list[AnyRow]]]
) -> Loader[UUID, list[AnyRow]]:
    """Lists of rows by what this column holds, out of the rows that the query finds for all keys."""

    async def read(keys: list[UUID]) -> list[list[AnyRow]]:
        found: dict[UUID, list[AnyRow]] = defaultdict(list)
        for row in await query(keys):
            found[getattr(row, column)].append(row)
        return [found[each] for each in keys]

    return batched(read)
