"""The server is killed in the middle of its work and started again on the same database: nothing is lost or said twice."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from domain.database import migrate
from locksim.connection import ServerAddress
from locksim.device import Device, Surroundings
from locksim.disk import FileDisk
from locksim.faults import HardwareClock
from locksim.provisioning import Provisioning
from tests.databases import Database


class Server:
    """The server as a process of its own, on a port that stays."""

    def __init__(self, database: Database, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "LATCHWORK_DATABASE_URL": database.url,
            "LATCHWORK_DATA_DIR": str(folder),
            "LATCHWORK_HOST": "127.0.0.1",
            "LATCHWORK_PORT": str(self.port),
            "LATCHWORK_PUBLIC_URL": self.url,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.token = ""

    def run(self, *arguments: str) -> str:
        """What a command of `latchwork` prints."""
        command = [sys.executable, "-m", "api", *arguments]
        done = subprocess.run(command, env=self._environment, check=True, capture_output=True)
        return done.stdout.decode().strip()

    async def start(self) -> None:
        """Starts it and waits until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "api", "serve"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(30), httpx.AsyncClient() as http:
            while True:
                try:
                    await http.get(f"{self.url}/graphql", params={"query": "{ __typename }"})
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                else:
                    return

    def kill(self) -> None:
        """Without a word."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of an operation by the owner's token."""
        async with httpx.AsyncClient(timeout=30) as http:
            answer = (
                await http.post(
                    f"{self.url}/graphql",
                    content=orjson.dumps({"query": query, "variables": variables}),
                    headers={
                        "content-type": "application/json",
                        "authorization": f"Bearer {self.token}",
                    },
                )
            ).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data


@asynccontextmanager
async def serving(database: Database, folder: Path) -> AsyncIterator[Server]:
    """A server with a site of its own; killed at the end."""
    await migrate(database.url)
    server = Server(database, folder)
    await asyncio.to_thread(
        server.run,
        "site",
        "create",
        "--name",
        "House",
        "--timezone",
        "UTC",
        "--owner",
        "o@example.com",
    )
    server.token = await asyncio.to_thread(
        server.run, "token", "create", "--site", "House", "--role", "OWNER"
    )
    await server.start()
    try:
        yield server
    finally:
        server.kill()


SETTINGS = (
    "settings { zone fixedOffsetMinutes pinSalt pinProfile { timeCost memoryKib parallelism } }"
)
EVENTS = """query($id: ID!) { node(id: $id) { ... on Site { events(first: 100) { nodes {
  id kind method } } } } }"""


async def door(server: Server, site: str) -> dict[str, Any]:
    """A lock, as `python -m locksim` would read it."""
    made = await server.ask(
        """mutation($i: CreateLockInput!) { createLock(input: $i) { ... on CreatedLock { lock { id } } } }""",
        i={
            "siteId": site,
            "name": "Front door",
            "connectivity": "ONLINE_WIRED",
            "readers": [{"name": "K"}],
        },
    )
    lock = made["createLock"]["lock"]["id"]
    kit = await server.ask(
        f"""mutation($i: ProvisionLockInput!) {{ provisionLock(input: $i) {{ ... on ProvisionedLock {{
          incarnation secret programmingCode {SETTINGS} }} }} }}""",
        i={"lockId": lock},
    )
    return {"lockId": lock, "name": "Front door", **kit["provisionLock"]}


async def test_a_killed_server_goes_on_where_it_was(
    fresh_database: Database, tmp_path: Path
) -> None:
    """Changes made before the kill, between deliveries and acknowledgements, arrive; the lock's events are there once."""
    async with serving(fresh_database, tmp_path / "data") as server, httpx.AsyncClient() as http:
        sites = await server.ask("{ sites { id } }")
        site = sites["sites"][0]["id"]
        entry = await door(server, site)
        device = Device(
            Provisioning.from_json(entry, "entry"),
            lambda: FileDisk(tmp_path / "lock", sync=False),
            around=Surroundings(ServerAddress(server.url), http, asyncio.Semaphore(1)),
            clock=HardwareClock(monotonic=time.monotonic, started_unix_s=time.time()),
            rng=random.Random(1),
            random_bytes=os.urandom,
        )
        living = asyncio.create_task(device.run())
        member = await server.ask(
            """mutation($i: CreateMemberInput!) { createMember(input: $i) {
              ... on CreatedMember { member { id } } } }""",
            i={"siteId": site, "name": "Emil", "role": "USER"},
        )
        owner = member["createMember"]["member"]["id"]
        pins: list[dict[str, Any]] = []
        opened = 0
        for round_of in range(3):
            for _ in range(4):
                made = await server.ask(
                    """mutation($i: CreatePinInput!) { createPin(input: $i) {
                      ... on CreatedPin { digits pin { id } } } }""",
                    i={"siteId": site, "ownerId": owner, "lockIds": [entry["lockId"]]},
                )
                pins.append(made["createPin"])
            if round_of:
                await server.ask(
                    "mutation($i: DeletePinInput!) { deletePin(input: $i) { __typename } }",
                    i={"pinId": pins[round_of]["pin"]["id"]},
                )
            server.kill()
            for _ in range(2):  # typed while nobody listens: told later, once
                await device.type(pins[0]["digits"])
            await server.start()
            await until_in_sync(server, entry["lockId"])
            opened += 2
        told: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while len(told) < opened:
                nodes = (await server.ask(EVENTS, id=site))["node"]["events"]["nodes"]
                told = [each for each in nodes if each["method"] == "PIN"]
                await asyncio.sleep(0.1)
        for number, each in enumerate(pins):
            before = len(told)
            await device.type(each["digits"])
            assert (
                ((device.front is not None)
                and device.front.bolt_drawn is (number not in (1, 2)))
                or before
            )
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        assert len(told) == opened


async def until_in_sync(server: Server, lock_id: str) -> None:
    """Waits until nothing is pending at the lock, thirty seconds at most."""
    query = "query($id: ID!) { node(id: $id) { ... on Lock { online sync { pending status } } } }"
    async with asyncio.timeout(40):
        while True:
            lock = (await server.ask(query, id=lock_id))["node"]
            if lock["online"] and lock["sync"] == {"pending": 0, "status": "UPDATED"}:
                return
            await asyncio.sleep(0.1)
