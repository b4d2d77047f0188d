"""Two server processes over one PostgreSQL database are one server: to phones, to locks, and to whoever attacks them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import httpx
import orjson
import pytest

from api.tour.phone import Phone
from api.tour.socket import SocketRefused
from domain.link.keys import LinkKeys
from domain.link.proof import make_proof
from locksim.provisioning import Provisioning
from tests.api.firmware_lock import FirmwareLock, installed
from tests.databases import MISSING, Database, Servers
from tests.processes import Process, between, hands
from tests.serving import House, Served
from tests.waiting import becomes

PUBLIC = "https://doors.example"
"""What phones call the server; which process a proxy chooses is nothing to them."""
EVENTS = """subscription($site: ID!, $after: String) {
  lockEvents(siteId: $site, after: $after) { id cursor kind lock { name } } }"""


@dataclass
class Pair:
    """Two processes over one database."""

    database: Database
    a: Process
    b: Process


@pytest.fixture(scope="module")
def pair(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    if servers.postgres is None:
        pytest.skip(MISSING)
    database = asyncio.run(servers.fresh("postgresql", None))
    folder = tmp_path_factory.mktemp("processes")
    processes = [Process.start(database, folder, public_url=PUBLIC) for _ in range(2)]
    try:
        yield Pair(database, *(each.until_ready() for each in processes))
    finally:
        for each in processes:
            each.stop()


@pytest.fixture
async def a(pair: Pair) -> AsyncIterator[Served]:
    async with hands(pair.a, pair.database, PUBLIC) as served:
        yield served


@pytest.fixture
def b(pair: Pair, a: Served) -> Served:
    return replace(a, url=pair.b.url)


@pytest.fixture
async def house(a: Served) -> House:
    return await a.site(f"House {secrets.token_hex(4)}")


def at(house: House, served: Served) -> House:
    """The same site, asked for at this process."""
    return replace(house, served=served)


class RoamingPhone(Phone):
    """Its proofs name the public address, whichever process it is sent to."""

    def proof(self, body: bytes, **other: Any) -> str:
        return super().proof(body, **{"htu": f"{PUBLIC}/graphql", **other})


async def test_a_change_made_at_one_wakes_the_streams_of_the_other(house: House, b: Served) -> None:
    """`pinSync` at B follows what an admin does at A and what the lock, whose feed is at B, acknowledges."""
    lock = await installed(at(house, b), await house.lock())
    owner = await house.member("Emil")
    asked: dict[str, Any] = {"siteId": house.id, "owner": {"memberId": owner}, "lockIds": [lock.id]}
    made = await house.change("createPin", "... on CreatedPin { pin { id } }", **asked)
    query = "subscription($pin: ID!) { pinSync(pinId: $pin) { status } }"
    async with await b.socket({"token": house.token}) as socket, asyncio.timeout(10):
        statuses = socket.subscribe(query, pin=made["pin"]["id"])
        assert await anext(statuses) == {"pinSync": {"status": "NOT_UPDATED"}}
        await lock.settle()
        assert await anext(statuses) == {"pinSync": {"status": "UPDATED"}}
        await house.change("blockPin", pinId=made["pin"]["id"])
        assert await anext(statuses) == {"pinSync": {"status": "NOT_UPDATED"}}
    await lock.disconnect()


async def test_a_phone_at_one_opens_a_lock_whose_feed_is_at_the_other(
    house: House, b: Served
) -> None:
    """Order and answer both cross: no LockOffline, no LockDidNotAnswer."""
    entry = await house.lock()
    await at(house, b).device(entry)
    made = await house.invitation(entry["lockId"])
    phone = RoamingPhone(house.served.url, house.served.http)
    await phone.redeem(made["code"])
    opened = await phone.open(entry["lockId"])
    assert opened["event"]["kind"] == "OPENED"


async def test_a_socket_ticket_of_one_opens_one_socket_at_the_other(
    house: House, b: Served
) -> None:
    """It was made at A, is good at B, and is then used up at both."""
    made = await house.ask(
        "mutation { createSocketTicket { ... on CreatedSocketTicket { ticket } } }"
    )
    shown = {"ticket": made["createSocketTicket"]["ticket"]}
    async with await b.socket(shown) as socket:
        query = "subscription($id: ID!) { siteSync(siteId: $id) { lock { name } } }"
        await house.lock()
        async with asyncio.timeout(10):
            assert await anext(socket.subscribe(query, id=house.id))
    for served in (house.served, b):
        with pytest.raises(SocketRefused) as refused:
            await served.socket(shown)
        assert refused.value.code == 4403


async def test_a_proof_used_at_one_is_refused_at_the_other(house: House, b: Served) -> None:
    """The very bytes that A has answered get 401 from B."""
    phone = RoamingPhone(house.served.url, house.served.http)
    body = orjson.dumps({"query": '{ lockChallenge(lockId: "x") }'})
    headers = {"content-type": "application/json", "dpop": phone.proof(body)}
    first, second = [
        await house.served.http.post(f"{url}/graphql", content=body, headers=headers)
        for url in (house.served.url, b.url)
    ]
    assert first.status_code == 200, first.text
    assert second.status_code == 401
    assert second.json()["errors"][0]["extensions"]["part"] == "jti"


async def test_of_sixteen_uses_of_one_proof_at_both_one_is_answered(
    house: House, b: Served
) -> None:
    """At the same moment, half of them at each process: the database decides."""
    phone = RoamingPhone(house.served.url, house.served.http)
    body = orjson.dumps({"query": '{ lockChallenge(lockId: "x") }'})
    headers = {"content-type": "application/json", "dpop": phone.proof(body)}
    answers = await asyncio.gather(
        *(
            house.served.http.post(f"{url}/graphql", content=body, headers=headers)
            for url in [house.served.url, b.url] * 8
        )
    )
    assert sorted(each.status_code for each in answers) == [200] + [401] * 15


async def test_a_locks_proof_opens_a_socket_at_one_of_them(house: House, b: Served) -> None:
    """Listening to a lock's first message at A is no way into B, though the challenge is good at both."""
    entry = await house.lock()
    own = Provisioning.from_json(entry, "entry")
    challenge = (
        await house.served.post(
            "query($id: ID!) { lockChallenge(lockId: $id) }", id=entry["lockId"]
        )
    ).json()["data"]["lockChallenge"]
    proof = make_proof(LinkKeys.derive(own.secret), own.lock_id, challenge, secrets.token_hex(16))
    shown = {"lock": {"id": own.lock_id, "proof": proof}}
    async with await b.socket(shown):
        with pytest.raises(SocketRefused) as refused:
            await house.served.socket(shown)
    assert refused.value.code == 4403


