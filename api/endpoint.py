"""The GraphQL endpoint with our own authentication and contexts."""

from dataclasses import replace
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.schema import BaseSchema
from strawberry.types.graphql import OperationType

from api.auth.cookies import is_secure
from api.auth.http import HttpAuthentication
from api.auth.origins import is_own
from api.auth.sockets import SocketAuthentication, watch
from api.context import Context, Identity
from api.loaders import Loaders
from api.observability import COUNTS
from api.protocol import GraphQLApp, RequestRefused
from api.schema.errors import explained
from domain.clock import Clock
from domain.installation import Installation

_EVERYTHING = frozenset(OperationType)
_SUBSCRIPTIONS = frozenset({OperationType.SUBSCRIPTION})


class Endpoint(GraphQLApp):
    """`/graphql`, over HTTP and WebSocket."""

    def __init__(
        self,
        schema: BaseSchema,
        *,
        installation: Installation,
        clock: Clock,
        http: HttpAuthentication,
        sockets: SocketAuthentication,
        development: bool,
    ) -> None:
        super().__init__(schema, development=development)
        self._installation = installation
        self._clock = clock
        self._http = http
        self._sockets = sockets

    async def answer(self, request: Request) -> Response:
        response = await super().answer(request)
        COUNTS[f"{request.method} {response.status_code}"] += 1
        return response

    async def authenticate_http(self, request: Request, body: bytes) -> Identity:
        return await self._http.identify(request, body)

    def is_own_origin(self, websocket: WebSocket, origin: str) -> bool:
        return is_own(self._installation, origin)

    async def authenticate_socket(
        self, websocket: WebSocket, connection_params: dict[str, Any]
    ) -> Identity:
        identity = await self._sockets.identify(websocket, connection_params)
        COUNTS["socket"] += 1
        return identity

    def build_context(self, connection: HTTPConnection, authenticated: Identity) -> Context:
        return Context(self._installation, self._clock, authenticated)

    def operation_context(self, context: Context) -> Context:
        return replace(context, loaders=Loaders(), cookies={})

    def allowed_operations(self, context: Context) -> frozenset[OperationType]:
        return _SUBSCRIPTIONS if context.identity.subscriptions_only else _EVERYTHING

    async def guard_socket(self, context: Context) -> tuple[int, str]:
        return await watch(context)

    def explain(self, raised: BaseException) -> RequestRefused | None:
        return explained(raised)

    def finish_response(self, request: Request, context: Context, response: Response) -> None:
        for name, (value, seconds) in context.cookies.items():
            response.set_cookie(
                name,
                value,
                max_age=seconds,
                path="/",
                secure=is_secure(self._installation),
                httponly=True,
                samesite="strict",
            )
