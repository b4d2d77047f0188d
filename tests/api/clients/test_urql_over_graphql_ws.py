"""@urql/core and graphql-ws, the clients that most applications use, which we did not write."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.api.clients.program import Program, running
from tests.databases import Servers
from tests.processes import Process, hands
from tests.serving import House, Served

FOLDER = Path(__file__).parent / "urql_over_graphql_ws"
SYNC = "subscription Sync($site: ID!) { siteSync(siteId: $site) { lock { name } } }"
CREATE = """mutation Create($input: CreateLockInput!) { createLock(input: $input) {
  __typename ... on CreatedLock { lock { id name } } ... on Error { message } } }"""


def client(house: House) -> AbstractAsyncContextManager[Program]:
    """The client, with the token of the house's owner."""
    return running(FOLDER, "client.mjs", f"{house.served.url}/graphql", house.token)


async def test_they_ask_change_and_follow(served: Served) -> None:
    """A query and a mutation by POST, a subscription over a socket, and an error with its message."""
    house = await served.site()
    async with client(house) as program:
        program.start("me", "query", "{ me { __typename ... on ApiToken { id name } } }")
        assert (await program.data("me"))["me"]["name"] == "OWNER"
        program.start("new", "mutation", CREATE, input={"siteId": house.id, "name": "Cellar"})
        assert (await program.data("new"))["createLock"]["lock"]["name"] == "Cellar"
        program.start("sync", "subscription", SYNC, site=house.id)
        assert (await program.data("sync"))["siteSync"]["lock"]["name"] == "Cellar"
        program.start("wrong", "subscription", SYNC, site="site_none")
        assert "nothing with this id" in (await program.result("wrong"))["error"]
        await house.lock("Attic")
        await house.change("updateLock", lockId=(await attic(house)), name="Roof")


async def attic(house: House) -> str:
    """The id of the lock called Attic."""
    query = 'query($id: ID!) { site(id: $id) { locks(search: "attic") { nodes { id } } } }'
    found: str = (await house.ask(query, id=house.id))["site"]["locks"]["nodes"][0]["id"]
    return found


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_stream_goes_on_after_the_server_was_started_again(
    servers: Servers, database_kind: str, tmp_path: Path
) -> None:
    """graphql-ws connects again by itself and subscribes anew: the application sees one stream."""
    database = await servers.fresh(database_kind, None)
    process = Process.start(database, tmp_path)
    try:
        await asyncio.to_thread(process.until_ready)
        async with hands(process, database) as served:
            house = await served.site()
            async with client(house) as program:
                await house.lock("Front")
                program.start("sync", "subscription", SYNC, site=house.id)
                assert (await program.data("sync"))["siteSync"]["lock"]["name"] == "Front"
                await asyncio.to_thread(process.stop)
                process.start_again()
                await asyncio.to_thread(process.until_ready)
                assert (await program.data("sync"))["siteSync"]["lock"]["name"] == "Front"
                await house.lock("Back")
                assert (await program.data("sync"))["siteSync"]["lock"]["name"] == "Back"
    finally:
        await asyncio.to_thread(process.stop)
        await servers.remove(database)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_stream_goes_on_after_the_database_was_away(
    served: Served, servers: Servers
) -> None:
    """1013 is a code upon which graphql-ws comes back: an outage is a pause, not the end of a subscription."""
    house = await served.site()
    name = urlsplit(served.database.url).path.lstrip("/")
    await house.lock("Front")
    async with client(house) as program:
        program.start("sync", "subscription", SYNC, site=house.id)
        assert (await program.data("sync"))["siteSync"]["lock"]["name"] == "Front"
        await servers.administer(
            f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        await program.closed()
        await servers.administer(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert (await program.data("sync"))["siteSync"]["lock"]["name"] == "Front"
    assert set(program.closings) == {1013}
