"""A server as small as a lock can be tested with: one endpoint, graphql-transport-ws, real sockets.

It checks the lock's proof, hands out what a test puts into `feeds`, and takes reports. It can be
told to refuse, to stay silent, and to talk nonsense.
"""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from domain.link.keys import LinkKeys
from domain.link.proof import ProofRefused, read_proof
from locksim.provisioning import Provisioning
from locksim.signals import Delivery, SealedTime, UnlockCommand
from tests.running import QuickServer, running

CHALLENGE = "challenge-of-the-server"


@dataclass
class Feed:
    """One open subscription of a lock."""

    variables: dict[str, Any]
    outgoing: asyncio.Queue[dict[str, object] | None] = field(default_factory=asyncio.Queue)

    def send(self, message: Delivery | UnlockCommand | SealedTime) -> None:
        """Put a message into the feed."""
        item = {
            "__typename": type(message).__name__,
            "id": message.id,
            "sealed": base64.urlsafe_b64encode(message.sealed).rstrip(b"=").decode(),
        }
        self.say({"id": "feed", "type": "next", "payload": {"data": {"lockFeed": item}}})

    def say(self, frame: dict[str, object]) -> None:
        """Put a frame on the socket."""
        self.outgoing.put_nowait(frame)

    def close(self) -> None:
        """Close the socket from the server's side."""
        self.outgoing.put_nowait(None)


class TinyServer:
    """The server and what it has seen."""

    def __init__(self) -> None:
        self.locks: dict[str, Provisioning] = {}
        self.feeds: list[Feed] = []
        self.said: list[dict[str, Any]] = []
        """What each lock said of its firmware, connection by connection."""
        self.reports: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        """Bytes of each frame that a lock sent."""
        self.pongs = 0
        self.challenges = 0
        self.broken = False
        """Whether everything is answered with an error."""
        self.refuses_reports = False
        self.mute = False
        """Whether reports get no answer."""
        self.changed = asyncio.Condition()
        self.url = ""

    @property
    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/graphql", self._post, methods=["POST"]),
                WebSocketRoute("/graphql", self._socket),
            ]
        )

    async def until(self, number: int, what: str) -> Any:
        """The item of this number in `feeds` or `reports`, as soon as it is there."""
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(getattr(self, what)) > number)
        return getattr(self, what)[number]

    async def feed(self, number: int = 0) -> Feed:
        """The feed of this number."""
        return cast("Feed", await self.until(number, "feeds"))

    async def report(self, number: int = 0) -> dict[str, Any]:
        """The report of this number."""
        return cast("dict[str, Any]", await self.until(number, "reports"))

    async def report_with(self, kind: str) -> dict[str, Any]:
        """The first report with an event of this kind."""
        number = 0
        while True:
            report = await self.report(number)
            if any(event["kind"] == kind for event in report["events"]):
                return report
            number += 1

    def told(self, kind: str) -> int:
        """How many events of this kind have been reported."""
        return sum(e["kind"] == kind for report in self.reports for e in report["events"])

    async def _noted(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _post(self, request: Request) -> Response:
        self.challenges += 1
        if self.broken:
            return Response("<html>gateway trouble</html>", status_code=502)
        body = await request.json()
        assert "lockChallenge" in body["query"]
        assert body["variables"]["id"]
        return JSONResponse({"data": {"lockChallenge": CHALLENGE}})

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept("graphql-transport-ws")
        with contextlib.suppress(WebSocketDisconnect):
            init = await socket.receive_json()
            lock = init["payload"]["lock"]
            self.said.append({name: lock[name] for name in lock.keys() - {"id", "proof"}})
            if not self._proven(lock):
                await socket.close(4403, "Forbidden")
                return
            await socket.send_json({"type": "connection_ack"})
            frame = await socket.receive_json()
            feed = Feed(frame["payload"]["variables"])
            self.feeds.append(feed)
            await self._noted()
            sender = asyncio.create_task(self._send(socket, feed))
            try:
                await self._receive(socket, feed)
            finally:
                sender.cancel()

    def _proven(self, claimed: dict[str, str]) -> bool:
        lock = self.locks[claimed["id"]]
        try:
            read_proof(
                LinkKeys.derive(lock.secret),
                claimed["proof"],
                lock.lock_id,
                CHALLENGE,
                datetime.now(UTC),
            )
        except ProofRefused:
            return False
        return True

    async def _send(self, socket: WebSocket, feed: Feed) -> None:
        while (frame := await feed.outgoing.get()) is not None:
            await socket.send_json(frame)
        await socket.close(1012, "restarting")

    async def _receive(self, socket: WebSocket, feed: Feed) -> None:
        while True:
            text = await socket.receive_text()
            self.sizes.append(len(text.encode()))
            frame = cast("dict[str, Any]", orjson.loads(text))
            if frame["type"] == "pong":
                self.pongs += 1
            elif not self.mute:
                report = frame["payload"]["variables"]["input"]
                self.reports.append(report)
                feed.say({"id": frame["id"], "type": "next", "payload": self._answer(report)})
                feed.say({"id": frame["id"], "type": "complete"})
            await self._noted()

    def _answer(self, report: dict[str, Any]) -> dict[str, object]:
        if self.refuses_reports:
            return {"data": None, "errors": [{"message": "trouble"}]}
        events = report["events"]
        recorded = {
            "__typename": "LockReported",
            "stateId": events[0]["stateId"] if events else None,
            "eventsUpTo": max((event["sequence"] for event in events), default=0),
        }
        return {"data": {"reportLock": recorded}}


class Stage:
    """Where one tiny server after another stands, on one port."""

    def __init__(self) -> None:
        self.server = TinyServer()
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls an application."""
        await self.server.app(scope, receive, send)

    def fresh(self) -> TinyServer:
        """A new server in the place of the last."""
        self.server = TinyServer()
        self.server.url = self.url
        return self.server


@contextlib.asynccontextmanager
async def serving(stage: Stage, port: int = 0) -> AsyncIterator[Stage]:
    """The stage on a free port of this machine (or a given one), until the end of the block."""
    config = uvicorn.Config(
        stage, host="127.0.0.1", port=port, log_level="critical", lifespan="off"
    )
    server = QuickServer(config)
    async with running(server):
        bound = server.servers[0].sockets[0].getsockname()[1]
        stage.url = stage.server.url = f"http://127.0.0.1:{bound}"
        try:
            yield stage
        finally:
            server.force_exit = True
