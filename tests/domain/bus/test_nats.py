"""NATS as bus: away, restarted, hung, overrun or unwilling, it costs neither a change nor a wake-up."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import nats
import pytest
from nats.aio.msg import Msg

from domain import bus as buses
from domain.bus.nats import NatsBus
from domain.bus.postgresql import CHANNEL
from domain.database import connect, disconnect, transaction
from tests.certificates import self_signed
from tests.databases import Database, only_postgresql
from tests.nats_server import NatsServer, available_server
from tests.waiting import becomes

SOON = 5.0
NEVER = 0.15
AT_ONCE = 0.5
"""Within which a change is committed that waits for nobody, also on a busy machine."""

pytestmark = only_postgresql


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.toys"]


@pytest.fixture
def bus_url(nats_server: NatsServer) -> str:
    return nats_server.url


@pytest.fixture
async def here(database: Database) -> NatsBus:
    """The bus of this process, connected."""
    bus = buses.current()
    assert isinstance(bus, NatsBus)
    bus.nats.RETRY_SECONDS = (0.01, 0.1)
    await becomes(lambda: bus.nats.connected)
    return bus


@pytest.fixture
async def there(database: Database, bus_url: str) -> AsyncIterator[NatsBus]:
    """The bus of another process, connected."""
    async with other(bus_url, database) as bus:
        await becomes(lambda: bus.nats.connected)
        yield bus


@asynccontextmanager
async def other(url: str, database: Database) -> AsyncIterator[NatsBus]:
    """The bus of another process, started."""
    bus = NatsBus(url, database.url)
    bus.nats.RETRY_SECONDS = (0.01, 0.1)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


async def test_a_change_notifies_nobody_through_the_database(
    database: Database, here: NatsBus, there: NatsBus
) -> None:
    """Or commits would run one at a time all the same."""
    notified: list[object] = []
    session = await asyncpg.connect(database.url)
    await session.add_listener(CHANNEL, lambda *message: notified.append(message))
    async with there.listening("box:1") as wakeups:
        await commit("box:1")
        assert await wakeups.wait(SOON)
    await session.execute("SELECT pg_notify($1, 'last')", CHANNEL)
    await becomes(lambda: len(notified) > 0)
    await session.close()
    assert len(notified) == 1


async def test_many_changes_go_by_few_messages(
    here: NatsBus, there: NatsBus, nats_server: NatsServer
) -> None:
    """What is told while a message is on its way goes with the next, repetitions become one."""
    heard: list[list[bytes]] = []

    async def hear(message: Msg) -> None:
        heard.append(message.data.split(b"\n"))

    client = await nats.connect(nats_server.url)
    await client.subscribe("latchwork.>", cb=hear)
    await client.flush()
    async with there.listening("box:2999") as wakeups:
        for number in range(3_000):
            here.tell([f"box:{number}", "site:1"])
        assert await wakeups.wait(SOON)
    await client.close()
    topics = [topic for message in heard for topic in message]
    assert len(topics) == len(set(topics)) == 3_001
    assert len(heard) <= 3


async def test_while_nats_is_away_changes_are_neither_late_nor_unheard(
    here: NatsBus, there: NatsBus, nats_server: NatsServer
) -> None:
    """A commit takes no longer, and the other process hears of it, by NOTIFY; when NATS is back, both return to it."""
    nats_server.kill()
    await becomes(lambda: not here.nats.connected and not there.nats.connected)
    async with there.listening("box:1") as wakeups:
        await wakeups.wait(0)
        for _ in range(3):
            assert await seconds_to_commit("box:1") < AT_ONCE
            assert await wakeups.wait(SOON)
        nats_server.start()
        await becomes(lambda: here.nats.connected and there.nats.connected)
        await becomes(wakeups._woken.is_set)


async def test_nothing_is_unheard_however_often_nats_is_restarted(
    here: NatsBus, there: NatsBus, nats_server: NatsServer
) -> None:
    """Killed at any moment, also with a message on its way: after each of 300 changes the other process is woken."""

    async def restart() -> None:
        while not enough.is_set():
            await asyncio.sleep(0.05)
            nats_server.kill()
            await asyncio.sleep(0.05)
            await asyncio.to_thread(nats_server.start)

    enough = asyncio.Event()
    restarting = asyncio.create_task(restart())
    try:
        async with there.listening("box:1") as wakeups:
            for number in range(300):
                await wakeups.wait(0)
                await commit("box:1")
                assert await wakeups.wait(SOON), f"change {number}"
    finally:
        enough.set()
        await restarting  # to its end: a server that starts in its thread would be left behind


async def test_a_server_that_hangs_delays_no_change_and_leaves_nothing_behind(
    here: NatsBus, there: NatsBus, nats_server: NatsServer
) -> None:
    """It keeps its connections and answers nothing, with more told than fits on its way: it counts as lost."""
    nats_server.hang()
    many = [f"lock:{number:0140}" for number in range(40_000)]
    async with there.listening(many[-1]) as wakeups:
        assert await seconds_to_commit(*many) < 4 * AT_ONCE
        assert await seconds_to_commit("box:1") < AT_ONCE
        assert await wakeups.wait(2 * SOON)
        assert not here.nats.connected
    await here.stop()
    await there.stop()
    nats_server.go_on()
    await becomes(lambda: not tasks_of_the_library())


async def test_what_waits_to_be_told_is_bounded(
    here: NatsBus, there: NatsBus, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither NATS nor the database takes it, all topics become one that wakes everybody."""
    monkeypatch.setattr("domain.bus.nats.MAX_WAITING_TOPICS", 100)
    nats_server.kill()
    await becomes(lambda: not here.nats.connected and not there.nats.connected)
    async with there.listening("lock:1") as wakeups:
        async with here.postgresql._turn:
            for number in range(10_000):
                here.tell([f"box:{number}"])
                if number % 100 == 0:
                    await asyncio.sleep(0)
            assert len(here._waiting) <= 100
            await wakeups.wait(0)
            assert not await wakeups.wait(NEVER)
        assert await wakeups.wait(SOON)


