"""@urql/core and graphql-ws, the clients that most applications use, which we did not write."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.databases import Servers
from tests.node_packages import installed
from tests.processes import Process, hands
from tests.serving import House, Served

FOLDER = Path(__file__).parent / "urql_over_graphql_ws"
SYNC = "subscription Sync($site: ID!) { siteSync(siteId: $site) { lock { name } } }"
CREATE = """mutation Create($input: CreateLockInput!) { createLock(input: $input) {
  __typename ... on CreatedLock { lock { id name } } ... on Error { message } } }"""


@dataclass
class Program:
    """The running client: operations go in, results come out, in the order of their coming."""

    child: asyncio.subprocess.Process
    waiting: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    closings: list[int] = field(default_factory=list)

    def start(self, id_: str, kind: str, query: str, **variables: Any) -> None:
        """Hands one operation to the client."""
        assert self.child.stdin is not None
        line = {"id": id_, "kind": kind, "query": query, "variables": variables}
        self.child.stdin.write(json.dumps(line).encode() + b"\n")

    async def result(self, id_: str) -> dict[str, Any]:
        """The next result of this operation; twenty seconds at most."""
        async with asyncio.timeout(20):
            while not self.waiting.get(id_):
                await self._read()
        return self.waiting[id_].pop(0)

    async def closed(self) -> None:
        """Waits until the client has lost its socket; twenty seconds at most."""
        async with asyncio.timeout(20):
            while not self.closings:
                await self._read()

    async def _read(self) -> None:
        assert self.child.stdout is not None
        line = json.loads(await self.child.stdout.readline() or b'{"id": "end"}')
        assert line.get("id") != "end", "the client has ended"
        if line.get("event") == "closed":
            self.closings.append(line["code"])
        elif "id" in line:
            self.waiting.setdefault(line["id"], []).append(line)

    async def data(self, id_: str) -> Any:
        """The next result's data; fails the test on an error."""
        result = await self.result(id_)
        assert result.get("error") is None, result
        return result["data"]


@asynccontextmanager
async def client(house: House) -> AsyncIterator[Program]:
    program = await asyncio.to_thread(installed, FOLDER)
    child = await asyncio.create_subprocess_exec(
        "node",
        program / "client.mjs",
        f"{house.served.url}/graphql",
        house.token,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdin is not None
    try:
        yield Program(child)
        child.stdin.close()
        assert await asyncio.wait_for(child.wait(), 5) == 0
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


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
