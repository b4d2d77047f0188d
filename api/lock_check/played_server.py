"""The server as the lock sees it: challenges by POST, and sockets that speak graphql-transport-ws.

The lock's documents are executed against the real schema, so it may write them as it likes. Only one connection counts at
a time, the newest; every answer is given at once unless a scenario holds it back.
"""

import contextlib
import functools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute, parse, validate
from graphql import build_schema as read_schema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.lock_check.heard import Heard
from api.lock_check.kit import Kit
from api.lock_check.rules import Findings, Rule
from api.whole_schema import build_schema
from domain.clock import system_clock
from domain.link.claims import Claim, UnknownLinkVersion
from domain.link.proof import ProofRefused, read_proof
from domain.link.wire import Malformed
from domain.security import base64url

_FORBIDDEN = 4403
_NOT_UNDERSTOOD = 4400


@dataclass
class Connection:
    """One proven socket of the lock; `position` is what it subscribed with."""

    socket: WebSocket
    position: Mapping[str, Any] | None = None
    feed: tuple[str, Mapping[str, Any]] | None = None
    """The id of its subscription, and what it asked."""
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)
    """Those that it has reported, oldest first."""
    pongs: int = 0
    closed: bool = False
    holding: bool = False
    """Whether answers to reports are held back."""
    refusing: bool = False
    """Whether reports are answered with an error, and nothing of them is taken."""
    held_back: list[tuple[str, ExecutionResult]] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether it is subscribed and a nonce is known."""
        return self.position is not None and bool(self.nonces) and not self.closed

    async def say(self, frame: Mapping[str, Any]) -> None:
        """One frame; nothing if the lock has gone."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self.socket.send_text(orjson.dumps(frame).decode())

    async def close(self, code: int) -> None:
        """Close the socket from this side."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self.socket.close(code, "lock-check")

    async def release(self) -> None:
        """Give the answers that were held back."""
        self.holding = False
        while self.held_back:
            await self.answer(*self.held_back.pop(0))

    async def answer(self, name: str, result: ExecutionResult) -> None:
        """What became of an operation that has one answer."""
        await self.say({"id": name, "type": "next", "payload": result.formatted})
        await self.say({"id": name, "type": "complete"})


@functools.cache
def _schema() -> GraphQLSchema:
    """The server's, without its resolvers."""
    return read_schema(build_schema(development=False).as_str())


