"""gql, the Python client, which we did not write: it reads our schema, asks, changes, follows, and comes back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import backoff
import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from tests.api.firmware_lock import FirmwareLock, installed
from tests.databases import Servers
from tests.processes import Process, hands
from tests.serving import House, Served
from tests.waiting import becomes

ME = "{ me { ... on ApiToken { id name } } }"
CREATE = """mutation Create($input: CreateLockInput!) { createLock(input: $input) {
  __typename ... on CreatedLock { lock { id name } } ... on Error { message } } }"""
EVENTS = """subscription Events($site: ID!, $after: String) {
  lockEvents(siteId: $site, after: $after) { cursor kind } }"""
SYNC = "subscription Sync($site: ID!) { siteSync(siteId: $site) { lock { name } } }"


def asking(document: str, **variables: Any) -> GraphQLRequest:
    return GraphQLRequest(document, variable_values=variables)


def over_http(house: House, **options: Any) -> Client:
    headers = {"authorization": f"Bearer {house.token}"}
    transport = HTTPXAsyncTransport(url=f"{house.served.url}/graphql", headers=headers)
    return Client(transport=transport, **options)


def over_socket(house: House) -> Client:
    return Client(
        transport=WebsocketsTransport(
            url=f"{house.served.url.replace('http', 'ws', 1)}/graphql",
            init_payload={"token": house.token},
        )
    )


async def test_it_reads_the_schema_and_checks_its_documents_by_it(served: Served) -> None:
    """Introspection by a client: what it validated locally against our schema, the server answers."""
    house = await served.site()
    async with over_http(house, fetch_schema_from_transport=True) as session:
        assert session.client.schema is not None
        assert "createInvitation" in session.client.schema.mutation_type.fields
        assert (await session.execute(gql(ME)))["me"]["name"] == "OWNER"


async def test_it_asks_changes_and_follows(served: Served) -> None:
    """A query, a mutation and a subscription; the same over HTTP and over one socket."""
    house = await served.site()
    for client in (over_http(house), over_socket(house)):
        async with client as session:
            assert (await session.execute(gql(ME)))["me"]["name"] == "OWNER"
            asked = {"siteId": house.id, "name": "Cellar"}
            made = await session.execute(asking(CREATE, input=asked))
            assert made["createLock"]["lock"]["name"] == "Cellar"
    async with over_socket(house) as session, asyncio.timeout(10):
        items = session.subscribe(asking(SYNC, site=house.id))
        assert (await anext(items))["siteSync"]["lock"]["name"] == "Cellar"
        await items.aclose()
        assert (await session.execute(gql(ME)))["me"]["name"] == "OWNER"


async def test_it_is_told_what_was_refused(served: Served) -> None:
    """A GraphQL error reaches its caller with the code, over both transports, and neither connection suffers."""
    house = await served.site()
    other = await served.site("Other")
    query = "query($id: ID!) { site(id: $id) { locks(first: 1000) { nodes { id } } } }"
    for client in (over_http(house), over_socket(house)):
        async with client as session:
            with pytest.raises(TransportQueryError) as refused:
                await session.execute(asking(query, id=house.id))
            assert refused.value.errors is not None
            assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"
            assert (await session.execute(gql(ME)))["me"]["name"] == "OWNER"
    async with over_socket(house) as session:
        with pytest.raises(TransportQueryError):
            await anext(session.subscribe(asking(EVENTS, site=other.id)))
        assert (await session.execute(gql(ME)))["me"]["name"] == "OWNER"


@pytest.fixture
async def house(
    servers: Servers, database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Process, House]]:
    """A server in a process of its own, so that it can be started again; and a site on it."""
    database = await servers.fresh(database_kind, None)
    process = Process.start(database, tmp_path_factory.mktemp("process"))
    try:
        await asyncio.to_thread(process.until_ready)
        async with hands(process, database) as served:
            yield process, await served.site()
    finally:
        await asyncio.to_thread(process.stop)
        await servers.remove(database)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_it_comes_back_after_a_restart_and_resumes_without_a_gap(
    house: tuple[Process, House],
) -> None:
    """Its reconnecting session goes on by itself; `after` brings what happened while it was away, once."""
    process, at_home = house
    lock = await installed(at_home, await at_home.lock())
    session = await over_socket(at_home).connect_async(  # type: ignore[no-untyped-call]
        reconnecting=True,
        retry_connect=backoff.on_exception(backoff.constant, Exception, interval=0.2),
    )
    seen: list[dict[str, Any]] = []
    reading = asyncio.create_task(follow(session, at_home, seen, count=4))
    await wrong_entries(lock, 2)
    await becomes(lambda: len(seen) == 2)

    await lock.disconnect()
    await asyncio.to_thread(process.stop)
    process.start_again()
    await asyncio.to_thread(process.until_ready)
    await lock.connect()
    await wrong_entries(lock, 2)

    await asyncio.wait_for(reading, 20)
    assert (await session.execute(gql(ME)))["me"]["name"] == "OWNER"
    await session.client.close_async()
    await lock.disconnect()
    numbers = [int(event["cursor"][1:]) for event in seen]
    assert numbers == sorted(set(numbers))
    assert [event["kind"] for event in seen] == ["DENIED"] * 4


async def follow(session: Any, house: House, seen: list[dict[str, Any]], count: int) -> None:
    """Denials as they come; after a lost connection from behind the last one seen."""
    after = "e0"  # from the first one on, however late this is
    while len(seen) < count:
        try:
            async for item in session.subscribe(asking(EVENTS, site=house.id, after=after)):
                after = item["lockEvents"]["cursor"]
                if item["lockEvents"]["kind"] == "DENIED":
                    seen.append(item["lockEvents"])
                if len(seen) == count:
                    return
        except TransportError:
            await asyncio.sleep(0.1)


async def wrong_entries(lock: FirmwareLock, count: int) -> None:
    """That many wrong PINs, reported."""
    for _ in range(count):
        lock.enter("1234567")
    await lock.tell()
