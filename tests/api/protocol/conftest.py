"""A schema of its own on a real server: uvicorn with uvloop, in a thread, on a port of 127.0.0.1.

The tests talk to it as strangers do, over sockets. `Probe` is their window into the server: what
was authenticated, which operations ran, which subscriptions were opened and closed.
"""

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
import strawberry
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.types import Info
from strawberry.types.graphql import OperationType
from websockets.asyncio.client import ClientConnection

from api.protocol import (
    Closing,
    GraphQLApp,
    Limits,
    PublicError,
    RequestRefused,
    build_schema_kwargs,
    server_options,
)
from api.protocol.server import BoundedWebSocketProtocol

SECRET = "40718263"  # stands for a PIN, a password, a token; found nowhere but where it was sent


@dataclass
class Probe:
    """What happened inside the server."""

    bodies: list[bytes] = field(default_factory=list)
    mutations: int = 0
    opened: int = 0
    closed: int = 0
    yielded: int = 0
    guards: int = 0
    contexts: list[int] = field(default_factory=list)
    revoked: threading.Event = field(default_factory=threading.Event)


@dataclass
class Context:
    """The context of one operation; `serial` differs for each."""

    probe: Probe
    authenticated: Any
    serial: int = 0
    cookies: dict[str, str] = field(default_factory=dict)


def _probe(info: Info) -> Probe:
    probe: Probe = info.context.probe
    return probe


@strawberry.type
class Node:
    id: int
    name: str

    @strawberry.field
    def things(self, first: int | None = None, last: int | None = None) -> "Things":
        return Things(edges=[])


@strawberry.type
class Edge:
    node: Node


@strawberry.type
class Things:
    edges: list[Edge]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def me(self) -> "Query":
        return Query()

    @strawberry.field
    def things(self, first: int | None = None, last: int | None = None) -> Things:
        return Things(edges=[])

    @strawberry.field
    def serial(self, info: Info) -> int:
        serial: int = info.context.serial
        _probe(info).contexts.append(serial)
        return serial

    @strawberry.field
    def who(self, info: Info) -> str:
        return str(info.context.authenticated)

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError(f"row with digits={SECRET} exists")

    @strawberry.field
    def broken_required(self) -> str:
        raise ValueError(f"row with digits={SECRET} exists")

    @strawberry.field
    def unserialisable(self) -> int:
        return SECRET + "x"  # type: ignore[return-value]

    @strawberry.field
    def refused(self) -> str | None:
        raise PublicError("The plan has no such feature.", code="FEATURE_NOT_IN_PLAN", limit=3)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self, info: Info, digits: str = "") -> int:
        _probe(info).mutations += 1
        return _probe(info).mutations

    @strawberry.mutation
    def sign_in(self, info: Info) -> str:
        info.context.cookies["session"] = "abc"
        return "welcome"

    @strawberry.mutation
    def fail(self, digits: str) -> str:
        raise RuntimeError(f"cannot store {digits}") from ValueError(digits)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def serial(self, info: Info) -> AsyncIterator[int]:
        yield info.context.serial

    @strawberry.subscription
    async def ticks(self, info: Info, every: float = 0.01) -> AsyncIterator[int]:
        probe = _probe(info)
        probe.opened += 1
        try:
            for number in itertools.count():
                yield number
                await asyncio.sleep(every)
        finally:
            probe.closed += 1

    @strawberry.subscription
    async def silence(self, info: Info) -> AsyncIterator[int]:
        probe = _probe(info)
        probe.opened += 1
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            probe.closed += 1

    @strawberry.subscription
    async def flood(
        self, info: Info, size: int = 100_000, after: float = 0.0
    ) -> AsyncIterator[str]:
        probe = _probe(info)
        probe.opened += 1
        try:
            await asyncio.sleep(after)
            while True:
                probe.yielded += 1
                yield "x" * size
        finally:
            probe.closed += 1

    @strawberry.subscription
    async def failing(self) -> AsyncIterator[int]:
        yield 1
        raise ValueError(f"row with digits={SECRET} exists")

    @strawberry.subscription
    async def stubborn(self, info: Info) -> AsyncIterator[int]:
        probe = _probe(info)
        probe.opened += 1
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.3)
            probe.closed += 1


