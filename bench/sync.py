"""How long a change takes to the locks and to the admin who waits for it, beside a plain websocket echo in the same run.

N lean locks (the real link protocol, no disk and no keypad) are connected to one server process over loopback. One PIN at
one lock is changed, many times; then one PIN at all of them, a few times. Measured is the time from sending the mutation
until the server has answered the lock's acknowledgement, and until the admin's `pinSync` has said UPDATED. The echo is a
route of the same server that sends back what it gets, on as many sockets. The ratios say more than milliseconds of
somebody else's machine. Run it as `python -m bench.sync`; `--help` tells the rest.
"""

import argparse
import asyncio
import base64
import gc
import itertools
import multiprocessing
import os
import secrets
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from api.app import create_app, installation
from api.observability import configure_logging
from api.settings import Environment, Settings
from api.starting import listen
from bench.shell import until_ready
from domain.clock import system_clock
from domain.database import connect as connect_database
from domain.database import disconnect, migrate
from domain.link.entries import Entry
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody
from domain.link.nonces import new_nonce
from domain.link.proof import make_proof
from domain.link.sealing import MessageKind, unseal_message
from domain.link.state import EMPTY_SUM, add_entry, payload_hash, remove_entry
from domain.locks.service import NewReader, create_lock, provision_lock
from domain.node_ids import node_id
from domain.people.actors import COMMAND_LINE, ActorKind, Caller, Role, Standing
from domain.people.api_tokens import create_api_token
from domain.people.members import create_member
from domain.sites.rules import SystemType
from domain.sites.service import create_site

HANDSHAKES = 32
NONCE_SECONDS = 30.0
ECHOES = 3000
PATIENCE_SECONDS = 300.0
FEED = """subscription($lock: ID!, $incarnation: String!) {
  lockFeed(lockId: $lock, incarnation: $incarnation, epoch: 0, appliedRevision: 0) {
    __typename ... on Delivery { id sealed } } }"""
REPORT = """mutation($input: ReportLockInput!) { reportLock(input: $input) {
  __typename ... on Error { message } } }"""
PIN_SYNC = """subscription($pin: ID!) { pinSync(pinId: $pin) {
  lock { id } status wantedVersion appliedVersion } }"""
UPDATE = """mutation($input: UpdatePinInput!) { updatePin(input: $input) {
  __typename ... on Error { message } } }"""
CREATE = """mutation($input: CreatePinInput!) { createPin(input: $input) {
  __typename ... on CreatedPin { pin { id } } ... on Error { message } } }"""


@dataclass(frozen=True)
class Kit:
    """A provisioned lock."""

    lock_id: str
    incarnation: str
    secret: bytes


@dataclass(frozen=True)
class Prepared:
    """A site with its locks, a member and a token."""

    site: str
    member: str
    token: str
    kits: Sequence[Kit]


async def prepare(settings: Settings, locks: int) -> Prepared:
    """An empty database with one site and so many provisioned locks."""
    await migrate(settings.database)
    await connect_database(settings.database)
    try:
        here, now = installation(settings), system_clock()
        site = await create_site(
            here,
            COMMAND_LINE,
            name="Bench",
            timezone="Europe/Rome",
            system_type=SystemType.STANDARD,
            owner=None,
            now=now,
        )
        by = Caller(ActorKind.COMMAND_LINE, None, Standing(site.id, Role.OWNER, True, None))
        kits = []
        for number in range(locks):
            lock = await create_lock(
                here,
                by,
                name=f"Door {number}",
                connectivity=None,
                hub_id=None,
                readers=[NewReader("Keypad")],
                now=now,
            )
            kit = await provision_lock(here, by, lock_id=lock.id, now=now)
            kits.append(Kit(node_id("lock", lock.id), kit.incarnation, kit.secret))
        member = await create_member(
            here, by, name="Emil", role=Role.USER, can_edit=False, email=None, now=now
        )
        _, token = await create_api_token(
            here,
            COMMAND_LINE,
            site_ids=[site.id],
            name="bench",
            role=Role.OWNER,
            can_edit=True,
            expires_at=None,
            now=now,
        )
        return Prepared(node_id("site", site.id), node_id("member", member.id), token, kits)
    finally:
        await disconnect()


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


def serve(settings: Settings) -> None:
    """The whole application as `latchwork serve` runs it, and the echo beside it."""
    configure_logging(json=True)
    app = create_app(settings, here=installation(settings))
    app.routes.append(WebSocketRoute("/bare/echo", _echo))
    listen(app, settings)


