"""Two server processes with NATS between them: what an admin changes at one reaches the lock whose feed is at the other.

Their slow polls are so slow that they repair nothing: whoever is not woken waits for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import nats
import orjson
import pytest
from nats.aio.msg import Msg

from tests.api.firmware_lock import FirmwareLock, installed
from tests.databases import Database, Servers, available
from tests.nats_server import NatsServer, available_server
from tests.processes import Process, hands
from tests.serving import House, Served
from tests.waiting import becomes

PIN_SYNC = "subscription($pin: ID!) { pinSync(pinId: $pin) { status } }"


@dataclass
class Pair:
    """Two processes over one database, and what is between them."""

    database: Database
    a: Process
    b: Process
    nats: NatsServer


@pytest.fixture(scope="module")
def pair(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    available("postgresql", servers)
    folder = tmp_path_factory.mktemp("processes")
    between = available_server(folder)
    database = asyncio.run(servers.fresh("postgresql", None))
    program = ("tests.sim.server", "0")
    a, b = (Process.start(database, folder, program=program, bus_url=between.url) for _ in range(2))
    try:
        yield Pair(database, a.until_ready(), b.until_ready(), between)
    finally:
        a.stop()
        b.stop()
        between.kill()


@pytest.fixture(autouse=True)
async def joined(pair: Pair) -> None:
    """Whatever became of it in another test: NATS is there, and both processes are connected to it."""
    pair.nats.start()
    await becomes(lambda: joins(pair) == [losses + 1 for losses in lost(pair)], 30)


@pytest.fixture
async def a(pair: Pair) -> AsyncIterator[Served]:
    async with hands(pair.a, pair.database) as served:
        yield served


@pytest.fixture
async def house(a: Served) -> House:
    return await a.site()


@pytest.fixture
async def lock(pair: Pair, house: House) -> AsyncIterator[FirmwareLock]:
    """A lock whose feed is at B."""
    served = replace(house.served, url=pair.b.url)
    made = await installed(replace(house, served=served), await house.lock())
    yield made
    await made.disconnect()


async def test_a_change_at_one_reaches_a_lock_at_the_other_by_nats(
    pair: Pair, house: House, lock: FirmwareLock
) -> None:
    """And the lock's acknowledgement the admin's stream; the messages name topics and nothing else."""
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.extend(message.data.decode().split("\n"))

    client = await nats.connect(pair.nats.url)
    await client.subscribe("latchwork.>", cb=hear)
    await client.flush()
    await goes_to_the_lock_and_back(house, lock)
    await client.close()
    kinds = {topic.partition(":")[0] for topic in heard}
    assert {"lock", "pin-sync"} <= kinds


async def test_without_nats_it_reaches_the_lock_too_and_the_log_says_so_once(
    pair: Pair, house: House, lock: FirmwareLock
) -> None:
    """The server between them is killed, and comes back: nothing waits for it, and nobody has to do anything."""
    before = lost(pair)
    once_more = [losses + 1 for losses in before]
    pair.nats.kill()
    await becomes(lambda: lost(pair) == once_more)
    for _ in range(3):
        await goes_to_the_lock_and_back(house, lock)
    pair.nats.start()
    await becomes(lambda: joins(pair) == [losses + 1 for losses in once_more], 30)
    await goes_to_the_lock_and_back(house, lock)
    assert lost(pair) == once_more


async def test_a_token_revoked_at_one_ends_its_socket_at_the_other(
    pair: Pair, house: House
) -> None:
    """At once, with NATS or without."""
    b = replace(house.served, url=pair.b.url)
    for kill in (False, True):
        made = await house.change(
            "createApiToken",
            "... on CreatedApiToken { token apiToken { id } }",
            siteId=house.id,
            name="Script",
            role="USER",
            canEdit=False,
        )
        async with await b.socket({"token": made["token"]}) as socket:
            if kill:
                pair.nats.kill()
            await house.change("revokeApiToken", siteId=house.id, apiTokenId=made["apiToken"]["id"])
            assert (await socket.closed(within_seconds=15))[0] == 4403


async def goes_to_the_lock_and_back(house: House, lock: FirmwareLock) -> None:
    """A PIN is made at A, applied by the lock at B, and A's stream says so."""
    owner = await house.member("Emil")
    asked: dict[str, Any] = {"siteId": house.id, "owner": {"memberId": owner}, "lockIds": [lock.id]}
    made = await house.change("createPin", "... on CreatedPin { pin { id } }", **asked)
    async with await house.served.socket({"token": house.token}) as socket, asyncio.timeout(20):
        statuses = socket.subscribe(PIN_SYNC, pin=made["pin"]["id"])
        assert await anext(statuses) == {"pinSync": {"status": "NOT_UPDATED"}}
        await lock.settle()
        assert await anext(statuses) == {"pinSync": {"status": "UPDATED"}}


def lost(pair: Pair) -> list[int]:
    """How often each has said that NATS is away."""
    return [lines(each, "bus: no connection to NATS") for each in (pair.a, pair.b)]


def joins(pair: Pair) -> list[int]:
    """How often each has said that NATS is there, at the start and after each loss."""
    return [lines(each, "bus: connected to NATS") for each in (pair.a, pair.b)]


def lines(process: Process, beginning: str) -> int:
    found = [orjson.loads(line) for line in process.log.read_text().splitlines() if line]
    return sum(str(each.get("event")).startswith(beginning) for each in found)