class Endpoint(GraphQLApp):
    """Every hook overridden, each steered by what the client sends."""

    probe: Probe
    serials: Iterator[int]

    async def authenticate_http(self, request: Request, body: bytes) -> Any:
        self.probe.bodies.append(body)
        match request.headers.get("authorization"):
            case "Bearer expired":
                raise RequestRefused(
                    401,
                    "UNAUTHENTICATED",
                    "The token has expired.",
                    {"www-authenticate": 'DPoP error="invalid_token"'},
                    {"reason": "expired"},
                )
            case "Bearer crash":
                raise ValueError(f"bad token {SECRET}")
            case token:
                return token

    async def authenticate_socket(
        self, websocket: WebSocket, connection_params: dict[str, Any]
    ) -> Any:
        token = connection_params.get("token")
        if token == "expired":
            raise RequestRefused(401, "UNAUTHENTICATED", "The token has expired. " + "é" * 200)
        if token == "crash":
            raise ValueError(f"bad token {SECRET}")
        if token == "slow":
            await asyncio.sleep(60)
        return token

    def build_context(self, connection: HTTPConnection, authenticated: Any) -> Context:
        return Context(self.probe, authenticated)

    def operation_context(self, context: Context) -> Context:
        if context.authenticated == "no operations":
            raise RequestRefused(403, "FORBIDDEN", "The account is closed.")
        return Context(context.probe, context.authenticated, next(self.serials))

    def allowed_operations(self, context: Context) -> set[OperationType]:
        if context.authenticated == "phone":
            return {OperationType.SUBSCRIPTION}
        return set(OperationType)

    async def guard_socket(self, context: Context) -> Closing | None:
        self.probe.guards += 1
        try:
            if context.authenticated == "faulty":
                raise RuntimeError(f"no database {SECRET}")
            if context.authenticated != "guarded":
                return None
            while not self.probe.revoked.is_set():
                await asyncio.sleep(0.01)
            return Closing(4403, "The session has ended")
        finally:
            self.probe.guards -= 1

    def finish_response(self, request: Request, context: Context, response: Response) -> None:
        for name, value in context.cookies.items():
            response.set_cookie(name, value, httponly=True)


@dataclass
class Server:
    """A running server and the window into it."""

    port: int
    probe: Probe
    uvicorn: uvicorn.Server

    @property
    def connections(self) -> int:
        """How many connections the server holds."""
        return len(self.uvicorn.server_state.connections)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=10)

    async def post(self, query: str, **entries: Any) -> httpx.Response:
        async with self.client() as client:
            return await client.post(self.http, json={"query": query, **entries})

    @asynccontextmanager
    async def socket(self, *, init: Any = None, **options: Any) -> AsyncIterator["Client"]:
        """An open socket; authenticated with the payload `init` unless that is None."""
        options = {"subprotocols": ["graphql-transport-ws"], "compression": None, **options}
        async with websockets.connect(self.ws, **options) as connection:
            client = Client(connection)
            if init is not None:
                await client.send({"type": "connection_init", "payload": init})
                assert await client.receive() == {"type": "connection_ack"}
            yield client


@dataclass
class Client:
    """A client that sends what it is told, well formed or not."""

    connection: ClientConnection

    async def send(self, message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def raw(self, frame: str | bytes) -> None:
        await self.connection.send(frame)

    async def subscribe(self, id_: str, query: str, **entries: Any) -> None:
        await self.send({"type": "subscribe", "id": id_, "payload": {"query": query, **entries}})

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            frame = await self.connection.recv()
        assert isinstance(frame, str), "a binary frame"
        message = orjson.loads(frame)
        assert isinstance(message, dict)
        return message

    async def closing(self) -> tuple[int | None, str | None]:
        """The close code and reason; messages that come before are skipped."""
        async with asyncio.timeout(5):
            while True:
                try:
                    await self.connection.recv()
                except websockets.ConnectionClosed:
                    break
        return self.connection.close_code, self.connection.close_reason

    async def is_served(self) -> bool:
        """Whether the socket still answers."""
        await self.send({"type": "ping", "payload": {"still": "there"}})
        while (answer := await self.receive())["type"] != "pong":
            pass
        return answer == {"type": "pong", "payload": {"still": "there"}}


@contextmanager
def _serving(
    *,
    development: bool = False,
    limits: Limits | None = None,
    protocol: type = BoundedWebSocketProtocol,
    **options: Any,
) -> Iterator[Server]:
    schema = strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        **build_schema_kwargs(development=development, limits=limits),
    )
    endpoint = Endpoint(schema, development=development, **options)
    endpoint.probe = Probe()
    endpoint.serials = itertools.count(1)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", **{**server_options(), "ws": protocol})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    try:
        yield Server(listener.getsockname()[1], endpoint.probe, server)
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="session")
def _production() -> Iterator[Server]:
    with _serving() as server:
        yield server


@pytest.fixture(scope="session")
def _development() -> Iterator[Server]:
    with _serving(development=True) as server:
        yield server


def _reset(server: Server) -> Server:
    fresh = Probe()
    for name in vars(fresh):
        setattr(server.probe, name, getattr(fresh, name))
    return server


@pytest.fixture
def server(_production: Server) -> Server:
    """A server in production mode."""
    return _reset(_production)


@pytest.fixture
def development_server(_development: Server) -> Server:
    """A server in development mode."""
    return _reset(_development)


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Starts a server with other options: `with serve(body_limit=10) as server`."""
    return _serving


@pytest.fixture
def secret() -> str:
    """What must not be found in answers or logs."""
    return SECRET


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Any]:
    """Waits, two seconds at most, until something is so."""

    async def wait(condition: Callable[[], bool], seconds: float = 2.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.01)

    return wait
