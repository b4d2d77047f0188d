"""What comes at once is answered at once, and nobody suffers for what somebody else has asked."""

import asyncio
from collections.abc import Sequence

import pytest

from domain.database import DatabaseUnavailable, TransactionMisuse, transaction
from domain.database.together import MOST_AT_ONCE, Together
from tests.databases import Database, only_sqlite


class Desk:
    """Doubles numbers. It remembers its batches; 13 makes a whole batch fail, and it may be closed for a while."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.away = False

    async def double(self, numbers: Sequence[int]) -> list[int | Exception]:
        """Each number twice; a negative one is refused."""
        self.batches.append(list(numbers))
        await self.open.wait()
        if self.away:
            raise DatabaseUnavailable("away")
        if 13 in numbers:
            raise ZeroDivisionError
        return [2 * number if number >= 0 else ValueError(number) for number in numbers]


async def _double(desk: Desk, numbers: Sequence[int]) -> list[int | Exception]:
    return await desk.double(numbers)


async def asked(together: Together, desk: Desk, *numbers: int) -> list[object]:
    """The answers to all of these, asked at once and each with a key of its own."""
    return await asyncio.gather(
        *(together.ask(_double, desk, number, number) for number in numbers),
        return_exceptions=True,
    )


async def test_what_comes_at_once_is_one_batch() -> None:
    """A thousand are few batches, each with its own answer; what comes meanwhile is the next one."""
    together, desk = Together(), Desk()
    assert await asked(together, desk, *range(100, 1_100)) == [2 * n for n in range(100, 1_100)]
    assert [len(each) for each in desk.batches] == [MOST_AT_ONCE] * (1_000 // MOST_AT_ONCE)


async def test_those_of_one_key_are_answered_in_their_order_and_never_together() -> None:
    """Two reports of one lock, of which the second stands on the first."""
    together, desk = Together(), Desk()
    answers = await asyncio.gather(
        *(
            together.ask(_double, desk, key, number)
            for number, key in ((1, "a"), (2, "a"), (3, "b"))
        )
    )
    assert answers == [2, 4, 6]
    assert desk.batches == [[1, 3], [2]]


async def test_one_that_is_refused_and_one_that_breaks_a_batch_are_alone_in_it() -> None:
    """The others have their answers."""
    together, desk = Together(), Desk()
    one, refused, broken, two = await asked(together, desk, 1, -1, 13, 2)
    assert (one, two) == (2, 4)
    assert isinstance(refused, ValueError)
    assert isinstance(broken, ZeroDivisionError)


async def test_while_the_database_is_away_all_are_told_and_afterwards_all_is_well() -> None:
    """Nobody is tried one by one against a database that does not answer."""
    together, desk = Together(), Desk()
    desk.away = True
    answers = await asked(together, desk, *range(20))
    assert all(isinstance(each, DatabaseUnavailable) for each in answers)
    assert len(desk.batches) == 1
    desk.away = False
    assert await asked(together, desk, 1, 2) == [2, 4]


async def test_whoever_goes_away_leaves_a_request_that_is_answered() -> None:
    """The others of its batch do not notice."""
    together, desk = Together(), Desk()
    desk.open.clear()
    gone = asyncio.ensure_future(together.ask(_double, desk, 1, 1))
    stays = asyncio.ensure_future(together.ask(_double, desk, 2, 2))
    await asyncio.sleep(0)
    gone.cancel()
    desk.open.set()
    assert await stays == 4
    assert desk.batches == [[1, 2]]


async def test_a_worker_that_is_cancelled_leaves_nobody_waiting() -> None:
    """Those of its batch and those behind it are told to try again; the next one begins another worker."""
    together, desk = Together(), Desk()
    desk.open.clear()
    waiting = [asyncio.ensure_future(together.ask(_double, desk, "lock", n)) for n in (1, 2)]
    await asyncio.sleep(0.01)
    (worker,) = [each for each in asyncio.all_tasks() if each.get_name() == "together"]
    worker.cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(each, DatabaseUnavailable) for each in answers)
    desk.open.set()
    assert await asked(together, desk, 3) == [6]


@only_sqlite
async def test_nobody_waits_for_a_batch_inside_a_transaction(database: Database) -> None:
    """The batch would wait for the rows of whoever waits for it."""
    together, desk = Together(), Desk()
    async with transaction():
        with pytest.raises(TransactionMisuse):
            await together.ask(_double, desk, 1, 1)
