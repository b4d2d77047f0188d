"""Who waits for the same rows waits without a connection; on PostgreSQL, which has a pool."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.database import (
    DatabaseUnavailable,
    Queue,
    Work,
    connect,
    disconnect,
    lock_row,
    transaction,
    use_case,
)
from domain.database.connection import connected
from domain.database.turns import AT_ONCE, KEPT
from tests.databases import Database, only_postgresql
from tests.domain.crossing import held_back
from tests.domain.database.pools import assert_nothing_is_held
from tests.domain.database.toys import Box
from tests.waiting import becomes, eventually

pytestmark = only_postgresql

HERE = UUID(int=1)
BOX = "SELECT 1 FROM boxes FOR UPDATE"


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


@pytest.fixture(autouse=True)
async def box(database: Database) -> Box:
    return await Box.create(id=1, label="a", balance=0)


@use_case
async def add_one(work: Work = Work.CHANGES, place: UUID = HERE) -> None:
    async with transaction(Queue(work, place)):
        held = await lock_row(Box, 1)
        assert held is not None
        held.balance += 1
        await held.save(update_fields=["balance"])


@asynccontextmanager
async def waiting(
    database: Database, *queues: Queue, many: int = 30
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Many of each queue wait for the box, which is held until the end of the block."""
    async with held_back(database, BOX) as held:
        tasks = [
            asyncio.create_task(add_one(queue.work, queue.place))
            for queue in queues
            for _ in range(many)
        ]
        await eventually(held.waiting, lambda seen: seen >= AT_ONCE, within_seconds=60)
        yield tasks


async def test_one_place_has_two_connections_for_a_kind_of_work(database: Database) -> None:
    """Of the ten, all others can be had; and in the end everybody has had their turn."""
    async with asyncio.timeout(120):
        async with waiting(database, *(Queue(work, HERE) for work in Work)) as tasks:
            client = connected().client
            free = [
                await client.take()  # type: ignore[attr-defined]
                for _ in range(10 - AT_ONCE * len(Work))
            ]
            for each in free:
                await client.give_back(each)  # type: ignore[attr-defined]
        await asyncio.gather(*tasks)

    assert (await Box.get(id=1)).balance == 30 * len(Work)
    await assert_nothing_is_held()


async def test_changes_at_many_places_leave_what_cannot_wait_its_connections(
    database: Database,
) -> None:
    places = [Queue(Work.CHANGES, uuid4()) for _ in range(8)]
    async with asyncio.timeout(120):
        async with waiting(database, *places, many=5) as tasks:
            free = [
                await connected().client.take()  # type: ignore[attr-defined]
                for _ in range(KEPT)
            ]
            for each in free:
                await connected().client.give_back(each)  # type: ignore[attr-defined]
            assert await Box.all().count() == 1
        await asyncio.gather(*tasks)


async def test_whoever_waits_too_long_is_told_to_try_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.database.turns.PATIENCE_SECONDS", 0.1)
    async with asyncio.timeout(120):
        async with waiting(database, Queue(Work.CHANGES, HERE)) as tasks:
            await becomes(lambda: sum(task.done() for task in tasks) == 30 - AT_ONCE, 60)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    refused = [each for each in outcomes if isinstance(each, DatabaseUnavailable)]
    assert len(refused) == 30 - AT_ONCE
    assert (await Box.get(id=1)).balance == AT_ONCE


async def test_a_queue_that_is_too_long_refuses_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.database.turns.MOST_WAITING", 3)
    async with asyncio.timeout(120):
        async with waiting(database, Queue(Work.CHANGES, HERE), many=10) as tasks:
            await becomes(lambda: sum(task.done() for task in tasks) == 10 - AT_ONCE - 3, 60)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert sum(each is None for each in outcomes) == AT_ONCE + 3
    await add_one()


async def test_whoever_goes_away_gives_the_turn_back(database: Database) -> None:
    """While waiting for it, and while holding it."""

    async def change() -> None:
        async with transaction(Queue(Work.CHANGES, HERE)):
            await lock_row(Box, 1)

    async with asyncio.timeout(120):
        async with held_back(database, BOX) as held:
            tasks = [asyncio.create_task(change()) for _ in range(10)]
            await eventually(held.waiting, lambda seen: seen == AT_ONCE, within_seconds=60)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await add_one()

    turns = connected().turns
    assert turns is not None
    assert not turns._queues
    await assert_nothing_is_held()


async def test_rows_that_somebody_else_holds_are_not_waited_for_long(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, model_modules: list[str]
) -> None:
    monkeypatch.setattr("domain.database.postgresql.LOCK_WAIT_MS", 200)
    await _connected_anew(fresh_database, model_modules)
    async with held_back(fresh_database, BOX):
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(add_one(), 20)
    await add_one()

    assert (await Box.get(id=1)).balance == 1


async def _connected_anew(database: Database, model_modules: list[str]) -> None:
    await disconnect()
    await connect(database.url, model_modules=model_modules)


STOPPED = """
import asyncio, json, sys
from domain.database import DatabaseUnavailable, connect, disconnect, lock_row, postgresql, transaction
from tests.domain.database.toys import Box

postgresql.IDLE_IN_TRANSACTION_MS = 1_000

async def main(url):
    await connect(url, model_modules=["tests.domain.database.toys"])
    said = "committed"
    try:
        async with transaction():
            box = await lock_row(Box, 1)
            await Box.filter(id=1).update(label="changed")
            print("in the middle", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            await Box.filter(id=1).update(balance=box.balance + 100)
    except DatabaseUnavailable:
        said = "unavailable"
    again = await Box.get(id=1)
    print(json.dumps([said, again.balance, again.label]), flush=True)
    await disconnect()

asyncio.run(main(sys.argv[1]))
"""


async def test_a_process_that_is_stopped_in_the_middle_of_a_change_holds_nobody_up_for_long(
    database: Database,
) -> None:
    """The server ends its transaction; the others go on. When it is woken it is told so, and nothing of its change is
    there, neither what it wrote before nor what it would write after.
    """
    root = str(Path(__file__).parents[3])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        STOPPED,
        database.url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            assert await process.stdout.readline() == b"in the middle\n"
            process.send_signal(signal.SIGSTOP)

            async def changed() -> bool:
                try:
                    await add_one()
                except DatabaseUnavailable:
                    return False
                return True

            await eventually(changed, within_seconds=40)
            process.send_signal(signal.SIGCONT)
            answer, _ = await process.communicate(b"go on\n")
    finally:
        if process.returncode is None:
            process.kill()

    assert json.loads(answer) == ["unavailable", 1, "a"]
