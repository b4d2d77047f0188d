"""No statement of the way of a change to a lock reads a whole table that grows, nor all that a lock once held."""

import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.database import sweep
from domain.database.connection import connected
from domain.locks.tables import Lock
from domain.pins.service import delete_pin
from domain.sync.status import locks_in_sync, pins_at_locks
from domain.sync.sweeping import SWEEPS
from tests.counting import counted
from tests.databases import Database, only_sqlite
from tests.domain.sync.yard import Yard

GROWING = "lock_entries|lock_events|pins|pin_reservations|pin_locks|unlock_commands|lock_deliveries|held_digits|audit_rows"
WHOLE = re.compile(rf"(?m)SCAN ({GROWING})$|SEARCH lock_entries USING INDEX uid_\w+ \(lock_id=\?\)")


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


@only_sqlite
async def test_each_statement_goes_by_an_index(yard: Yard) -> None:
    """By the plans of SQLite, which keeps no statistics: what it finds by an index it finds so at any size."""
    lock = await yard.lock("Front")
    await yard.settle()
    with counted() as statements:
        shown = await yard.pin(lock)
        await yard.settle()
        await pins_at_locks([shown.pin.id])
        await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)
        await locks_in_sync(Lock.filter(site_id=yard.site.id))
        await yard.settle()
        for kind in SWEEPS:
            await sweep(kind, yard.now)
        await lock.connect()
        await yard.settle()
    file = sqlite3.connect(connected().address.target)
    read = {
        each
        for each in statements
        if each.startswith(("SELECT", "UPDATE", "DELETE")) and "WHERE 1=0" not in each
    }
    whole = {each: plan for each in sorted(read) if WHOLE.search(plan := _plan(file, each))}
    file.close()
    assert len(read) > 20
    assert whole == {}


def _plan(file: sqlite3.Connection, statement: str) -> str:
    numbers = [int(each) for each in re.findall(r"\?(\d+)", statement)]
    values = [None] * (max(numbers) if numbers else statement.count("?"))
    return "\n".join(row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {statement}", values))
