"""How uvicorn must be run, so that limits hold below the application too.

The application bounds what it sends, but the server answers some frames by itself, where ASGI does
not reach. A client that sends WebSocket pings and reads nothing makes uvicorn write pongs without
end into a buffer that nobody empties; and a connection that is closed towards such a client is kept,
with its buffer, for as long as the client likes, because closing waits for the buffer:
`BoundedWebSocketProtocol` ends both. A client that sends half a request line, or headers without
end, has not made a request yet, and uvicorn would wait for it without limit: `BoundedHttpProtocol`
ends that.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's own, except that a request's head has an end in time.

    `head_seconds` is how long a head may take: from the connection's beginning, or, behind an
    earlier request, from what comes first. A connection that sends nothing then is uvicorn's
    (`timeout_keep_alive`).
    """

    head_seconds: ClassVar[float] = 10.0
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head may take its seconds from now on."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """What follows an answered request is the beginning of the next, an empty line too."""
        super().data_received(data)
        answered = self.cycle is not None and self.cycle.response_complete
        still_http = self.transport.get_protocol() is self
        if answered and still_http and not self.transport.is_closing():
            self._await_head()

    def on_message_begin(self) -> None:
        """A head begins; one that was sent ahead of an answer as well."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._have_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to wait for."""
        self._have_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _have_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, except that it does not read while it cannot write, and does not linger.

    `linger` is how many seconds the last bytes of a closed connection may take.
    """

    linger: ClassVar[float] = 5.0
    _abort: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The client reads too slowly: read no more from it, or its pings would fill the buffer."""
        super().pause_writing()
        self._pause_reading()

    def resume_writing(self) -> None:
        """The buffer has drained: read on, unless the application has a message still to take."""
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    async def receive(self) -> Any:
        """The next event. uvicorn resumes reading here, which must wait for the buffer to drain."""
        event = await super().receive()
        if not self.writable.is_set():
            self._pause_reading()
        return event

    async def run_asgi(self) -> None:
        """Run the application. Once it is done, what is still buffered gets a moment, no more."""
        try:
            await super().run_asgi()
        finally:
            self._abort_soon()

    def keepalive_timeout(self) -> None:
        """A ping went unanswered: the buffer may never drain, so closing must not wait for it."""
        super().keepalive_timeout()
        self._abort_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: nothing is left to abort."""
        super().connection_lost(exc)
        if self._abort is not None:
            self._abort.cancel()

    def _abort_soon(self) -> None:
        if self._abort is None and not self.disconnected:
            self._abort = self.loop.call_later(self.linger, self.transport.abort)

    def _pause_reading(self) -> None:
        if self.transport.is_reading() and not self.transport.is_closing():
            self.transport.pause_reading()


def server_options() -> dict[str, Any]:
    """Keyword arguments for `uvicorn.run` or `uvicorn.Config`: what this package's limits rely on.

    A request's head has ten seconds. A connection is kept longer than clients and proxies keep theirs
    idle (5 to 60 seconds), so that none sends a request into one that is just being closed. Messages
    of at most 64 KiB are assembled; deflate is off, as it doubles what an open socket costs.
    """
    return {
        "http": BoundedHttpProtocol,
        "timeout_keep_alive": 75,
        "ws": BoundedWebSocketProtocol,
        "ws_max_size": 65_536,
        "ws_per_message_deflate": False,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
    }
