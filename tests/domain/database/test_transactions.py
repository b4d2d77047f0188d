"""All or nothing, told only when it is true, and never one inside another."""
# ruff: noqa: PT012

import asyncio

import pytest
from tortoise.exceptions import TransactionManagementError
from tortoise.expressions import F

from domain.bus import listening
from domain.database import TransactionMisuse, lock_row, lock_rows, transaction, use_case
from tests.databases import Database
from tests.domain.database.pools import assert_nothing_is_held
from tests.domain.database.toys import Box, Toy

SOON = 2.0
"""Seconds within which a wake-up surely comes."""
NEVER = 0.2
"""Seconds after which a wake-up surely does not come any more."""


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


class Oops(Exception):
    pass


async def test_an_exception_undoes_the_whole_transaction(database: Database) -> None:
    """Nothing of it stays, the exception arrives unchanged, and the connection is free."""
    with pytest.raises(Oops):
        async with transaction():
            await Box.create(id=1, label="a")
            raise Oops
    assert await Box.all().count() == 0
    await assert_nothing_is_held()


async def test_listeners_are_woken_after_the_commit_and_not_before(database: Database) -> None:
    """While the transaction is open nobody is woken; once it is committed, they are."""
    async with listening("box:1") as wakeups:
        async with transaction() as tx:
            await Box.create(id=1, label="a")
            tx.wake("box:1")
            assert not await wakeups.wait(NEVER)
        assert await wakeups.wait(SOON)


async def test_a_transaction_that_is_undone_wakes_nobody(database: Database) -> None:
    """What it would have woken for did not happen."""
    async with listening("box:1") as wakeups:
        with pytest.raises(Oops):
            async with transaction() as tx:
                tx.wake("box:1")
                raise Oops
        assert not await wakeups.wait(NEVER)


async def test_listeners_are_told_although_the_caller_is_cancelled_in_the_commit(
    database: Database,
) -> None:
    """Whenever the change is there, the wake-up came too, at whatever step the caller was cancelled."""
    made = 0

    async def add(number: int) -> None:
        async with transaction() as tx:
            await Box.create(id=number, label=str(number))
            tx.wake(f"box:{number}")

    for number in range(60):
        async with listening(f"box:{number}") as wakeups:
            task = asyncio.create_task(add(number))
            for _ in range(number):
                await asyncio.sleep(0.0002 if number % 2 else 0)
            task.cancel()
            await asyncio.wait([task])
            if await Box.exists(id=number):
                made += 1
                assert await wakeups.wait(SOON)
    assert made


async def test_many_topics_are_all_woken(database: Database) -> None:
    """More topics than fit into one NOTIFY are packed into several; repeated ones count once."""
    topics = [f"lock:{number:08}-0000-0000-0000-000000000000" for number in range(1_000)]
    async with listening(topics[0]) as first, listening(topics[-1]) as last:
        async with transaction() as tx:
            tx.wake(*topics, *topics)
        assert await first.wait(SOON)
        assert await last.wait(SOON)


async def test_a_topic_is_a_short_plain_id(database: Database) -> None:
    """Anything else is refused at once and undoes the transaction."""
    for wrong in ("", "two\nlines", "x" * 201, "a b"):
        with pytest.raises(ValueError, match="not a topic"):
            async with transaction() as tx:
                tx.wake(wrong)


async def test_a_transaction_inside_a_transaction_is_refused(database: Database) -> None:
    """The inner one changes nothing about the outer one, which is committed."""
    async with transaction():
        await Box.create(id=1, label="a")
        with pytest.raises(TransactionMisuse):
            async with transaction():
                pass
    assert await Box.all().count() == 1


async def test_a_transaction_cannot_be_used_after_its_end(database: Database) -> None:
    """A task that was started inside and goes on afterwards would write into somebody else's
    transaction; it is refused.
    """
    ended = asyncio.Event()

    async def late() -> None:
        await ended.wait()
        await Box.create(id=2, label="late")

    async with transaction() as tx:
        straggler = asyncio.create_task(late())
    ended.set()
    with pytest.raises(TransactionManagementError):
        await straggler
    with pytest.raises(TransactionMisuse):
        tx.wake("box:1")
    assert await Box.all().count() == 0


async def test_a_use_case_begun_by_a_straggler_has_a_transaction_of_its_own(
    database: Database,
) -> None:
    """What was started inside a transaction may begin a use case once that transaction has ended."""
    ended = asyncio.Event()

    @use_case
    async def add() -> None:
        async with transaction():
            await Box.create(id=2, label="late")

    async def late() -> None:
        await ended.wait()
        await add()

    async with transaction():
        straggler = asyncio.create_task(late())
    ended.set()
    await straggler
    assert await Box.all().count() == 1


async def test_a_row_lock_needs_a_transaction(database: Database) -> None:
    """Without one it would be given back at once, and protect nothing."""
    with pytest.raises(TransactionMisuse):
        await lock_row(Box, 1)


async def test_a_missing_row_is_none_and_rows_come_in_the_order_of_their_ids(
    database: Database,
) -> None:
    """Each once, however they were asked for: one order for all keeps lockers from waiting for each other."""
    await Box.bulk_create([Box(id=n, label=str(n)) for n in (3, 1, 2)])
    async with transaction():
        assert await lock_row(Box, 9) is None
        assert [box.id for box in await lock_rows(Box, [2, 9, 3, 1, 3])] == [1, 2, 3]
        assert list(await lock_rows(Box, [])) == []


async def test_thirty_at_once_that_read_a_locked_row_and_write_it_lose_no_update(
    database: Database,
) -> None:
    """Read, decide, write under `lock_row`: each sees what the one before wrote."""
    await Box.create(id=1, label="a", balance=0)

    @use_case
    async def add_one() -> None:
        async with transaction():
            box = await lock_row(Box, 1)
            assert box is not None
            await asyncio.sleep(0)
            await Box.filter(id=1).update(balance=box.balance + 1)

    await asyncio.gather(*(add_one() for _ in range(30)))
    assert (await Box.get(id=1)).balance == 30


async def test_sixteen_at_once_consume_a_thing_and_one_wins(database: Database) -> None:
    """The guarded UPDATE counts one row for exactly one of them, without any lock."""
    await Box.create(id=1, label="a", balance=1)

    @use_case
    async def consume() -> int:
        async with transaction():
            return await Box.filter(id=1, balance__gt=0).update(balance=F("balance") - 1)

    assert sorted(await asyncio.gather(*(consume() for _ in range(16)))) == [0] * 15 + [1]


async def test_tasks_inside_a_transaction_share_it(database: Database) -> None:
    """`gather` inside the block works on the same connection, one after the other, and is undone
    with it.
    """
    with pytest.raises(Oops):
        async with transaction():
            await asyncio.gather(*(Toy.create(name=str(n)) for n in range(10)))
            assert await Toy.all().count() == 10
            raise Oops
    assert await Toy.all().count() == 0
