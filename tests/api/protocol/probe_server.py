"""The schema of `probe_schema` on a real server: uvicorn with uvloop, in a thread, on a port of 127.0.0.1.

The tests talk to it as strangers do, over sockets. `Probe` is their window into the server: what
was authenticated, which operations ran, which subscriptions were opened and closed.
"""

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import strawberry
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.types.graphql import OperationType
from websockets.asyncio.client import ClientConnection

from api.protocol import (
    ClientOf,
    Closing,
    GraphQLApp,
    Limits,
    RequestRefused,
    build_schema_kwargs,
    server_options,
)
from api.protocol.server import BoundedHttpProtocol, BoundedWebSocketProtocol
from tests.api.protocol.probe_schema import SECRET, Context, Mutation, Probe, Query, Subscription
from tests.running import QuickServer

JSON = "application/json"


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

    async def send(self, body: bytes, **headers: str) -> httpx.Response:
        """A POST of these bytes, as JSON unless the headers say otherwise."""
        async with self.client() as client:
            return await client.post(
                self.http, content=body, headers={"content-type": JSON, **headers}
            )

    async def get(self, headers: dict[str, str] | None = None, **params: str) -> httpx.Response:
        """A GET with these parameters."""
        async with self.client() as client:
            return await client.get(self.http, params=params, headers=headers)

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


def code_of(response: httpx.Response) -> str:
    """The code of a request's error, which comes without data."""
    answer = response.json()
    assert "data" not in answer
    return str(answer["errors"][0]["extensions"]["code"])


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
def serving(
    *,
    development: bool = False,
    limits: Limits | None = None,
    client_of: ClientOf = lambda context: None,
    protocol: type = BoundedWebSocketProtocol,
    http_protocol: type = BoundedHttpProtocol,
    **options: Any,
) -> Iterator[Server]:
    """A server with these options, to the end of the block."""
    schema = strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        **build_schema_kwargs(development=development, limits=limits, client_of=client_of),
    )
    endpoint = Endpoint(schema, development=development, **options)
    endpoint.probe = Probe()
    endpoint.serials = itertools.count(1)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    protocols = {"ws": protocol, "http": http_protocol}
    config = uvicorn.Config(app, log_level="warning", **{**server_options(), **protocols})
    server = QuickServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield Server(listener.getsockname()[1], endpoint.probe, server)
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive(), "the server did not stop"


Serve = Callable[..., AbstractContextManager[Server]]
"""`serving`, as a test gets it."""