async def test_without_nats_at_the_start_the_bus_works_and_waits_for_it(
    fresh_database: Database, nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It serves at once, says in the log what is missing, and goes over to NATS when it comes."""
    caplog.set_level("INFO", "domain.bus")
    nats_server.kill()
    await connect(fresh_database.url, bus_url=nats_server.url)
    async with other(nats_server.url, fresh_database) as there, there.listening("box:1") as wakeups:
        await commit("box:1")
        assert await wakeups.wait(SOON)
        nats_server.start()
        await becomes(lambda: there.nats.connected)
    await disconnect()
    assert [record.levelname for record in caplog.records].count("WARNING") == 2
    assert "bus: no connection to NATS (ConnectionRefusedError), trying again" in caplog.text


async def test_the_end_of_a_process_waits_for_what_it_has_to_tell(
    here: NatsBus, there: NatsBus
) -> None:
    """A change committed just before the end wakes the others."""
    async with there.listening("box:1") as wakeups:
        here.tell(["box:1"])
        await here.stop()
        assert await wakeups.wait(SOON)


async def test_a_process_too_slow_to_hear_looks_again(
    here: NatsBus, there: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that do not fit into its queue are dropped by the client: all listeners are woken."""
    monkeypatch.setattr("domain.bus.nats_client.PENDING_MESSAGES", 1)
    there.nats.lose()
    await there.nats.hang_up()
    await becomes(lambda: there.nats.connected)
    async with there.listening("lock:1") as wakeups:
        client = here.nats._client
        assert client is not None
        await client.publish([b"box:1"] * 100)
        assert await wakeups.wait(SOON)
        await becomes(lambda: there.nats.connected)


@pytest.mark.parametrize(
    "nats_configuration", ['max_payload: 65536\nmax_pending: 65536\nwrite_deadline: "100ms"']
)
async def test_a_process_that_the_server_cuts_off_as_too_slow_looks_again(
    here: NatsBus, there: NatsBus, nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The event loop hangs while more comes than the server keeps for it: it is cut off, returns, and all look again."""
    caplog.set_level("WARNING", "domain.bus")
    async with there.listening("lock:1") as wakeups:
        flood = threading.Thread(target=flooded, args=(nats_server.port, there.nats._subject))
        flood.start()
        flood.join()
        assert await wakeups.wait(SOON)
        await becomes(lambda: "no connection to NATS" in caplog.text)
        await becomes(lambda: there.nats.connected)
        await commit("lock:1")
        assert await wakeups.wait(SOON)


PASSWORD = "p@ss/w:rd%"  # what a URL must write otherwise
CREDENTIALS = {
    "user": (f'authorization {{ user: "me", password: "{PASSWORD}" }}', "me:p%40ss%2Fw%3Ard%25"),
    "token": (f'authorization {{ token: "{PASSWORD}" }}', "p%40ss%2Fw%3Ard%25"),
}


@pytest.mark.parametrize(("nats_configuration", "shown"), CREDENTIALS.values(), ids=CREDENTIALS)
async def test_a_server_that_asks_who_we_are_is_told(
    database: Database, nats_server: NatsServer, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With the right ones it lets us in. With wrong ones the log says that, and neither shows any nor tells more."""
    async with other(f"nats://{shown}@127.0.0.1:{nats_server.port}", database) as bus:
        await becomes(lambda: bus.nats.connected)
    async with other(f"nats://{shown}x@127.0.0.1:{nats_server.port}", database) as bus:
        await becomes(lambda: "Authorization Violation" in caplog.text)
        assert not bus.nats.connected
    assert "p@ss" not in caplog.text
    assert "p%40" not in caplog.text


@pytest.mark.parametrize("nats_configuration", [CREDENTIALS["token"][0]])
async def test_a_bus_ends_at_whatever_step_of_connecting(
    database: Database, nats_server: NatsServer
) -> None:
    """nats-py may swallow a cancellation, and would be tried again for ever."""
    for number in range(60):
        async with asyncio.timeout(SOON):
            async with other(f"nats://wrong@127.0.0.1:{nats_server.port}", database):
                await asyncio.sleep(number * 0.0003)
    await becomes(lambda: not tasks_of_the_library())


FORBIDDEN = """authorization {{ users: [{{ user: "me", password: "pw", permissions: {{
  {}: {{ deny: "latchwork.>" }} }} }}] }}"""


@pytest.mark.parametrize(
    "nats_configuration", [FORBIDDEN.format("publish"), FORBIDDEN.format("subscribe")]
)
async def test_a_subject_that_is_forbidden_is_found_out_at_once(
    database: Database, nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Else nothing would be heard, or nothing told, and nobody would know. The log says what is forbidden."""
    async with other(f"nats://me:pw@127.0.0.1:{nats_server.port}", database) as bus:
        await becomes(lambda: "permissions violation" in caplog.text.lower())
        assert not bus.nats.connected


TLS = 'tls {{ cert_file: "{0}", key_file: "{0}" }}'


async def test_tls_is_spoken_and_its_certificate_checked(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server that demands it gets it, by either URL; one for whose certificate nobody vouches gets nothing."""
    pem = self_signed("127.0.0.1", tmp_path / "nats.pem")
    server = available_server(tmp_path, TLS.format(pem))
    try:
        async with other(f"tls://127.0.0.1:{server.port}", database) as bus:
            await becomes(lambda: "SSLCertVerificationError" in caplog.text)
            assert not bus.nats.connected
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        for scheme in ("tls", "nats"):
            async with other(f"{scheme}://127.0.0.1:{server.port}", database) as bus:
                await becomes(lambda: bus.nats.connected)
    finally:
        server.kill()


async def test_a_server_without_tls_is_not_told_who_we_are_where_tls_is_demanded(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody on the way may have taken it out."""
    told: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"auth_required":true,"max_payload":1048576,"headers":true}\r\n')
        told.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with other(f"tls://me:geheim@127.0.0.1:{port}", database) as bus:
        await becomes(lambda: "SecureConnWantedError" in caplog.text)
        assert not bus.nats.connected
    await becomes(lambda: len(told) > 0)
    server.close()
    assert set(told) == {b""}


def tasks_of_the_library() -> list[asyncio.Task[object]]:
    folder = Path(nats.__file__).parent
    return [
        task
        for task in asyncio.all_tasks()
        if any(Path(each.f_code.co_filename).is_relative_to(folder) for each in task.get_stack())
    ]


async def commit(*topics: str) -> None:
    """A change that wakes these topics."""
    async with transaction() as tx:
        tx.wake(*topics)


async def seconds_to_commit(*topics: str) -> float:
    began = time.perf_counter()
    await commit(*topics)
    return time.perf_counter() - began


def flooded(port: int, subject: str) -> None:
    """Some 60 MB for this subject: more than sockets hold."""
    payload = b"x" * 60_000
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b'CONNECT {"verbose":false}\r\n')
        for _ in range(1_000):
            client.sendall(f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\n")
        client.sendall(b"PING\r\n")
        deadline = time.monotonic() + 10
        while b"PONG" not in client.recv(65_536) and time.monotonic() < deadline:
            pass
