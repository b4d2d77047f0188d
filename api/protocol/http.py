"""GraphQL over HTTP to the letter, and the one place where authentication meets execution.

`GraphQLApp` is an ASGI application for one path, in HTTP and WebSocket. It executes; who may ask,
and what a context is, is decided by the methods that a subclass overrides ("Hooks" below). The
dangerous mistakes: to execute before `authenticate_http` has returned, to execute a mutation for
a GET (links and images send those, with cookies), and to let an exception's text out.

The specification is GraphQL over HTTP (draft): both media types, POST, GET for queries. There are
no batches, no uploads, no event streams: subscriptions are served on the WebSocket of the same
path.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import strawberry.asgi
import structlog
from graphql import GraphQLError, GraphQLFormattedError
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.http.websocket_origin import is_same_origin
from strawberry.schema import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from api.protocol.caching import encode_json
from api.protocol.documents import guard_of
from api.protocol.masking import (
    INTERNAL,
    answerable,
    internal_error,
    is_request_error,
    log_unexpected,
    request_id,
    root_of,
    silence_strawberry,
)
from api.protocol.messages import Closing
from api.protocol.presence import while_wanted
from api.protocol.requests import (
    GRAPHQL_RESPONSE,
    JSON,
    Parameters,
    RequestRefused,
    check_content_type,
    parameters_of_body,
    parameters_of_url,
    read_body,
    response_type,
)
from api.protocol.socket_limits import SocketLimits
from api.protocol.websocket import GraphQLSocket

_log = structlog.get_logger("api.protocol")

ALL_OPERATIONS: Final = frozenset(OperationType)
_BY_METHOD: Final = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}


class GraphQLApp(strawberry.asgi.GraphQL[Any, None]):
    """One GraphQL endpoint. Subclass it and override the hooks.

    `development` serves GraphiQL and tells in errors what is wrong with a document or a value;
    leave it off in production. `body_limit` is in bytes (a GET's parameters in characters),
    `body_timeout` in seconds.

    Raises `ValueError` for a schema that was made without `build_schema_kwargs`, and so without
    limits, or for the other mode.

    Inherited from Strawberry is GraphiQL's page. Its request handling is replaced as a whole
    (`__call__`): it builds the context before it reads the body, and answers request errors with
    `data: null`.
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
        super().__init__(
            schema,
            graphql_ide="graphiql" if development else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
        )
        self.guard = guard
        self.development = development
        self.body_limit = body_limit
        self.body_timeout = body_timeout
        self.socket_limits = socket_limits or SocketLimits()
        silence_strawberry()

    # Hooks

    async def authenticate_http(self, request: Request, body: bytes) -> Any:
        """Who asks, by the headers and the whole body (empty for a GET). Runs before GraphQL does.

        The return value is handed to `build_context`. Raise `RequestRefused` to answer without
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

        Raise `RequestRefused` to close the socket: 4403, or 4400 for what is malformed, with its message as the reason.
        """
        return None

    def build_context(self, connection: HTTPConnection, authenticated: Any) -> Any:
        """The context of a request, or of a whole socket, from what authentication returned.

        May raise `RequestRefused`, as authentication may.
        """
        return {"connection": connection, "authenticated": authenticated}

    def place_for_socket(self, context: Any) -> AbstractContextManager[None]:
        """The place of an authenticated socket in its client's share, until it is closed.

        Raises `RequestRefused` (429) where the client has too many: the socket is closed with 4429.
        """
        client = self.guard.client_of(context)
        if client is None:
            return nullcontext()
        return self.guard.shares.connected(client.name, self.guard.admission(client).share)

    def operation_context(self, context: Any) -> Any:
        """The context of one operation, in HTTP and on sockets: DataLoaders are made here.

        May raise `RequestRefused`, for this operation alone.
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

    def explain(self, fault: BaseException) -> RequestRefused | None:
        """What to tell the client of an exception that a hook or a resolver let through.

        None masks it. The code, message and extensions are what a field's error gets; the status
        and headers count where nothing was executed. 503 says "try again": a socket that cannot
        go on for such a fault is closed with 1013, upon which clients come back by themselves.
        """
        return None

    # Answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request or one socket. Replaces Strawberry's dispatch: see the class."""
        if scope["type"] == "http":
            response = await self.answer(Request(scope, receive))
            await response(scope, receive, send)
            return
        websocket = WebSocket(scope, receive, send)
        origin = websocket.headers.get("origin")
        if origin is not None and not self.is_own_origin(websocket, origin):
            _log.warning("socket_refused", why="the Origin of its page is not this server's own")
            await self.reject_websocket(websocket)
            return
        await GraphQLSocket(self, websocket).serve()

    async def answer(self, request: Request) -> Response:
        """The response to one HTTP request, whatever becomes of it. Never raises an `Exception`."""
        media_type = JSON
        try:
            if request.method not in _BY_METHOD:
                raise _method_not_allowed("GET, POST", "Send a POST, or a GET for a query.")
            if self._wants_page(request):
                return HTMLResponse(self.graphql_ide_html)
            media_type = response_type(request.headers.get("accept"))
            return await self._execute(request, media_type)
        except RequestRefused as refused:
            return _refusal(refused, media_type)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as fault:
            explained = self.explain(fault)
            if explained is not None:
                return _refusal(explained, media_type)
            reference = request_id()
            log_unexpected(fault, reference)
            return _json_response(500, media_type, errors=[internal_error(reference).formatted])

    def _wants_page(self, request: Request) -> bool:
        """Whether a browser asks for GraphiQL, which only development has."""
        return (
            self.development
            and request.method == "GET"
            and "query" not in request.query_params
            and "text/html" in request.headers.get("accept", "")
        )

    async def _execute(self, request: Request, media_type: str) -> Response:
        body = b""
        if request.method == "POST":
            check_content_type(request)
            body = await read_body(request, limit=self.body_limit, seconds=self.body_timeout)
            parameters = parameters_of_body(body)
        else:
            parameters = parameters_of_url(request.query_params, limit=self.body_limit)
        async with while_wanted(request):
            authenticated = await self.authenticate_http(request, body)
            context = self.operation_context(self.build_context(request, authenticated))
            size = len(body) if request.method == "POST" else len(request.url.query)
            self.guard.check_size(self.guard.client_of(context), size)
            result = await self._result(request.method, parameters, context)
        response = self._response(result, media_type)
        self.finish_response(request, context, response)
        return response

    async def _result(self, method: str, parameters: Parameters, context: Any) -> ExecutionResult:
        try:
            result = await self.schema.execute(
                parameters.query,
                variable_values=parameters.variables,
                context_value=context,
                operation_name=parameters.operation_name,
                allowed_operation_types=_BY_METHOD[method],
                operation_extensions=parameters.extensions,
            )
        except InvalidOperationTypeError as error:
            if method == "GET" and error.operation_type is OperationType.MUTATION:
                message = "A mutation must be sent by POST."
                raise _method_not_allowed("POST", message) from None
            return ExecutionResult(data=None, errors=[_wrapped(error)])
        except CannotGetOperationTypeError as error:
            return ExecutionResult(data=None, errors=[_wrapped(error)])
        if isinstance(result, PreExecutionError) and result.errors:
            refused = root_of(result.errors[0])
            if isinstance(refused, RequestRefused):
                raise refused
        return result

    def _response(self, result: ExecutionResult, media_type: str) -> Response:
        """The result as a response ("Response", "Status Codes").

        A request error has no `data`; its status is 400 in the newer media type and 200 in the
        older, where it says only that the request was well formed. An internal fault is 500 in
        either.
        """
        errors: list[GraphQLFormattedError] = answerable(
            result.errors or (), development=self.development, explain=self.explain
        )
        entries: dict[str, Any] = {}
        status = 200
        if errors:
            entries["errors"] = errors
        if is_request_error(result.data, result.errors):
            if any(error["extensions"].get("code") == INTERNAL for error in errors):
                status = 500
            elif media_type == GRAPHQL_RESPONSE:
                status = 400
        else:
            entries["data"] = result.data
        if result.extensions:
            entries["extensions"] = result.extensions
        return _json_response(status, media_type, **entries)


def _wrapped(error: Exception) -> GraphQLError:
    return GraphQLError(str(error), original_error=error)


def _method_not_allowed(allow: str, message: str) -> RequestRefused:
    return RequestRefused(405, "METHOD_NOT_ALLOWED", message, {"allow": allow})


def _refusal(refused: RequestRefused, media_type: str) -> Response:
    response = _json_response(refused.status, media_type, errors=[refused.formatted()])
    response.headers.update(refused.headers)
    return response


def _json_response(status: int, media_type: str, **entries: Any) -> Response:
    """A response that nobody may store: answers hold PINs and tokens."""
    return Response(
        encode_json(entries),
        status_code=status,
        headers={
            "content-type": f"{media_type}; charset=utf-8",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
    )
