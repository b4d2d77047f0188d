"""A PIN that the database could not make this time: the try at its digits is not spent; on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from domain.database import DatabaseUnavailable
from domain.pins.tables import Pin
from domain.throttling.tables import TryCounter
from tests.databases import Database, Servers, only_postgresql
from tests.domain.crossing import held_back
from tests.domain.sync.yard import Yard

pytestmark = only_postgresql

DIGITS = "49172638"
CHOOSING = "LOCK TABLE pin_locks IN EXCLUSIVE MODE"
"""Stops a PIN that is being made after it has taken its owner's row, and before it takes its locks'."""


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _spent() -> int:
    """The tries that count as refused."""
    return min([counter.tries for counter in await TryCounter.all()], default=0)


async def test_a_deadlock_is_met_again_without_a_word(database: Database, yard: Yard) -> None:
    """Somebody else holds the lock's row and wants the owner's: the PIN is the one undone, and then made."""
    lock = await yard.lock("Front")
    other = await asyncpg.connect(database.url, timeout=10)
    try:
        async with asyncio.timeout(60):
            undoing = other.transaction()
            await undoing.start()
            await other.execute("SET LOCAL deadlock_timeout = '60s'")
            await other.execute("SELECT 1 FROM locks FOR UPDATE")
            async with held_back(database, CHOOSING) as held:
                making = await held.meets(yard.pin(lock, digits=DIGITS))
                wanting = await held.meets(other.execute("SELECT 1 FROM members FOR UPDATE"))
            await wanting
            await undoing.rollback()
            shown = await making
    finally:
        await other.close()

    assert shown.digits == DIGITS
    assert await Pin.all().count() == 1
    assert await _spent() == 0


async def test_a_database_that_restarts_between_two_statements_spends_no_try(
    database: Database, yard: Yard, servers: Servers
) -> None:
    """Nothing of the PIN is there; the same digits are asked for again, and set."""
    lock = await yard.lock("Front")
    async with asyncio.timeout(60):
        async with held_back(database, CHOOSING) as held:
            making = await held.meets(yard.pin(lock, digits=DIGITS))
            await servers.cut_connections(database, saying='%"pin_locks"%')
            with pytest.raises(DatabaseUnavailable):
                await making
        assert (await Pin.all().count(), await _spent()) == (0, 0)
        await yard.pin(lock, digits=DIGITS)

    assert await _spent() == 0
