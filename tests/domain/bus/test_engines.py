"""No wake-up is lost, however the listener and the connection behave; and no listener grows. The same for every engine."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from domain import bus as buses
from domain.bus import Bus, listening
from domain.bus.kept_connection import KeptConnection
from domain.bus.nats import NatsBus
from domain.bus.postgresql import PostgresBus, PostgresConnection
from domain.database import transaction
from tests.databases import Database, Servers, available
from tests.domain.database.toys import Box
from tests.waiting import becomes
from tests.wires import Wire, wire

SOON = 3.0
NEVER = 0.15

between_processes = pytest.mark.parametrize("engine", ["postgresql", "nats"], indirect=True)


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


@pytest.fixture(params=["memory", "postgresql", "nats"])
def engine(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def database_kind(engine: str, servers: Servers) -> str:
    return available("sqlite" if engine == "memory" else "postgresql", servers)


@pytest.fixture
def bus_url(engine: str, request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("nats_server").url if engine == "nats" else ""
    return url


@pytest.fixture
async def here(database: Database) -> Bus:
    """The bus of this process, connected."""
    bus = buses.current()
    await until_connected(bus)
    return bus


@pytest.fixture
async def way(database: Database, bus_url: str) -> AsyncIterator[Wire]:
    """Between the other process and the server of the engine."""
    parts = urlsplit(bus_url or database.url)
    async with wire(parts.hostname or "", parts.port or 5432) as made:
        yield made


@pytest.fixture
async def there(database: Database, bus_url: str, way: Wire, here: Bus) -> AsyncIterator[Bus]:
    """The bus of another process on the same database, connected."""
    other: Bus
    if bus_url:
        other = NatsBus(rewired(bus_url, way), database.url)
    else:
        other = PostgresBus(rewired(database.url, way))
    connection(other).RETRY_SECONDS = (0.01, 0.05)
    await other.start()
    await until_connected(other)
    yield other
    way.mend()
    await other.stop()


async def test_a_listener_is_woken_by_its_topics_only(here: Bus) -> None:
    """By one of its two, and not by a third."""
    async with listening("lock:1", "lock:2") as wakeups:
        await commit("lock:3")
        assert not await wakeups.wait(NEVER)
        await commit("lock:2")
        assert await wakeups.wait(SOON)


async def test_a_wake_up_between_subscribing_and_waiting_is_kept(here: Bus) -> None:
    """Enter, read, wait: what was committed during the reading ends the wait at once."""
    async with listening("lock:1") as wakeups, listening("lock:1") as another:
        await commit("lock:1")
        assert await another.wait(SOON)
        assert await wakeups.wait(0)


async def test_many_wake_ups_while_busy_become_one(here: Bus) -> None:
    """Fifty are one look at the database, and none is left over."""
    async with listening("lock:1") as wakeups, listening("lock:2") as later:
        for _ in range(50):
            await commit("lock:1")
        await commit("lock:2")
        assert await later.wait(SOON)
        assert await wakeups.wait(0)
        assert not await wakeups.wait(NEVER)


async def test_topics_can_be_added_and_dropped_while_listening(here: Bus) -> None:
    """An added one wakes, a dropped one does not."""
    async with listening("lock:1") as wakeups:
        wakeups.add("lock:2")
        await commit("lock:2")
        assert await wakeups.wait(SOON)
        wakeups.discard("lock:2")
        await commit("lock:2")
        assert not await wakeups.wait(NEVER)


async def test_a_listener_that_leaves_leaves_nothing_behind(here: Bus) -> None:
    """Also when it is cancelled while waiting."""

    async def listen() -> None:
        async with listening("lock:1") as wakeups:
            await wakeups.wait(60)

    tasks = [asyncio.create_task(listen()) for _ in range(50)]
    await becomes(lambda: here.topics == {"lock:1"})
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not here.topics


async def test_nobody_is_woken_by_what_is_undone(here: Bus) -> None:
    """Neither where it was tried nor elsewhere."""
    async with listening("lock:1") as wakeups:
        with pytest.raises(ZeroDivisionError):
            await commit("lock:1", fault=ZeroDivisionError())
        assert not await wakeups.wait(NEVER)


@between_processes
async def test_a_change_in_one_process_wakes_the_others(here: Bus, there: Bus) -> None:
    """A commit wakes the listeners of its own process and of the other, once."""
    async with there.listening("box:1") as elsewhere, listening("box:1") as listener:
        async with transaction() as tx:
            await Box.create(id=1, label="a")
            tx.wake("box:1")
        assert await elsewhere.wait(SOON)
        assert await listener.wait(SOON)
        assert not await elsewhere.wait(NEVER)
        assert not await listener.wait(NEVER)


@between_processes
async def test_many_topics_of_one_change_wake_the_others(here: Bus, there: Bus) -> None:
    """More than fit into one message: the first and the last arrive."""
    topics = [f"lock:{number:08}-0000-0000-0000-000000000000" for number in range(3_000)]
    async with there.listening(topics[0]) as first, there.listening(topics[-1]) as last:
        await commit(*topics)
        assert await first.wait(SOON)
        assert await last.wait(SOON)


@between_processes
async def test_a_lost_connection_is_replaced_and_everybody_looks_again(
    here: Bus, there: Bus, way: Wire
) -> None:
    """All listeners are woken, as something may have been missed; after that, wake-ups arrive as before."""
    async with there.listening("box:1") as one, there.listening("box:2") as two:
        way.cut()
        assert await one.wait(SOON)
        assert await two.wait(SOON)
        way.mend()
        await until_connected(there)
        assert await one.wait(SOON)
        assert await two.wait(SOON)
        await commit("box:1")
        assert await one.wait(SOON)
        assert not await two.wait(NEVER)


@between_processes
async def test_what_is_missed_while_the_connection_is_lost_is_looked_for_on_its_return(
    here: Bus, there: Bus, way: Wire
) -> None:
    """A change is committed while the other cannot hear it; with the new connection it is woken."""
    async with there.listening("box:1") as wakeups:
        way.cut()
        assert await wakeups.wait(SOON)
        await commit("box:1")
        assert not await wakeups.wait(NEVER)
        way.mend()
        assert await wakeups.wait(SOON)


@between_processes
async def test_a_connection_that_hangs_is_found_out_by_the_probe(
    here: Bus, there: Bus, way: Wire, short_answers: None
) -> None:
    """It stays open, and there is no answer in time: it counts as lost, and what comes late is no harm."""
    kept = connection(there)
    kept.PROBE_SECONDS = 0.05
    kept.lose()
    async with there.listening("box:1") as wakeups:
        await until_connected(there)
        way.jam()
        assert await wakeups.wait(SOON)
        assert not kept.connected
        way.mend()
        await until_connected(there)
        await becomes(wakeups._woken.is_set)
        await wakeups.wait(0)
        await commit("box:1")
        assert await wakeups.wait(SOON)


@between_processes
async def test_the_log_says_once_that_it_is_lost_and_once_that_it_is_back(
    here: Bus, there: Bus, way: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it is tried in vain, and however much is told meanwhile."""
    caplog.set_level("INFO", "domain.bus")
    way.cut()
    await becomes(lambda: not connection(there).connected)
    for number in range(20):
        there.tell([f"box:{number}"])
        await asyncio.sleep(0.02)
    way.mend()
    await until_connected(there)
    lost, back = (record.getMessage() for record in caplog.records)
    assert lost.startswith(f"bus: no connection to {connection(there).NAME}")
    assert back == f"bus: connected to {connection(there).NAME}"


@pytest.fixture
def short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is given up after 0.3 seconds."""
    monkeypatch.setattr("domain.bus.nats_client.ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(PostgresConnection, "ANSWER_SECONDS", 0.3)


async def commit(*topics: str, fault: Exception | None = None) -> None:
    """A change that wakes these topics; undone where there is a fault."""
    async with transaction() as tx:
        tx.wake(*topics)
        if fault is not None:
            raise fault


def connection(bus: Bus) -> KeptConnection:
    """What the other processes are reached by."""
    assert isinstance(bus, PostgresBus | NatsBus)
    return bus.nats if isinstance(bus, NatsBus) else bus.connection


async def until_connected(bus: Bus) -> None:
    if isinstance(bus, PostgresBus | NatsBus):
        await becomes(lambda: connection(bus).connected)


def rewired(url: str, way: Wire) -> str:
    """The same URL, by another way."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{way.port}"))
