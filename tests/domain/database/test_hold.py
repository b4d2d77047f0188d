"""Holding a name until the end of a transaction: for what no one row stands for; on both databases."""

import asyncio

import pytest

from domain.database import TransactionMisuse, hold, transaction, use_case
from tests.databases import Database, only_postgresql
from tests.waiting import becomes


@use_case
async def held(name: str, seen: list[str], go: asyncio.Event | None = None) -> None:
    """Holds a name, says so, and lets go when it is told to."""
    async with transaction():
        await hold(name)
        seen.append(f"in {name}")
        if go is not None:
            await go.wait()
        await asyncio.sleep(0)
        seen.append(f"out {name}")


async def test_one_at_a_time_holds_a_name(database: Database) -> None:
    """Sixteen at once go through one after the other, also when the one before is undone."""
    seen: list[str] = []

    @use_case
    async def undone() -> None:
        async with transaction():
            await hold("site")
            seen.append("undone")
            raise LookupError

    await asyncio.gather(
        *(held("site", seen) for _ in range(8)),
        *(undone() for _ in range(8)),
        return_exceptions=True,
    )

    assert seen.count("undone") == 8
    rest = [each for each in seen if each != "undone"]
    assert rest == ["in site", "out site"] * 8


@only_postgresql
async def test_other_names_do_not_wait(database: Database) -> None:
    """Two sites are changed at once. (SQLite has one writer, whatever it writes.)"""
    seen: list[str] = []
    go = asyncio.Event()
    first = asyncio.create_task(held("one", seen, go))
    await becomes(lambda: bool(seen))

    second = asyncio.create_task(held("one", seen))
    await asyncio.wait_for(held("two", seen), 5)
    go.set()
    await asyncio.gather(first, second)

    assert seen == ["in one", "in two", "out two", "out one", "in one", "out one"]


async def test_outside_of_a_transaction_nothing_is_held(database: Database) -> None:
    """It would end at once: a mistake of ours, said as such."""
    with pytest.raises(TransactionMisuse):
        await hold("site")
