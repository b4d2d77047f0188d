"""Finds in the rows themselves under which keys they were written, for a database that has recorded none yet.

If a column were forgotten here, a key that is still needed would not be asked for. So columns are found by their names, in
all tables: `...sealed` for what was sealed, TAGS for keyed tags.
"""

import re
from collections.abc import Callable
from typing import Any

from tortoise.fields import BinaryField, CharField
from tortoise.fields.base import Field
from tortoise.models import Model

from domain.database.connection import APP, connected
from domain.database.transactions import current_transaction

TAGS = {"tag", "code_tag", "mac"}
_TAG = re.compile(r"([0-9a-f]{8}):")


async def keys_in_use() -> set[str]:
    """The ids of all keys under which something of the connected database is sealed or tagged. Reads every row."""
    found: set[str] = set()
    for table, column in sealed_columns():
        found |= await _distinct(_key_of_seal(column), column, table)
    for table, column in tagged_columns():
        starts = await _distinct(f"substr({column}, 1, 9)", column, table)
        found |= {each[1] for each in map(_TAG.fullmatch, starts) if each}
    return found


async def has_rows() -> bool:
    """Whether any table of the connected database has a row."""
    for model in _models():
        if await model.exists():
            return True
    return False


def sealed_columns() -> list[tuple[str, str]]:
    """Table and column of everything sealed."""
    return _columns(lambda name, field: isinstance(field, BinaryField) and name.endswith("sealed"))


def tagged_columns() -> list[tuple[str, str]]:
    """Table and column of every keyed tag."""
    return _columns(lambda name, field: name in TAGS and isinstance(field, CharField))


def _columns(wanted: Callable[[str, Field[Any]], bool]) -> list[tuple[str, str]]:
    return [
        (model._meta.db_table, name)
        for model in _models()
        for name, field in model._meta.fields_map.items()
        if wanted(name, field)
    ]


def _models() -> list[type[Model]]:
    apps = connected().context.apps
    assert apps is not None
    return list(apps[APP].values())


def _key_of_seal(column: str) -> str:
    """The four bytes behind the version, as hexadecimal digits."""
    if connected().address.kind == "sqlite":
        return f"lower(hex(substr({column}, 2, 4)))"
    return f"encode(substring({column} from 2 for 4), 'hex')"


async def _distinct(expression: str, column: str, table: str) -> set[str]:
    client = current.client if (current := current_transaction()) else connected().client
    rows = await client.execute_query_dict(
        f"SELECT DISTINCT {expression} AS found FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - our own names
    )
    return {row["found"] for row in rows}