async def test_the_newest_feed_of_a_lock_wins_whichever_process_has_it(
    house: House, b: Served
) -> None:
    """A feed at A ends when the lock opens another at B, and the other way round."""
    entry = await house.lock()
    locks = [FirmwareLock(at(house, served), entry) for served in (house.served, b, house.served)]
    await locks[0].connect()
    await locks[0].next_delivery()
    for older, newer in pairwise(locks):
        await newer.connect()
        async with asyncio.timeout(5):
            while await older.feed.get() is not None:
                pass
    for each in locks:
        await each.disconnect()


async def test_event_numbers_are_one_sequence(house: House, b: Served) -> None:
    """Locks at both report at once; both processes stream the same events in the same order, and resume anywhere."""
    entries = [await house.lock(f"Door {n}") for n in range(4)]
    locks = [
        await installed(at(house, served), entry)
        for served, entry in zip([house.served, b] * 2, entries, strict=True)
    ]
    streams = [asyncio.create_task(denials(at(house, served), 40)) for served in (house.served, b)]
    await asyncio.gather(*(reports(lock, 10) for lock in locks))
    seen, seen_too = await asyncio.gather(*streams)
    again = await denials(at(house, b), 30, after=seen[9]["cursor"])

    assert seen == seen_too
    assert len({event["id"] for event in seen}) == 40
    assert again == seen[10:]
    for lock in locks:
        await lock.disconnect()


async def denials(house: House, count: int, after: str = "e0") -> list[dict[str, Any]]:
    """That many denials of the site's stream, ten seconds at most; from the first, unless another is named."""
    found: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(10),
        await house.served.socket({"token": house.token}) as socket,
        aclosing(socket.subscribe(EVENTS, site=house.id, after=after)) as stream,
    ):
        while len(found) < count:
            event = (await anext(stream))["lockEvents"]
            if event["kind"] == "DENIED":
                found.append(event)
    return found


async def reports(lock: FirmwareLock, count: int) -> None:
    """Wrong PINs at the keypad, each reported by itself."""
    for _ in range(count):
        lock.enter("1234567")
        await lock.tell()


async def test_access_that_ends_at_one_ends_at_the_other_at_once(house: House, b: Served) -> None:
    """A token revoked at A closes its socket at B, not at the next poll."""
    made = await house.change(
        "createApiToken",
        "... on CreatedApiToken { token apiToken { id } }",
        siteId=house.id,
        name="Script",
        role="USER",
        canEdit=False,
    )
    async with await b.socket({"token": made["token"]}) as socket:
        await house.change("revokeApiToken", siteId=house.id, apiTokenId=made["apiToken"]["id"])
        assert (await socket.closed(within_seconds=15))[0] == 4403


async def test_when_one_is_killed_its_locks_are_served_by_the_other(
    pair: Pair, house: House, b: Served
) -> None:
    """SIGKILL: B goes on without a word, the lock comes back through the proxy, and what it wanted to say arrives."""
    doomed = Process.start(pair.database, pair.a.log.parent, public_url=PUBLIC).until_ready()
    entry = await house.lock()
    try:
        async with between(doomed, pair.b) as proxy:
            device = await at(house, replace(b, url=proxy)).device(entry)
            admin = at(house, b)
            async with (
                asyncio.timeout(20),
                await b.socket({"token": house.token}) as socket,
                aclosing(socket.subscribe(EVENTS, site=house.id, after="e0")) as stream,
            ):
                assert (await anext(stream))["lockEvents"]["kind"] == "STARTED"
                doomed.kill()
                await device.type("1234567")
                assert (await anext(stream))["lockEvents"]["kind"] == "DENIED"
            assert (await admin.ask("{ me { ... on ApiToken { name } } }"))["me"]["name"] == "OWNER"
            await becomes(lambda: device.online)
            opened = await admin.change("openLockRemotely", lockId=entry["lockId"])
            assert opened["__typename"] == "OpenedLock"
            for task in b.running:
                task.cancel()
            await asyncio.gather(*b.running, return_exceptions=True)
    finally:
        doomed.stop()
    with pytest.raises(httpx.ConnectError):
        await house.served.http.get(f"{doomed.url}/healthz")
