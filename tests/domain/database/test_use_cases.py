"""A use case runs to its end, is repeated only where that is safe, and is waited for at shutdown."""

import asyncio
import logging

import pytest

from domain.database import (
    Conflict,
    DatabaseUnavailable,
    TransactionMisuse,
    drain,
    lock_row,
    transaction,
    use_case,
)
from domain.database.use_cases import ATTEMPTS, MOST_RUNNING
from tests.databases import Database
from tests.domain.database.pools import assert_nothing_is_held
from tests.domain.database.toys import Box
from tests.waiting import becomes


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


async def test_a_use_case_inside_a_transaction_is_an_error(database: Database) -> None:
    """It would not be undone with that transaction, and on SQLite it would wait for it for ever."""

    @use_case
    async def inner() -> None:
        raise AssertionError("must not run")

    async with transaction():
        with pytest.raises(TransactionMisuse, match="inner"):
            await inner()


async def test_result_and_exception_reach_the_caller(database: Database) -> None:
    """As if there were no task in between."""

    @use_case
    async def half(number: int) -> int:
        if number % 2:
            raise ValueError("odd")
        return number // 2

    assert await half(4) == 2
    with pytest.raises(ValueError, match="odd"):
        await half(3)


async def test_an_abandoned_failure_is_logged_by_its_type_only(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Its message may quote a PIN; the log must not."""

    @use_case
    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("PIN 4711")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with caplog.at_level(logging.DEBUG):
        assert await drain(5) == 0
        await asyncio.sleep(0)
    assert "ValueError" in caplog.text
    assert "4711" not in caplog.text


async def test_drain_waits_for_what_runs_and_says_what_does_not_end(database: Database) -> None:
    """The number of those still running when the time is over; none once they have ended."""
    begun, release = asyncio.Event(), asyncio.Event()

    @use_case
    async def slow() -> None:
        begun.set()
        await release.wait()

    task = asyncio.create_task(slow())
    await begun.wait()
    assert await drain(0.05) == 1
    release.set()
    assert await drain(5) == 0
    await task


async def test_more_use_cases_than_the_limit_are_refused_at_once(database: Database) -> None:
    """Callers that ask and go away cannot fill the memory."""
    release = asyncio.Event()
    begun = 0

    @use_case
    async def slow() -> None:
        nonlocal begun
        begun += 1
        await release.wait()

    tasks = [asyncio.create_task(slow()) for _ in range(MOST_RUNNING)]
    await becomes(lambda: begun == MOST_RUNNING)
    with pytest.raises(DatabaseUnavailable):
        await slow()
    release.set()
    await asyncio.gather(*tasks)
    await slow()


async def test_a_deadlock_is_repeated_and_both_succeed(database: Database) -> None:
    """Two use cases lock two rows in opposite order: PostgreSQL undoes one, which then runs again;
    on SQLite they never meet.
    """
    await Box.bulk_create([Box(id=1, label="a"), Box(id=2, label="b")])
    both_hold_one = asyncio.Barrier(2)
    runs = 0

    @use_case
    async def lock_both(first: int, second: int) -> None:
        nonlocal runs
        runs += 1
        async with transaction():
            box = await lock_row(Box, first)
            assert box is not None
            if database.is_postgresql and runs <= 2:
                await both_hold_one.wait()
            other = await lock_row(Box, second)
            assert other is not None
            await Box.filter(id=second).update(balance=other.balance + 1)

    await asyncio.gather(lock_both(1, 2), lock_both(2, 1))
    assert runs == (3 if database.is_postgresql else 2)
    assert [box.balance for box in await Box.all()] == [1, 1]
    await assert_nothing_is_held()


async def test_a_conflict_that_does_not_go_away_ends_after_a_few_attempts(
    database: Database,
) -> None:
    """As `DatabaseUnavailable`, after exactly so many attempts as are allowed."""
    runs = 0

    @use_case
    async def unlucky() -> None:
        nonlocal runs
        runs += 1
        async with transaction():
            raise Conflict("DeadlockDetectedError")

    with pytest.raises(DatabaseUnavailable):
        await unlucky()
    assert runs == ATTEMPTS


async def test_what_is_committed_is_never_done_twice(database: Database) -> None:
    """A conflict after a commit, of the use case itself or of one that it called, is not repeated."""
    runs = 0

    @use_case
    async def inner() -> None:
        async with transaction():
            await Box.create(id=1, label="a")

    @use_case
    async def outer() -> None:
        nonlocal runs
        runs += 1
        await inner()
        async with transaction():
            raise Conflict("DeadlockDetectedError")

    with pytest.raises(DatabaseUnavailable):
        await outer()
    assert runs == 1
    assert await Box.all().count() == 1
