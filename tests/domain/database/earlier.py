"""A database as an earlier version left it: its migrations up to some one, and rows written by the columns of that time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

import migrations
from domain.database import migrate
from domain.database.rows import new_id
from tests.databases import Database
from tests.domain.database.workshop import Workshop, run_sql


class Earlier:
    """Rows are put in as they were then; `brought_up_to_date` is what an update of the server does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.rows = 0
        """How many audit rows there are: their numbers differ."""

    @classmethod
    async def as_of(cls, last: str, database: Database, workshop: Workshop) -> "Earlier":
        """An empty database with the migrations up to the one of this name."""
        for folder in migrations.__path__:
            for path in sorted(Path(folder).glob("0*.py")):
                if path.stem <= last:
                    workshop.write_migration(path.stem, path.read_text())
        applied = await workshop.migrate(database.url)
        assert applied[-1] == last, applied
        return cls(database.url)

    async def put(self, table: str, **values: Any) -> UUID:
        """One row; its id, made up unless it is given."""
        row = {"id": new_id(), **values}
        names, literals = ", ".join(row), ", ".join(_literal(value) for value in row.values())
        await run_sql(self._url, f"INSERT INTO {table} ({names}) VALUES ({literals})")
        key: UUID = row["id"]
        return key

    async def brought_up_to_date(self) -> None:
        """All the migrations of today."""
        assert await migrate(self._url)


def _literal(value: Any) -> str:
    """As both databases read it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    if isinstance(value, bytes):
        text = f"\\x{value.hex()}"
    elif isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
    elif isinstance(value, dict | list):
        text = orjson.dumps(value).decode()
    else:
        text = str(value)
    return f"'{text}'"
