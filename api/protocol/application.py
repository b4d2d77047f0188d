"""`GraphQLApp`: an ASGI application for one path, in HTTP and WebSocket."""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from api.protocol import http
from api.protocol.hooks import Hooks
from api.protocol.websocket import GraphQLSocket

_log = structlog.get_logger("api.protocol")


class GraphQLApp(Hooks):
    """One GraphQL endpoint. Subclass it and override what `Hooks` has.

    Strawberry's own ASGI application is not used: it builds the context before it reads the body, and answers request
    errors with `data: null`.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request or one socket."""
        if scope["type"] == "http":
            response = await self.answer(Request(scope, receive))
            await response(scope, receive, send)
            return
        websocket = WebSocket(scope, receive, send)
        origin = websocket.headers.get("origin")
        if origin is not None and not self.is_own_origin(websocket, origin):
            _log.warning("socket_refused", why="the Origin of its page is not this server's own")
            await websocket.close(1008)  # not accepted yet: the handshake is answered with 403
            return
        await GraphQLSocket(self, websocket).serve()

    async def answer(self, request: Request) -> Response:
        """The response to one HTTP request, whatever becomes of it. Never raises an `Exception`."""
        return await http.answer(self, request)
