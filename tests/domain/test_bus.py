"""No wake-up is lost, however the listener and the connection behave; and no listener grows."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain import bus as buses
from domain.bus import CHANNEL, Bus, PostgresBus, listening, payloads
from domain.database import transaction
from tests.databases import Database, Servers, only_postgresql
from tests.domain.database.toys import Box
from tests.waiting import becomes

SOON = 3.0
NEVER = 0.15


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


@pytest.fixture
async def other_process(database: Database) -> AsyncIterator[PostgresBus]:
    """The bus of another process on the same PostgreSQL database."""
    other = PostgresBus(database.url)
    await other.start()
    yield other
    await other.stop()


async def test_a_listener_is_woken_by_its_topics_only(database: Database) -> None:
    """By one of its two, and not by a third."""
    async with listening("lock:1", "lock:2") as wakeups:
        await commit("lock:3")
        assert not await wakeups.wait(NEVER)
        await commit("lock:2")
        assert await wakeups.wait(SOON)


async def test_a_wake_up_between_subscribing_and_waiting_is_kept(database: Database) -> None:
    """Enter, read, wait: what was committed during the reading ends the wait at once."""
    async with listening("lock:1") as wakeups, listening("lock:1") as another:
        await commit("lock:1")
        assert await another.wait(SOON)
        assert await wakeups.wait(0)


async def test_many_wake_ups_while_busy_become_one(database: Database) -> None:
    """Fifty are one look at the database, and none is left over."""
    async with listening("lock:1") as wakeups, listening("lock:2") as later:
        for _ in range(50):
            await commit("lock:1")
        await commit("lock:2")
        assert await later.wait(SOON)
        assert await wakeups.wait(0)
        assert not await wakeups.wait(NEVER)


async def test_topics_can_be_added_and_dropped_while_listening(database: Database) -> None:
    """An added one wakes, a dropped one does not."""
    async with listening("lock:1") as wakeups:
        wakeups.add("lock:2")
        await commit("lock:2")
        assert await wakeups.wait(SOON)
        wakeups.discard("lock:2")
        await commit("lock:2")
        assert not await wakeups.wait(NEVER)


async def test_a_listener_that_leaves_leaves_nothing_behind(database: Database) -> None:
    """Also when it is cancelled while waiting."""

    async def listen() -> None:
        async with listening("lock:1") as wakeups:
            await wakeups.wait(60)

    tasks = [asyncio.create_task(listen()) for _ in range(50)]
    await becomes(lambda: buses.current().topics == {"lock:1"})
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not buses.current().topics


async def test_a_listener_has_a_bounded_number_of_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused; one that it has already is none more."""
    monkeypatch.setattr("domain.bus.MAX_TOPICS_PER_LISTENER", 2)
    async with Bus().listening("a", "b") as wakeups:
        wakeups.add("a")
        with pytest.raises(ValueError, match="topics"):
            wakeups.add("c")


async def test_a_cancelled_wait_does_not_swallow_the_wake_up(database: Database) -> None:
    """A wait that is cancelled in the very moment of the wake-up leaves it to the next wait."""
    async with Bus().listening("a") as wakeups:
        waiting = asyncio.create_task(wakeups.wait(10))
        await asyncio.sleep(0)
        wakeups.wake()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await wakeups.wait(0)


def test_payloads_fit_into_a_notify() -> None:
    """As few as possible, none of 8,000 bytes, no topic lost or cut."""
    topics = [f"lock:{number:0150}" for number in range(200)]
    packed = list(payloads(topics))
    assert all(len(payload) < 8_000 for payload in packed)
    assert "\n".join(packed).split("\n") == topics
    assert len(packed) == 4


@only_postgresql
async def test_a_change_in_one_process_wakes_the_others(
    database: Database, other_process: PostgresBus
) -> None:
    """A commit wakes the listeners of its own process and of the other."""
    async with other_process.listening("box:1") as there, listening("box:1") as listener:
        async with transaction() as tx:
            await Box.create(id=1, label="a")
            tx.wake("box:1")
        assert await there.wait(SOON)
        assert await listener.wait(SOON)


@only_postgresql
async def test_a_killed_listener_connection_is_replaced_and_everybody_looks_again(
    database: Database, servers: Servers
) -> None:
    """The server ends the connection: all listeners are woken, as something may have been missed;
    after that, wake-ups arrive as before.
    """
    async with listening("box:1") as one, listening("box:2") as two:
        await kill_listeners(servers, database)
        assert await one.wait(SOON)
        assert await two.wait(SOON)
        await until_connected()
        await one.wait(0)
        await two.wait(0)
        await commit("box:1")
        assert await one.wait(SOON)
        assert not await two.wait(NEVER)


@only_postgresql
async def test_what_is_missed_while_the_listener_is_lost_is_looked_for_on_its_return(
    database: Database, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change is committed while nobody can hear it; with the new connection everybody is woken."""
    refused = asyncio.Event()
    listen = PostgresBus._listen

    async def unreachable(bus: PostgresBus) -> None:
        refused.set()
        raise ConnectionRefusedError

    async with listening("box:1") as wakeups:
        monkeypatch.setattr(PostgresBus, "_listen", unreachable)
        await kill_listeners(servers, database)
        await asyncio.wait_for(refused.wait(), SOON)
        assert await wakeups.wait(SOON)
        await commit("box:1")
        await wakeups.wait(0)
        monkeypatch.setattr(PostgresBus, "_listen", listen)
        assert await wakeups.wait(SOON)


@only_postgresql
async def test_a_connection_that_hangs_is_found_out_by_the_probe(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer within `ANSWER_SECONDS`: the connection counts as lost."""
    bus = PostgresBus(database.url)
    bus.PROBE_SECONDS, bus.ANSWER_SECONDS = 0.05, 0.1
    await bus.start()
    try:
        first = bus._connection
        async with bus.listening("box:1") as wakeups:
            hanging = asyncio.create_task(first.execute("SELECT pg_sleep(5)"))
            assert await wakeups.wait(SOON)
            await becomes(lambda: bus.connected and bus._connection is not first)
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
    finally:
        await bus.stop()


async def commit(topic: str) -> None:
    """A change that wakes this topic."""
    async with transaction() as tx:
        tx.wake(topic)


async def until_connected() -> None:
    bus = buses.current()
    assert isinstance(bus, PostgresBus)
    await becomes(lambda: bus.connected)


async def kill_listeners(servers: Servers, database: Database) -> None:
    await servers.cut_connections(database, saying=f"LISTEN%{CHANNEL}%")
