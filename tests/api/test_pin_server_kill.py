"""The server is killed in the middle of its work and started again on the same database: nothing is lost or said twice."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from api.app import keyring, new_installation
from api.seed import kit_entry
from api.settings import Settings
from domain.actors import COMMAND_LINE, Role, command_line_at
from domain.database import connect, disconnect
from domain.locks.provisioning import provision_lock
from domain.locks.rules import Connectivity
from domain.locks.service import NewReader, create_lock
from domain.node_ids import node_id
from domain.people.api_tokens import create_api_token
from domain.people.new_sites import create_site
from domain.security.passwords import PasswordHasher
from domain.sites.rules import SystemType
from locksim.connection import ServerAddress
from locksim.disk import FileDisk
from locksim.hardware_clock import HardwareClock
from locksim.provisioning import Provisioning
from locksim.signals import Signal
from locksim.simulated_lock import SimulatedLock, Surroundings
from tests.databases import Database
from tests.serving import CHEAP
from tests.waiting import eventually


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
        self._process: asyncio.subprocess.Process | None = None
        self.token = self.site = ""

    async def start(self) -> None:
        """Starts it and waits until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "api", "serve"),
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

    async def kill(self) -> None:
        """Without a word."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

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
async def serving(database: Database, folder: Path) -> AsyncIterator[tuple[Server, dict[str, Any]]]:
    """A server with a site, a member and a lock; killed at the end. With it the lock's entry."""
    server = Server(database, folder)
    settings = Settings(database_url=database.url, data_dir=folder, public_url=server.url)
    passwords = PasswordHasher(CHEAP)
    installation = replace(
        new_installation(settings, keyring(settings, fresh=True), passwords=passwords),
        pin_profile=CHEAP,
    )
    now = datetime.now(UTC)
    await connect(database.url)
    try:
        site = await create_site(
            installation,
            COMMAND_LINE,
            name="House",
            timezone="UTC",
            system_type=SystemType.STANDARD,
            owner=None,
            now=now,
        )
        by = command_line_at(site.id)
        _, server.token = await create_api_token(
            installation,
            COMMAND_LINE,
            site_ids=[site.id],
            name="Owner",
            role=Role.OWNER,
            can_edit=True,
            expires_at=None,
            now=now,
        )
        lock = await create_lock(
            installation,
            by,
            name="Front door",
            connectivity=Connectivity.ONLINE_WIRED,
            hub_id=None,
            readers=[NewReader("Keypad")],
            now=now,
        )
        kit = await provision_lock(installation, by, lock_id=lock.id, now=now)
    finally:
        await disconnect()
        passwords.close()
    server.site = node_id("site", site.id)
    await server.start()
    try:
        yield server, kit_entry(kit)
    finally:
        await server.kill()


MAKE_MEMBER = """mutation($i: CreateMemberInput!) { createMember(input: $i) {
  ... on CreatedMember { member { id } } } }"""
MAKE_PIN = """mutation($i: CreatePinInput!) { createPin(input: $i) {
  ... on CreatedPin { digits pin { id } } } }"""
DELETE_PIN = "mutation($i: DeletePinInput!) { deletePin(input: $i) { __typename } }"
EVENTS = """query($id: ID!) { node(id: $id) { ... on Site { events(first: 100) { nodes {
  id kind method } } } } }"""
SYNC = "query($id: ID!) { node(id: $id) { ... on Lock { online sync { pending status } } } }"


async def test_a_killed_server_goes_on_where_it_was(
    fresh_database: Database, tmp_path: Path
) -> None:
    """Changes whose deliveries were under way arrive, removals too; what was typed meanwhile is told, once."""
    async with (
        serving(fresh_database, tmp_path / "data") as (server, entry),
        httpx.AsyncClient() as http,
    ):
        shown: list[Signal] = []
        device = SimulatedLock(
            Provisioning.from_json(entry, "entry"),
            lambda: FileDisk(tmp_path / "lock", sync=False),
            around=Surroundings(ServerAddress(server.url), http, asyncio.Semaphore(1)),
            clock=HardwareClock(monotonic=time.monotonic, started_unix_s=time.time()),
            rng=random.Random(1),
            random_bytes=os.urandom,
            on_change=lambda _device, signal: shown.append(signal) if signal else None,
        )
        living = asyncio.create_task(device.run())
        member = await server.ask(
            MAKE_MEMBER, i={"siteId": server.site, "name": "E", "role": "USER"}
        )
        asked = {
            "siteId": server.site,
            "owner": {"memberId": member["createMember"]["member"]["id"]},
            "lockIds": [entry["lockId"]],
        }
        pins = [(await server.ask(MAKE_PIN, i=asked))["createPin"] for _ in range(2)]
        await in_sync(server, entry["lockId"])
        pins += [(await server.ask(MAKE_PIN, i=asked))["createPin"] for _ in range(3)]
        await server.ask(DELETE_PIN, i={"pinId": pins[1]["pin"]["id"]})
        await server.kill()
        for _ in range(3):
            await device.type(pins[0]["digits"])
        await server.start()
        await in_sync(server, entry["lockId"])

        async with asyncio.timeout(20):
            told: list[dict[str, Any]] = []
            while len(told) < 3:
                nodes = (await server.ask(EVENTS, id=server.site))["node"]["events"]["nodes"]
                told = [each for each in nodes if each["method"] == "PIN"]
        answers = []
        for each in pins:
            await device.type(each["digits"])
            answers.append([each for each in shown if each in (Signal.GRANTED, Signal.DENIED)][-1])
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)

    assert len(told) == 3
    granted, denied = Signal.GRANTED, Signal.DENIED
    assert answers == [granted, denied, granted, granted, granted]


async def in_sync(server: Server, lock_id: str) -> None:
    """Waits until the lock is there and nothing is pending."""
    wanted = {"online": True, "sync": {"pending": 0, "status": "UPDATED"}}

    async def look() -> dict[str, Any]:
        seen: dict[str, Any] = (await server.ask(SYNC, id=lock_id))["node"]
        return seen

    await eventually(look, lambda seen: wanted.items() <= seen.items(), within_seconds=30)
