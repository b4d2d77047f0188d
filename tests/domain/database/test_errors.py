"""Errors say what to do next: try again, it is there already, or it is our mistake."""
# ruff: noqa: PT012

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from domain.database import (
    DatabaseUnavailable,
    DuplicateRow,
    connect,
    disconnect,
    healthy,
    transaction,
)
from domain.database.connection import connected
from tests.databases import Database, Servers, only_postgresql, only_sqlite
from tests.domain.database.pools import assert_nothing_is_held
from tests.domain.database.toys import Box, Toy

TOYS = ["tests.domain.database.toys"]


@pytest.fixture
def model_modules() -> list[str]:
    return TOYS


async def test_a_duplicate_row_is_named(database: Database) -> None:
    """`DuplicateRow` with what is known of the constraint, for a column, a pair, a key and a partial
    index; it is still Tortoise's `IntegrityError`, on which `get_or_create` relies.
    """
    await Box.create(id=1, label="a")
    with pytest.raises(DuplicateRow) as column:
        await Box.create(id=2, label="a")
    assert "label" in column.value.constraint
    with pytest.raises(DuplicateRow):
        await Box.create(id=1, label="b")
    now = datetime.now(UTC)
    await Toy.create(box_id=1, name="bear", broken_at=now)
    with pytest.raises(DuplicateRow):
        await Toy.create(box_id=1, name="bear", broken_at=now)
    await Toy.create(name="bear")
    with pytest.raises(DuplicateRow) as partial:
        await Toy.create(name="bear")
    assert "name" in partial.value.constraint
    assert issubclass(DuplicateRow, IntegrityError)


async def test_other_broken_constraints_are_not_duplicates(database: Database) -> None:
    """A failed CHECK and a reference to nothing stay what they are: mistakes."""
    with pytest.raises(IntegrityError) as check:
        await Box.create(id=1, label="a", balance=-1)
    with pytest.raises(IntegrityError) as reference:
        await Toy.create(name="bear", box_id=77)
    assert not isinstance(check.value, DuplicateRow)
    assert not isinstance(reference.value, DuplicateRow)


async def test_a_mistake_in_sql_is_not_called_retryable(database: Database) -> None:
    """It leaves as itself: trying again would not help."""
    with pytest.raises(OperationalError):
        await connected().client.execute_query("SELECT nothing FROM nowhere")


async def test_moments_of_any_offset_compare_as_moments(database: Database) -> None:
    """Also on SQLite, which keeps them as text."""
    east = timezone(timedelta(hours=10))
    await Toy.create(name="bear", broken_at=datetime(2026, 1, 1, 5, tzinfo=east))
    assert await Toy.filter(broken_at__lt=datetime(2026, 1, 1, tzinfo=UTC)).count() == 1
    assert await Toy.filter(broken_at__gt=datetime(2026, 1, 1, 6, tzinfo=east)).count() == 0
    (toy,) = await Toy.all()
    assert toy.broken_at == datetime(2025, 12, 31, 19, tzinfo=UTC)


@only_postgresql
async def test_connections_ended_by_the_server_are_retryable_and_replaced(
    database: Database, servers: Servers
) -> None:
    """Every connection is cut in the middle of a transaction: `DatabaseUnavailable`, and the next
    request works on a new one.
    """
    with pytest.raises(DatabaseUnavailable):
        async with transaction():
            await Box.create(id=1, label="a")
            await servers.cut_connections(database)
            await Box.create(id=2, label="b")
    assert await healthy()
    assert await Box.all().count() == 0
    await assert_nothing_is_held()


@only_postgresql
async def test_a_pool_that_stays_empty_is_retryable(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request waits a bounded time for a connection, and gives up its place when it gives up."""
    monkeypatch.setattr("domain.database.postgresql.POOL_WAIT_SECONDS", 0.2)
    await connect(fresh_database.url, model_modules=TOYS, pool_size=1)
    try:
        async with transaction():
            other = asyncio.create_task(_count_outside())
            with pytest.raises(DatabaseUnavailable):
                await other
        await assert_nothing_is_held()
    finally:
        await disconnect()


async def _count_outside() -> None:
    await connected().client.execute_query("SELECT 1")


@only_sqlite
async def test_a_file_locked_by_another_process_for_too_long_is_retryable(
    fresh_database: Database,
) -> None:
    """ "database is locked" becomes `DatabaseUnavailable`; once the lock is gone, all is well."""
    await connect(fresh_database.url, model_modules=TOYS, busy_timeout=100)
    other = sqlite3.connect(fresh_database.url.removeprefix("sqlite://"), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            async with transaction():
                pass
        with pytest.raises(DatabaseUnavailable):
            await Box.create(id=1, label="a")
        assert await healthy()
        other.execute("ROLLBACK")
        await Box.create(id=1, label="a")
        await assert_nothing_is_held()
    finally:
        other.close()
        await disconnect()