class PlayedServer:
    """The server played; `app` is the application, `connections` are those that were proven."""

    def __init__(self, kit: Kit, findings: Findings) -> None:
        self.kit = kit
        self.findings = findings
        self.heard = Heard(findings)
        self.connections: list[Connection] = []
        self._challenges: set[str] = set()
        self._schema = _schema()
        self.app = Starlette(
            routes=[
                Route("/graphql", self._post, methods=["POST"]),
                WebSocketRoute("/graphql", self._serve),
            ]
        )

    def run(self, asked: Mapping[str, Any], root: Mapping[str, Any]) -> ExecutionResult:
        """Executes a document of the lock's; what is wrong with it is noted, and is the answer."""
        try:
            document = parse(str(asked.get("query")))
        except GraphQLError as error:
            self.findings.note(Rule.DOCUMENTS, False, str(error.message))
            return ExecutionResult(None, [error])
        errors = validate(self._schema, document)
        if errors:
            self.findings.note(Rule.DOCUMENTS, False, errors[0].message)
            return ExecutionResult(None, errors)
        result = execute(
            self._schema,
            document,
            root_value=root,
            variable_values=asked.get("variables"),
            operation_name=asked.get("operationName"),
        )
        assert isinstance(result, ExecutionResult)
        wrong = [each for each in result.errors or [] if each.extensions != {"meant": True}]
        self.findings.note(Rule.DOCUMENTS, not wrong, wrong[0].message if wrong else "")
        return result

    async def _post(self, request: Request) -> Response:
        challenge = secrets.token_urlsafe(32)

        def made(_info: object, **_arguments: object) -> str:
            self._challenges.add(challenge)
            return challenge

        try:
            asked = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            return JSONResponse({"errors": [{"message": "JSON with a query."}]}, status_code=400)
        return JSONResponse(self.run(asked, {"lockChallenge": made}).formatted)

    async def _serve(self, socket: WebSocket) -> None:
        await socket.accept("graphql-transport-ws")
        connection = Connection(socket)
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                text = await socket.receive_text()
                self.heard.take_frame(text)
                try:
                    frame = orjson.loads(text)
                except orjson.JSONDecodeError:
                    self.findings.note(Rule.DOCUMENTS, False, "a message is not JSON.")
                    await connection.close(_NOT_UNDERSTOOD)
                    break
                await self._take(connection, frame)
                await self.heard.tell()
        connection.closed = True
        await self.heard.tell()

    async def _take(self, connection: Connection, frame: Mapping[str, Any]) -> None:
        match frame:
            case {"type": "connection_init", "payload": {"lock": {"proof": str(proof)} as lock}}:
                if self._is_proven(proof):
                    self._note_firmware(lock)
                    self.connections.append(connection)
                    await connection.say({"type": "connection_ack"})
                else:
                    await connection.close(_FORBIDDEN)
            case {"type": "connection_init"}:
                self.findings.note(Rule.PROOF, False, "connection_init had no lock with a proof.")
                await connection.close(_FORBIDDEN)
            case {"type": "ping"}:
                await connection.say({"type": "pong"})
            case {"type": "pong"}:
                connection.pongs += 1
            case {"type": "subscribe", "id": str(name), "payload": {"query": str()} as asked}:
                await self._operate(connection, name, asked)
            case _:
                pass

    def _note_firmware(self, lock: Mapping[str, Any]) -> None:
        try:
            Claim.read(lock)
        except (Malformed, UnknownLinkVersion) as error:
            self.findings.note(Rule.FIRMWARE, False, f"{error}")
        else:
            self.findings.note(Rule.FIRMWARE, True, "")

    def _is_proven(self, proof: str) -> bool:
        note = self.findings.note
        for challenge in list(self._challenges):
            try:
                claims = read_proof(
                    self.kit.keys, proof, self.kit.lock_id, challenge, system_clock()
                )
            except ProofRefused as refused:
                why = str(refused)
                continue
            self._challenges.discard(challenge)
            note(Rule.OWN_CHALLENGE, True, "")
            note(Rule.PROOF, True, "")
            note(Rule.PROOF_ONCE, claims.jti not in self.heard.jtis, "a proof named a used one.")
            self.heard.jtis.add(claims.jti)
            return True
        if not self._challenges:
            note(Rule.OWN_CHALLENGE, False, "it connected without asking for one.")
        else:
            note(Rule.PROOF, False, f"the proof was refused: {why}.")
        return False

    async def _operate(self, connection: Connection, name: str, asked: Mapping[str, Any]) -> None:
        def subscribed(_info: object, **position: Any) -> Mapping[str, Any]:
            connection.position, connection.feed = position, (name, asked)
            return self.item("SealedTime", name, b"")  # only to see that it asks for what there is

        def reported(_info: object, input: Mapping[str, Any]) -> Mapping[str, Any]:
            return self._take_report(connection, input)

        result = self.run(asked, {"lockFeed": subscribed, "reportLock": reported})
        if connection.feed is not None and connection.feed[0] == name:
            return
        if connection.holding:
            connection.held_back.append((name, result))
        else:
            await connection.answer(name, result)

    def _take_report(self, connection: Connection, report: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self.heard.take_report(report, stored=not connection.refusing)
        connection.reports.append(report)
        nonce = report["nonce"]
        if isinstance(nonce, str) and nonce not in connection.nonces:
            if not connection.nonces:
                self.findings.note(
                    Rule.FRESH_NONCE,
                    nonce not in self.heard.nonces,
                    "a nonce of an earlier connection was reported again.",
                )
            connection.nonces.append(nonce)
            self.heard.nonces.add(nonce)
        if connection.refusing:
            raise GraphQLError("Not now.", extensions={"meant": True})
        return answer

    async def feed(self, connection: Connection, item: Mapping[str, Any] | None) -> None:
        """One item of the feed, or, for None, one of a type that no lock knows yet."""
        assert connection.feed is not None
        name, asked = connection.feed
        if item is None:
            payload: Mapping[str, Any] = {"data": {"lockFeed": {"__typename": "NotYetInvented"}}}
        else:
            payload = self.run(asked, {"lockFeed": item}).formatted
        await connection.say({"id": name, "type": "next", "payload": payload})

    def item(self, kind: str, name: str, sealed: bytes) -> Mapping[str, Any]:
        """As the feed hands it out."""
        return {"__typename": kind, "id": name, "sealed": base64url.encode(sealed)}
