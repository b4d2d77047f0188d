"""PostgreSQL goes away while the server serves, and comes back: what clients are told, and what is not lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.tour.socket import SocketRefused
from domain.audit.service import first_broken_row
from tests.api.smartpin_steps import in_step
from tests.databases import Servers, only_postgresql
from tests.serving import House, Served
from tests.waiting import becomes, eventually

pytestmark = only_postgresql

WRITERS = 8
ME = "{ me { ... on ApiToken { name } } }"
EVENTS = """subscription($site: ID!, $after: String) {
  lockEvents(siteId: $site, after: $after) { cursor kind } }"""


@dataclass
class Power:
    """The switch of one test's database."""

    servers: Servers
    name: str

    async def cut(self) -> None:
        """Ends every connection to it, and refuses new ones."""
        await self.servers.administer(
            f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS false', self._ending("true")
        )

    async def restore(self) -> None:
        await self.servers.administer(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS true')

    @asynccontextmanager
    async def off(self) -> AsyncIterator[None]:
        """The time during which there is no database."""
        await self.cut()
        try:
            yield
        finally:
            await self.restore()

    async def end_listener(self) -> None:
        """Ends the connection that LISTENs, and no other."""
        await self.servers.administer(self._ending("application_name = 'latchwork bus'"))

    def _ending(self, which: str) -> str:
        return (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{self.name}' AND {which}"
        )


@pytest.fixture
async def power(served: Served, servers: Servers) -> AsyncIterator[Power]:
    switch = Power(servers, urlsplit(served.database.url).path.lstrip("/"))
    yield switch
    await switch.restore()


async def until_served(house: House) -> None:
    """Asks until there is an answer."""

    async def look() -> int:
        return (await house.served.post(ME, {"authorization": f"Bearer {house.token}"})).status_code

    await eventually(look, lambda status: status != 503)


async def test_requests_are_refused_as_retryable_and_then_served_again(
    served: Served, power: Power
) -> None:
    """503 with Retry-After where nothing was executed, UNAVAILABLE in every case; no restart is needed."""
    house = await served.site()
    script = {"authorization": f"Bearer {house.token}"}
    signing_in = (
        """mutation { signIn(input: { email: "a@example.com", password: "x" }) { __typename } }"""
    )

    async with power.off():
        for accept in ("application/json", "application/graphql-response+json"):
            answer = await served.post(ME, {**script, "accept": accept})
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        phone = await served.phone().send('{ lockChallenge(lockId: "x") }')
        executed = (await served.post(signing_in)).json()["errors"][0]["extensions"]
        stateless = await served.post('{ lockChallenge(lockId: "x") }')
        ready = await served.http.get(f"{served.url}/readyz")
        alive = await served.http.get(f"{served.url}/healthz")
    await until_served(house)

    assert phone.status_code == 503
    assert executed == {"code": "UNAVAILABLE", "retryAfterSeconds": 2}
    assert "errors" not in stateless.json()
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert (await served.http.get(f"{served.url}/readyz")).status_code == 200
    assert (await house.ask(ME))["me"]["name"] == "OWNER"


async def test_sockets_are_closed_with_try_again_later(served: Served, power: Power) -> None:
    """1013 and never 4500 or 4403: those that follow something, those that are idle, and those that are just opening."""
    house = await served.site()
    following = await served.socket({"token": house.token})
    idle = await served.socket({"token": house.token})
    async with following, idle:
        stream = following.subscribe(
            "subscription($id: ID!) { siteSync(siteId: $id) { lock { id } } }", id=house.id
        )
        await house.lock()
        await anext(stream)
        waiting = asyncio.create_task(anext(stream, None))
        async with power.off():
            for socket in (following, idle):
                assert (await socket.closed(within_seconds=15))[0] == 1013
            with pytest.raises(SocketRefused) as refused:
                await served.socket({"token": house.token})
            assert refused.value.code == 1013
            assert await waiting is None
    await until_served(house)
    async with await served.socket({"token": house.token}) as socket:
        assert (await anext(socket.subscribe(ME)))["me"]["name"] == "OWNER"


async def test_a_lock_comes_back_by_itself_and_tells_what_happened_meanwhile(
    served: Served, power: Power
) -> None:
    """Entries made during the outage are stored once each; what is ordered afterwards reaches it."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    await in_step(house, entry["lockId"])
    async with power.off():
        for _ in range(3):
            await device.type("1234567")
        await becomes(lambda: not device.online)
    await until_served(house)
    seen = await denials(house, 3)
    await becomes(lambda: device.online, within_seconds=15)
    opened = await house.change("openLockRemotely", lockId=entry["lockId"])

    assert opened["__typename"] == "OpenedLock"
    assert len(set(seen)) == 3
    assert await denials(house, 3) == seen


async def denials(house: House, count: int) -> list[str]:
    """The ids of the denials that are stored, once there are that many."""
    query = "query($id: ID!) { site(id: $id) { events { nodes { id kind } } } }"

    async def look() -> list[str]:
        nodes = (await house.ask(query, id=house.id))["site"]["events"]["nodes"]
        return [node["id"] for node in nodes if node["kind"] == "DENIED"]

    return await eventually(look, lambda found: len(found) >= count, within_seconds=15)


async def test_what_was_acknowledged_is_there_after_many_cuts(served: Served, power: Power) -> None:
    """Writers go on through four cuts: acknowledged members exist once, refused ones at most once, the audit is whole."""
    house = await served.site(seat_limit=100_000)
    acknowledged: set[str] = set()
    refused: set[str] = set()
    codes: set[str] = set()
    done = asyncio.Event()

    async def writer(number: int) -> None:
        count = 0
        while not done.is_set():
            count += 1
            name = f"Member {number}.{count}"
            answer = await served.post(
                CREATE,
                {"authorization": f"Bearer {house.token}"},
                input={"siteId": house.id, "name": name, "role": "USER", "canEdit": False},
            )
            body = answer.json()
            if "errors" in body:
                refused.add(name)
                codes.add(body["errors"][0]["extensions"]["code"])
                await asyncio.sleep(0.01)
            else:
                acknowledged.add(name)

    writers = [asyncio.create_task(writer(number)) for number in range(WRITERS)]
    for _ in range(4):
        await grows(acknowledged)
        async with power.off():
            await grows(refused)
        await until_served(house)
    done.set()
    await asyncio.gather(*writers)

    stored = await names_of_members(house)
    assert len(acknowledged) > 4
    assert refused
    assert codes == {"UNAVAILABLE"}
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
    assert await first_broken_row(served.installation, house.row.id) is None


async def grows(names: set[str]) -> None:
    """Waits until there is another one for each writer."""
    before = len(names)
    await becomes(lambda: len(names) >= before + WRITERS)


CREATE = """mutation($input: CreateMemberInput!) { createMember(input: $input) { __typename
  ... on CreatedMember { member { name } } ... on Error { message } } }"""


async def names_of_members(house: House) -> list[str]:
    """All members' names, page by page."""
    query = """query($id: ID!, $after: String) { site(id: $id) { members(first: 100, after: $after) {
      nodes { name } pageInfo { hasNextPage endCursor } } } }"""
    names: list[str] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        data = await house.ask(query, id=house.id, after=page["endCursor"])
        names += [node["name"] for node in data["site"]["members"]["nodes"]]
        page = data["site"]["members"]["pageInfo"]
    return names


async def test_a_stream_misses_nothing_while_its_listener_is_killed(
    served: Served, power: Power
) -> None:
    """The LISTEN connection alone dies, again and again; the socket stays open, each event comes once, in order, soon."""
    house = await served.site()
    device = await house.device(await house.lock())
    seen: list[str] = []
    async with (
        await served.socket({"token": house.token}) as socket,
        aclosing(socket.subscribe(EVENTS, site=house.id, after="e0")) as stream,
    ):
        assert (await anext(stream))["lockEvents"]["kind"] == "STARTED"
        for _ in range(10):
            await power.end_listener()
            await device.type("1234567")
            async with asyncio.timeout(3):  # the slow poll would take five
                seen.append(await next_denial(stream))
    assert seen == sorted(set(seen), key=lambda cursor: int(cursor[1:]))
    assert len(seen) == 10


async def next_denial(stream: AsyncIterator[dict[str, Any]]) -> str:
    """The cursor of the next denial."""
    async for item in stream:
        if item["lockEvents"]["kind"] == "DENIED":
            return str(item["lockEvents"]["cursor"])
    raise AssertionError("the stream ended")
