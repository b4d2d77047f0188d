"""What an application decides about its endpoint: who may ask, what a context is, what an exception means to a client."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from graphql import GraphQLError, GraphQLFormattedError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.http.websocket_origin import is_same_origin
from strawberry.schema import BaseSchema
from strawberry.types.graphql import OperationType

from api.protocol.documents import guard_of
from api.protocol.masking import answerable, silence_strawberry
from api.protocol.messages import Closing
from api.protocol.requests import RequestRefused
from api.protocol.socket_limits import SocketLimits

ALL_OPERATIONS: Final = frozenset(OperationType)


class Hooks:
    """What HTTP and the sockets of one endpoint stand on: its schema and limits, and the methods to override.

    `development` serves GraphiQL and tells in errors what is wrong with a document or a value;
    leave it off in production. `body_limit` is in bytes (a GET's parameters in characters),
    `body_timeout` in seconds.

    Raises ValueError for a schema that was made without `build_schema_kwargs`, and so without
    limits, or for the other mode.
    """

    def __init__(
        self,
        schema: BaseSchema,
        *,
        development: bool = False,
        body_limit: int = 256 * 1024,
        body_timeout: float = 20.0,
        socket_limits: SocketLimits | None = None,
    ) -> None:
        guard = guard_of(schema)
        if guard is None or guard.development is not development:
            raise ValueError("the schema was not made by build_schema_kwargs for this mode")
        self.schema = schema
        self.guard = guard
        self.development = development
        self.body_limit = body_limit
        self.body_timeout = body_timeout
        self.socket_limits = socket_limits or SocketLimits()
        silence_strawberry()

    async def authenticate_http(self, request: Request, body: bytes) -> Any:
        """Who asks, by the headers and the whole body (empty for a GET). Runs before GraphQL does.

        The return value is handed to `build_context`. Raises RequestRefused to answer without
        executing.
        """
        return None

    def is_own_origin(self, websocket: WebSocket, origin: str) -> bool:
        """Whether pages of this origin may open sockets; browsers send their cookies along.

        Asked where there is an `Origin`, which every browser sends. As it is, pages of the host that
        the client names may, which is wrong behind a proxy that does not pass the host on.
        """
        return is_same_origin(origin, websocket.headers.get("host"))

    async def authenticate_socket(
        self, websocket: WebSocket, connection_params: dict[str, Any]
    ) -> Any:
        """Who asks, by the handshake's headers and the payload of `connection_init`.

        Raises RequestRefused to close the socket: 4403, or 4400 for what is malformed, with its message as the reason.
        """
        return None

    def build_context(self, connection: HTTPConnection, authenticated: Any) -> Any:
        """The context of a request, or of a whole socket, from what authentication returned.

        Raises RequestRefused, as authentication does.
        """
        return {"connection": connection, "authenticated": authenticated}

    def place_for_socket(self, context: Any) -> AbstractContextManager[None]:
        """The place of an authenticated socket in its client's share, until it is closed.

        Raises RequestRefused (429) where the client has too many: the socket is closed with 4429.
        """
        client = self.guard.client_of(context)
        if client is None:
            return nullcontext()
        return self.guard.shares.connected(client.name, self.guard.admission(client).share)

    def operation_context(self, context: Any) -> Any:
        """The context of one operation, in HTTP and on sockets: DataLoaders are made here.

        Raises RequestRefused, for this operation alone.
        """
        return context

    def allowed_operations(self, context: Any) -> frozenset[OperationType] | set[OperationType]:
        """What this socket's client may send. Another operation gets an `error`; the socket stays."""
        return ALL_OPERATIONS

    async def guard_socket(self, context: Any) -> Closing | tuple[int, str] | None:
        """Watch an authenticated socket, for as long as it is open, in a task of its own.

        Return a code and a reason to close it at once, whatever it is doing. Return None to stop
        watching. An exception closes it too (4500): a watch that fails must not leave a socket
        unwatched.
        """
        return None

    def finish_response(self, request: Request, context: Any, response: Response) -> None:
        """Add to a response after execution: cookies, say, that a resolver left in the context."""

    def answerable(self, errors: Iterable[GraphQLError]) -> list[GraphQLFormattedError]:
        """The errors as this endpoint's clients may see them."""
        return answerable(
            errors,
            development=self.development,
            explain=self.explain,
            rename=self.guard.renamed.in_variable,
        )

    def explain(self, raised: BaseException) -> RequestRefused | None:
        """What to tell the client of an exception that a hook or a resolver let through.

        None masks it. The code, message and extensions are what a field's error gets; the status
        and headers count where nothing was executed. 503 says "try again": a socket that cannot
        go on for that reason is closed with 1013, upon which clients come back by themselves.
        """
        return None
