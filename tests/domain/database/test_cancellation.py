"""Cancelling costs nobody but the cancelled: no lock, no connection and no half change is left."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from domain.database import drain, lock_rows, transaction, use_case
from domain.database.connection import connected
from tests.databases import Database
from tests.domain.database.pools import assert_nothing_is_held
from tests.domain.database.toys import Box, Toy

CANCELLATIONS = 3_000
AT_ONCE = 10
WAITING = 20
LONGEST_SECONDS = 0.008
HANGS_AFTER_SECONDS = 30
BOXES = 6
BALANCE = 1_000


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


async def _move(dice: random.Random) -> None:
    """Two rows change together or not at all."""
    source, target = dice.sample(range(BOXES), 2)
    async with transaction() as tx:
        await lock_rows(Box, [source, target])
        await Box.filter(id=source).update(balance=F("balance") - 1)
        await Box.filter(id=target).update(balance=F("balance") + 1)
        tx.wake(f"box:{source}")


moved = use_case(_move)


async def _read(dice: random.Random) -> None:
    await Toy.filter(box_id=dice.randrange(BOXES)).limit(5)


async def _nested(dice: random.Random) -> None:
    """Tortoise's own transactions and savepoints, as `get_or_create` uses them."""
    async with in_transaction("default"):
        box = dice.randrange(BOXES)
        await Toy.get_or_create(box_id=box, name=f"toy {dice.randrange(40)} of box {box}")


async def _many(dice: random.Random) -> None:
    await Toy.bulk_create(
        [Toy(box_id=0, name=f"{dice.random()}", broken_at=None) for _ in range(3)], batch_size=2
    )


WORK: list[Callable[[random.Random], Awaitable[None]]] = [
    moved,
    moved,
    _move,
    _read,
    _nested,
    _many,
]


async def _cancelled_somewhere(dice: random.Random) -> bool:
    """Begin something, cancel it a little later, perhaps again while it cleans up; whether the
    cancellation came in time.
    """
    task = asyncio.ensure_future(dice.choice(WORK)(dice))
    await asyncio.sleep(dice.uniform(0, LONGEST_SECONDS))
    task.cancel()
    for _ in range(dice.choice((0, 0, 1, 2, 5))):
        await asyncio.sleep(0)
        task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def test_three_thousand_random_cancellations_leave_everything_intact(
    database: Database,
) -> None:
    """Use cases, bare transactions, reads and savepoints, cancelled at random moments, ten at a time:
    afterwards nothing is held, the balances still add up, and the database serves.
    """
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    await Box.bulk_create([Box(id=n, label=f"box {n}", balance=BALANCE) for n in range(BOXES)])
    hit = 0

    async def keep_cancelling() -> None:
        nonlocal hit
        while hit < CANCELLATIONS:
            in_time = await _cancelled_somewhere(dice)
            hit += in_time
            while await drain(0) > WAITING:
                await asyncio.sleep(0.01)

    async with asyncio.timeout(HANGS_AFTER_SECONDS):
        await asyncio.gather(*(keep_cancelling() for _ in range(AT_ONCE)))

    assert await drain(10) == 0
    await assert_nothing_is_held()
    assert sum(box.balance for box in await Box.all()) == BOXES * BALANCE
    await asyncio.gather(*(moved(dice) for _ in range(20)))
    assert sum(box.balance for box in await Box.all()) == BOXES * BALANCE


@pytest.mark.parametrize("work", [_move, _read, _nested, _many])
async def test_a_cancellation_at_any_single_step_leaves_nothing_behind(
    database: Database, work: Callable[[random.Random], Awaitable[None]]
) -> None:
    """One task alone on the connection, cancelled once after each number of turns of the loop up to
    its natural end: every await of ours is hit, beginning and commit included.
    """
    await Box.bulk_create([Box(id=n, label=f"box {n}", balance=BALANCE) for n in range(BOXES)])
    turns, finished = 0, False
    while not finished:
        task = asyncio.ensure_future(work(random.Random(turns)))
        for _ in range(turns):
            await asyncio.sleep(0.0002 if turns % 2 else 0)
            if task.done():
                break
        finished = task.done()
        for _ in range(1 + turns % 3):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task], timeout=HANGS_AFTER_SECONDS)
        assert finished is (not task.cancelled())
        if finished:
            task.result()
        client = connected().client
        async with asyncio.timeout(5):
            await client.execute_query("SELECT 1")
        turns += 1
    await assert_nothing_is_held()
    assert sum(box.balance for box in await Box.all()) == BOXES * BALANCE
    assert turns > 1


async def test_a_cancelled_use_case_still_happens(database: Database) -> None:
    """The caller goes away at the very beginning; the change is made all the same."""

    @use_case
    async def add() -> None:
        async with transaction():
            await asyncio.sleep(0.01)
            await Box.create(id=1, label="a")

    task = asyncio.create_task(add())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await drain(5) == 0
    assert await Box.all().count() == 1


async def test_a_cancelled_bare_transaction_is_undone(database: Database) -> None:
    """Outside of a use case the block is undone whole, and the next one can begin at once."""
    inside = asyncio.Event()

    async def add() -> None:
        async with transaction():
            await Box.create(id=1, label="a")
            inside.set()
            await asyncio.sleep(10)

    task = asyncio.create_task(add())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_nothing_is_held()
    assert await Box.all().count() == 0