@dataclass
class Wire:
    """A graphql-transport-ws socket, as thin as can be."""

    socket: ClientConnection
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    async def open(cls, url: str, payload: dict[str, Any]) -> "Wire":
        """Connected and acknowledged."""
        opened = await connect(
            url.replace("http", "ws", 1) + "/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None,
            proxy=None,
            ping_interval=None,
            open_timeout=PATIENCE_SECONDS,
        )
        await opened.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        message = orjson.loads(await opened.recv())
        if message["type"] != "connection_ack":
            raise RuntimeError("the socket was not acknowledged")
        return cls(opened)

    async def ask(self, query: str, **variables: Any) -> str:
        """Begins an operation; its name."""
        name = str(next(self.numbers))
        payload = {"query": query, "variables": variables}
        message = {"id": name, "type": "subscribe", "payload": payload}
        await self.socket.send(orjson.dumps(message).decode())
        return name

    async def messages(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """What comes, by the operation's name. Raises RuntimeError for errors."""
        async for text in self.socket:
            message = orjson.loads(text)
            if message["type"] == "ping":
                await self.socket.send('{"type":"pong"}')
            elif message["type"] == "error" or message.get("payload", {}).get("errors"):
                raise RuntimeError(f"{message['type']}: {message.get('payload')}")
            elif message["type"] == "next":
                yield message["id"], message["payload"]["data"]


class LeanLock:
    """Applies deliveries and acknowledges them, and reports a nonce now and then; nothing else."""

    def __init__(self, url: str, kit: Kit) -> None:
        self.url, self.kit = url, kit
        self.acknowledged: dict[int, float] = {}
        """When the server had answered the acknowledgement, by revision."""
        self.settled = asyncio.Event()
        self._keys = LinkKeys.derive(kit.secret)
        self._applied, self._sum = 0, EMPTY_SUM
        self._held: dict[str, tuple[int, bytes]] = {}
        self._reported: dict[str, int] = {}

    async def run(self, http: httpx.AsyncClient, handshakes: asyncio.Semaphore) -> None:
        """Connected until cancelled."""
        async with handshakes:
            body = {
                "query": "query($id: ID!) { lockChallenge(lockId: $id) }",
                "variables": {"id": self.kit.lock_id},
            }
            answer = (await http.post(f"{self.url}/graphql", json=body)).json()
            proof = make_proof(
                self._keys, self.kit.lock_id, answer["data"]["lockChallenge"], secrets.token_hex(8)
            )
            payload = {"lock": {"id": self.kit.lock_id, "proof": proof}}
            wire = await Wire.open(self.url, payload)
        feed = await wire.ask(FEED, lock=self.kit.lock_id, incarnation=self.kit.incarnation)
        await self._report(wire, None)
        keeping = asyncio.create_task(self._keep(wire))
        try:
            async for name, data in wire.messages():
                if name != feed:
                    self._answered(name)
                elif data["lockFeed"]["__typename"] == "Delivery":
                    await self._take(wire, data["lockFeed"])
        finally:
            keeping.cancel()
            await wire.socket.close()

    async def _keep(self, wire: Wire) -> None:
        while True:
            await asyncio.sleep(NONCE_SECONDS)
            await self._report(wire, None)

    async def _report(self, wire: Wire, delivery: str | None) -> None:
        ack = None if delivery is None else {"deliveryId": delivery, "stateSum": self._sum}
        report = {
            "lockId": self.kit.lock_id,
            "appliedRevision": self._applied,
            "nonce": new_nonce(),
            "ack": ack,
        }
        name = await wire.ask(REPORT, input=report)
        if delivery is not None:
            self._reported[name] = self._applied

    def _answered(self, name: str) -> None:
        revision = self._reported.pop(name, None)
        if revision is not None:
            self.acknowledged[revision] = time.perf_counter()
            self.settled.set()

    async def _take(self, wire: Wire, message: dict[str, str]) -> None:
        sealed = message["sealed"]
        data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        _, body = unseal_message(
            self._keys.bundle,
            MessageKind.DELIVERY,
            self.kit.lock_id,
            self.kit.incarnation,
            data,
        )
        delivery = DeliveryBody.decode(body)
        if delivery.snapshot:
            self._held.clear()
            self._sum = EMPTY_SUM
        for entry in delivery.entries:
            self._apply(entry)
        self._applied = delivery.to_revision
        await self._report(wire, message["id"])

    def _apply(self, entry: Entry) -> None:
        old = self._held.pop(entry.id, None)
        if old is not None:
            self._sum = remove_entry(self._sum, entry.id, *old)
        if entry.payload is not None:
            self._held[entry.id] = entry.version, payload_hash(entry.payload)
            self._sum = add_entry(self._sum, entry.id, *self._held[entry.id])


class Admin:
    """Changes PINs and watches them."""

    def __init__(self, url: str, prepared: Prepared, http: httpx.AsyncClient) -> None:
        self.url, self.prepared, self.http = url, prepared, http
        self.seen: dict[tuple[str, int], float] = {}
        """When the stream said that a lock has a version of the PIN watched."""
        self.stirred = asyncio.Event()
        self._days = itertools.cycle((["MONDAY"], ["TUESDAY"]))

    async def ask(self, query: str, **fields: Any) -> dict[str, Any]:
        """The answer of a mutation. Raises RuntimeError for a refusal."""
        body = {"query": query, "variables": {"input": fields}}
        bearer = {"authorization": f"Bearer {self.prepared.token}"}
        answer = (await self.http.post(f"{self.url}/graphql", json=body, headers=bearer)).json()
        ((_, result),) = answer["data"].items()
        if "message" in result:
            raise RuntimeError(result["message"])
        return dict(result)

    async def pin(self, kits: Sequence[Kit]) -> str:
        """A PIN at these locks."""
        locks = [kit.lock_id for kit in kits]
        site, owner = self.prepared.site, self.prepared.member
        made = await self.ask(CREATE, siteId=site, ownerId=owner, lockIds=locks)
        return str(made["pin"]["id"])

    async def change(self, pin: str) -> float:
        """Another day; when the mutation was sent."""
        began = time.perf_counter()
        await self.ask(UPDATE, pinId=pin, weekdays=next(self._days))
        return began

    @asynccontextmanager
    async def watching(self, pin: str) -> AsyncIterator[None]:
        """Follows `pinSync` of this PIN meanwhile."""
        self.seen.clear()
        wire = await Wire.open(self.url, {"token": self.prepared.token})
        await wire.ask(PIN_SYNC, pin=pin)
        task = asyncio.create_task(self._follow(wire))
        try:
            yield
        finally:
            task.cancel()
            await wire.socket.close()

    async def _follow(self, wire: Wire) -> None:
        async for _, data in wire.messages():
            state = data["pinSync"]
            if state["status"] == "UPDATED":
                self.seen.setdefault(
                    (state["lock"]["id"], state["appliedVersion"]), time.perf_counter()
                )
                self.stirred.set()

    async def until_seen(self, locks: Sequence[LeanLock], version: int) -> list[float]:
        """When the stream had said it of each of these locks."""
        keys = [(lock.kit.lock_id, version) for lock in locks]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while any(key not in self.seen for key in keys):
                self.stirred.clear()
                await self.stirred.wait()
        return [self.seen[key] for key in keys]


async def until_acknowledged(lock: LeanLock, after: float) -> float:
    """When the server had answered this lock's first acknowledgement after that time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            times = [at for at in lock.acknowledged.values() if at > after]
            if times:
                return min(times)
            lock.settled.clear()
            await lock.settled.wait()


@dataclass
class Times:
    """Seconds of many cases, and the server's processor time for each, in seconds."""

    acknowledged: list[float]
    seen: list[float]
    processor: float


class Run:
    """N locks at one server."""

    def __init__(
        self, url: str, server: psutil.Process, admin: Admin, locks: list[LeanLock]
    ) -> None:
        self.url, self.server, self.admin, self.locks = url, server, admin, locks

    def _processor(self) -> float:
        used = self.server.cpu_times()
        return float(used.user + used.system)

    async def changes(self, locks: list[LeanLock], rounds: int) -> Times:
        """One PIN at these locks, changed again and again."""
        pin = await self.admin.pin([lock.kit for lock in locks])
        acknowledged: list[float] = []
        seen: list[float] = []
        async with self.admin.watching(pin):
            await self.admin.until_seen(locks, 1)
            used = self._processor()
            for version in range(2, rounds + 2):
                began = await self.admin.change(pin)
                seen += [at - began for at in await self.admin.until_seen(locks, version)]
                acknowledged += [
                    at - began
                    for at in await asyncio.gather(*(until_acknowledged(x, began) for x in locks))
                ]
            used = self._processor() - used
        return Times(acknowledged, seen, used / len(seen))

    async def echoes(self, sockets: list[ClientConnection], rounds: int) -> Times:
        """All of these sockets say something at once and get it back, again and again."""
        took: list[float] = []
        used = self._processor()
        for _ in range(rounds):
            took += await asyncio.gather(*(_said(each) for each in sockets))
        return Times(took, took, (self._processor() - used) / len(took))


async def _said(echo: ClientConnection) -> float:
    began = time.perf_counter()
    await echo.send("x" * 500)
    await echo.recv()
    return time.perf_counter() - began


def _complain(lock: "asyncio.Task[None]") -> None:
    """A lean lock does not connect again: without it the numbers would be wrong, so it is said."""
    if not lock.cancelled() and lock.exception() is not None:
        print(f"a lock was lost: {lock.exception()!r}", flush=True)


def _row(what: str, times: Times, echo: Times) -> str:
    def ms(values: list[float]) -> str:
        worst = sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
        return f"{statistics.median(values) * 1000:,.1f} / {worst * 1000:,.1f}"

    ratio = statistics.median(times.acknowledged) / statistics.median(echo.acknowledged)
    return (
        f"| {what} | {ms(times.acknowledged)} | {ms(times.seen)} | {ms(echo.acknowledged)} | {ratio:,.0f} "
        f"| {times.processor * 1000:.1f} | {times.processor / echo.processor:,.0f} |"
    )


async def measure(url: str, server: psutil.Process, prepared: Prepared, rounds: int) -> None:
    """Connects all locks, and prints two rows."""
    count = len(prepared.kits)
    limits = httpx.Limits(max_connections=HANDSHAKES)
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=limits) as http:
        handshakes = asyncio.Semaphore(HANDSHAKES)
        locks = [LeanLock(url, kit) for kit in prepared.kits]
        began = time.perf_counter()
        living = [asyncio.create_task(lock.run(http, handshakes)) for lock in locks]
        for task in living:
            task.add_done_callback(_complain)
        await asyncio.gather(*(until_acknowledged(lock, 0) for lock in locks))
        connecting = time.perf_counter() - began
        sockets = [
            await connect(url.replace("http", "ws", 1) + "/bare/echo", compression=None, proxy=None)
            for _ in range(count)
        ]
        gc.collect()
        gc.freeze()
        run = Run(url, server, Admin(url, prepared, http), locks)
        everywhere = max(2, min(rounds, 1000 // count))
        echo_one = await run.echoes(sockets[:1], ECHOES)
        one = await run.changes(locks[count // 2 : count // 2 + 1], rounds)
        echo_all = await run.echoes(sockets, max(1, ECHOES // count))
        everyone = await run.changes(locks, everywhere)
        print(_row(f"one of {count:,} locks, {rounds} times", one, echo_one))
        print(_row(f"all of {count:,} locks, {everywhere} times", everyone, echo_all), flush=True)
        mib = server.memory_info().rss / 2**20
        print(
            f"<!-- {count}: connected and in step in {connecting:.1f} s, server {mib:.0f} MiB -->"
        )
        for task in living:
            task.cancel()
        await asyncio.gather(*living, return_exceptions=True)
        for each in sockets:
            await each.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", default="", help="an empty database; default: SQLite")
    parser.add_argument("--locks", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    kind = "PostgreSQL" if options.database_url.startswith("postgres") else "SQLite"
    print(f"{kind}, {os.cpu_count()} processors; milliseconds, median / 99th percentile")
    print(
        "| changed | acknowledged | seen by the admin | echo | ratio | server ms a lock | of echo |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for count in options.locks if not options.database_url else options.locks[:1]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(
                database_url=options.database_url,
                data_dir=Path(folder),
                env=Environment.PRODUCTION,
                port=port,
            )
            prepared = await prepare(settings, count)
            server = multiprocessing.get_context("spawn").Process(target=serve, args=(settings,))
            server.start()
            try:
                await until_ready(f"http://127.0.0.1:{port}")
                process = psutil.Process(server.pid)
                url = f"http://127.0.0.1:{port}"
                await measure(url, process, prepared, options.rounds)
            finally:
                server.terminate()
                server.join()


if __name__ == "__main__":
    asyncio.run(main())
