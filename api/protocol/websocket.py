"""graphql-transport-ws: one socket, its operations, and every way in which it ends.

A socket outlives many things: the session it was opened with, the client's interest, the network.
So that none is served when it should be closed, everything that ends a socket goes through `end`,
which never waits: the reader, the guard, the clock and a stuck send all call it, and the one task
that waits for it closes the socket and cancels what is left. So that memory stays bounded, a result
is encoded and sent before the next is asked for, one send at a time, and a client that does not
read for `send_timeout` is closed.

Strawberry's handler is not used. It raises on malformed messages, ends the socket for a syntax
error, shares one context among all operations and cannot close a socket while it waits for the
next message; overriding each of these would leave nothing of it.

Protocol: graphql-transport-ws (PROTOCOL.md of the npm package graphql-ws). Close codes beyond it:
4429 for too many messages or sockets too, 1009 for one that is too long, 1013 ("try again later") for a client
that does not read and for a service that is away, 4500 for a fault here.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack, aclosing, suppress
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from api.protocol.buckets import TokenBucket
from api.protocol.caching import encode_json
from api.protocol.hooks import Hooks
from api.protocol.masking import PublicError, log_unexpected, request_id
from api.protocol.messages import (
    ClientMessage,
    Closing,
    Complete,
    ConnectionInit,
    Ping,
    Subscribe,
    read_message,
)
from api.protocol.requests import RequestRefused
from api.protocol.socket_answers import ServiceAwayError, answers

_NOT_TEXT: Final = Closing(4400, "Messages are text frames")
_TOO_LONG: Final = Closing(1009, "The message is too long")
_UNAUTHORIZED: Final = Closing(4401, "Unauthorized")
_NO_PROTOCOL: Final = Closing(4406, "Subprotocol not acceptable")
_INIT_TIMEOUT: Final = Closing(4408, "Connection initialisation timeout")
_INIT_TWICE: Final = Closing(4429, "Too many initialisation requests")
_TOO_MANY: Final = Closing(4429, "Too many messages")
_TRY_AGAIN: Final = Closing(1013, "Try again later")
_SLOW_READER: Final = Closing(1013, "The client does not read what it is sent")


class _EndedError(Exception):
    """The socket has ended while something was to be sent on it."""


class GraphQLSocket:
    """One socket. `serve` returns when it is closed and all its operations have stopped."""

    def __init__(self, app: Hooks, websocket: WebSocket) -> None:
        self._app = app
        self._websocket = websocket
        self._limits = app.socket_limits
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._bucket = TokenBucket(self._limits.burst, self._limits.per_second, now)
        self._ended: asyncio.Future[Closing | None] = self._loop.create_future()
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()  # operations, stopped ones too
        self._initialised = False
        self._acknowledged = False
        self._context: Any = None
        self._held = ExitStack()

    async def serve(self) -> None:
        """Accept the socket and serve it until either side ends it."""
        websocket = self._websocket
        if GRAPHQL_TRANSPORT_WS_PROTOCOL not in websocket.scope["subprotocols"]:
            with suppress(WebSocketDisconnect, RuntimeError):
                await websocket.accept()
                await websocket.close(*_NO_PROTOCOL)
            return
        try:
            await websocket.accept(GRAPHQL_TRANSPORT_WS_PROTOCOL)
        except WebSocketDisconnect:
            return
        timer = self._loop.call_later(self._limits.init_timeout, self._init_timed_out)
        self._start(self._read())
        closing: Closing | None = None
        try:
            closing = await self._ended
        finally:
            timer.cancel()
            try:
                await self._close(closing)
            finally:
                self._held.close()

    def end(self, closing: Closing | None) -> None:
        """Close the socket with this code, or note that the client has gone. The first call counts."""
        if not self._ended.done():
            self._ended.set_result(closing)

    def _init_timed_out(self) -> None:
        if not self._acknowledged:
            self.end(_INIT_TIMEOUT)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _close(self, closing: Closing | None) -> None:
        """Cancel everything, tell the client, and wait until all has stopped.

        A close frame, too, waits for a client that does not read, so it is given one second.
        """
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if closing is not None:
            with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(1):
                    await self._websocket.close(*closing.fitted())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._limits.closing_timeout)
            if late:
                fault = RuntimeError(f"{len(late)} operations did not stop")
                log_unexpected(fault, request_id())

    # Reading

    async def _read(self) -> None:
        try:
            while not self._ended.done():
                received = await self._receive()
                if isinstance(received, Closing) or received is None:
                    self.end(received)
                else:
                    await self._handle(received)
        except _EndedError:
            pass
        except Exception as raised:
            self._fail(raised)

    async def _receive(self) -> ClientMessage | Closing | None:
        """The client's next message, the reason to close, or None when the client has gone."""
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            return None
        text = event.get("text")
        if not self._bucket.admit(self._loop.time()):
            return _TOO_MANY
        if text is None:
            return _NOT_TEXT
        limit = self._limits.message_bytes
        if len(text) > limit or (len(text) * 4 > limit and len(text.encode()) > limit):
            return _TOO_LONG
        return read_message(text)

    async def _handle(self, message: ClientMessage) -> None:
        match message:
            case ConnectionInit(payload):
                await self._initialise(payload)
            case Subscribe():
                await self._subscribe(message)
            case Complete(id_):
                self._stop(id_)
            case Ping(payload):
                pong: dict[str, Any] = {"type": "pong"}
                await self._send(pong if payload is None else {**pong, "payload": payload})

    async def _initialise(self, payload: dict[str, Any]) -> None:
        """Authenticate, start the guard, acknowledge; so no socket is served unwatched."""
        if self._initialised:
            self.end(_INIT_TWICE)
            return
        self._initialised = True
        try:
            authenticated = await self._app.authenticate_socket(self._websocket, payload)
            self._context = self._app.build_context(self._websocket, authenticated)
            self._held.enter_context(self._app.place_for_socket(self._context))
        except RequestRefused as refused:
            self._refuse(refused)
            return
        self._start(self._guard())
        self._acknowledged = True
        await self._send({"type": "connection_ack"})

    async def _guard(self) -> None:
        try:
            closing = await self._app.guard_socket(self._context)
        except Exception as raised:
            self._fail(raised)
            return
        if closing is not None:
            self.end(Closing(*closing))

    # Operations

    async def _subscribe(self, message: Subscribe) -> None:
        if not self._acknowledged:
            self.end(_UNAUTHORIZED)
            return
        if message.id in self._operations:
            self.end(Closing(4409, f"Subscriber for {message.id} already exists"))
            return
        if len(self._running) >= self._limits.operations:
            text = f"This socket has {self._limits.operations} operations already."
            refusal = PublicError(text, code="TOO_MANY_OPERATIONS")
            refused = {"id": message.id, "type": "error", "payload": [refusal.formatted]}
            await self._send(refused)
            return
        task = self._start(self._operate(message))
        self._operations[message.id] = task
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _stop(self, id_: str) -> None:
        """Stop an operation, if there is one of this id: it may have ended as the client wrote.

        Its id is free at once; it counts against the limit until it has stopped.
        """
        task = self._operations.pop(id_, None)
        if task is not None:
            task.cancel()

    async def _operate(self, message: Subscribe) -> None:
        """Run one operation: what it yields, then `complete` or `error`, then its id is free."""
        with suppress(_EndedError):
            try:
                async with aclosing(answers(self._app, message, self._context)) as frames:
                    async for frame in frames:
                        await self._send_frame(frame)
                        await asyncio.sleep(0)  # a source that always has more starves nobody
            except ServiceAwayError:
                self.end(_TRY_AGAIN)
        if self._operations.get(message.id) is asyncio.current_task():
            del self._operations[message.id]

    # Sending

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_frame(encode_json(message).decode())

    async def _send_frame(self, frame: str) -> None:
        """Send one message as a text frame, or end the socket. Raises `_EndedError` once ended.

        The server's send waits while the client reads too slowly. The lock keeps all but one
        message waiting here, and the results behind them unasked for.
        """
        async with self._sending:
            if self._ended.done():
                raise _EndedError
            try:
                async with asyncio.timeout(self._limits.send_timeout):
                    await self._websocket.send_text(frame)
            except TimeoutError:
                self.end(_SLOW_READER)
                raise _EndedError from None
            except (WebSocketDisconnect, RuntimeError):
                self.end(None)
                raise _EndedError from None

    def _refuse(self, refused: RequestRefused) -> None:
        """End the socket because its client may not have it, or not now, or not another one."""
        if refused.is_temporary:
            self.end(_TRY_AGAIN)
        else:
            self.end(Closing({400: 4400, 429: 4429}.get(refused.status, 4403), refused.message))

    def _fail(self, raised: Exception) -> None:
        """End the socket for an exception: as the application explains it, or 4500 with the request id."""
        explained = self._app.explain(raised)
        if explained is not None:
            self._refuse(explained)
            return
        reference = request_id()
        log_unexpected(raised, reference)
        self.end(Closing(4500, f"Internal error {reference}"))
