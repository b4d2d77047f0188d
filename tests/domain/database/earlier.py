"""A database as an earlier version left it: its migrations up to some one, and rows written by the columns of that time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

import migrations
from domain.database import connect, disconnect, migrate
from domain.database.rows import new_id
from tests.databases import Database
from tests.domain.database.workshop import Workshop, run_sql

THEN = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def model_modules() -> tuple[str, ...]:
    """No tables at all: the earlier version's migrations make them."""
    return ()


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

    async def site(self) -> UUID:
        """A site as it was in the first version."""
        return await self.put(
            "sites",
            name="House",
            timezone="UTC",
            system_type="STANDARD",
            pin_salt=b"salt",
            pin_time_cost=1,
            pin_memory_kib=8,
            pin_parallelism=1,
            created_at=THEN,
            invitations_enabled=True,
            custom_pins_enabled=True,
            seat_limit=100,
            pin_min_length=4,
            pin_max_length=8,
            pin_auto_length=6,
            guess_limit=1000,
        )

    async def lock(self, site: UUID, **values: Any) -> UUID:
        """A wired lock as it was in the first version, never proven unless `values` say otherwise."""
        columns = {
            "name": "Front",
            "connectivity": "ONLINE_WIRED",
            "smart_pin_enabled": False,
            "nonces": [],
            "epoch": 1,
            "wanted_revision": 0,
            "applied_revision": 0,
            "snapshot_needed": False,
            "state_unknown": False,
            "card_pairings": 0,
            "wrong_entries": 0,
            "created_at": THEN,
        }
        return await self.put("locks", site_id=site, **{**columns, **values})

    @asynccontextmanager
    async def brought_up_to_date(self) -> AsyncIterator[None]:
        """All the migrations of today, and the connection of a server of today."""
        assert await migrate(self._url)
        await connect(self._url)
        try:
            yield
        finally:
            await disconnect()


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
