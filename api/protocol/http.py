"""GraphQL over HTTP to the letter: one request, and the response to it.

It executes; who may ask is decided by the application's hooks. A mutation is never executed for a GET: links and images
send those, with cookies.

The specification is GraphQL over HTTP (draft): both media types, POST, GET for queries. There are
no batches, no uploads, no event streams: subscriptions are served on the WebSocket of the same
path.
"""

from typing import Any, Final

from graphql import GraphQLError, GraphQLFormattedError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from api.protocol.caching import encode_json
from api.protocol.hooks import Hooks
from api.protocol.masking import (
    INTERNAL,
    internal_error,
    is_request_error,
    log_unexpected,
    request_id,
    root_of,
)
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

_BY_METHOD: Final = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}


async def answer(app: Hooks, request: Request) -> Response:
    """The response to one HTTP request, whatever becomes of it. Never raises an `Exception`."""
    media_type = JSON
    try:
        if request.method not in _BY_METHOD:
            raise _method_not_allowed("GET, POST", "Send a POST, or a GET for a query.")
        if _wants_page(app, request):
            return HTMLResponse(get_graphql_ide_html())
        media_type = response_type(request.headers.get("accept"))
        return await _execute(app, request, media_type)
    except RequestRefused as refused:
        return _refusal(refused, media_type)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception as raised:
        explained = app.explain(raised)
        if explained is not None:
            return _refusal(explained, media_type)
        reference = request_id()
        log_unexpected(raised, reference)
        return _json_response(500, media_type, errors=[internal_error(reference).formatted])


def _wants_page(app: Hooks, request: Request) -> bool:
    """Whether a browser asks for GraphiQL, which only development has."""
    return (
        app.development
        and request.method == "GET"
        and "query" not in request.query_params
        and "text/html" in request.headers.get("accept", "")
    )


async def _execute(app: Hooks, request: Request, media_type: str) -> Response:
    body = b""
    if request.method == "POST":
        check_content_type(request)
        body = await read_body(request, limit=app.body_limit, seconds=app.body_timeout)
        parameters = parameters_of_body(body)
    else:
        parameters = parameters_of_url(request.query_params, limit=app.body_limit)
    async with while_wanted(request):
        authenticated = await app.authenticate_http(request, body)
        context = app.operation_context(app.build_context(request, authenticated))
        size = len(body) if request.method == "POST" else len(request.url.query)
        app.guard.check_size(app.guard.client_of(context), size)
        result = await _result(app, request.method, parameters, context)
    response = _response(app, result, media_type)
    app.finish_response(request, context, response)
    return response


async def _result(app: Hooks, method: str, parameters: Parameters, context: Any) -> ExecutionResult:
    try:
        result = await app.schema.execute(
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


def _response(app: Hooks, result: ExecutionResult, media_type: str) -> Response:
    """The result as a response ("Response", "Status Codes").

    A request error has no `data`; its status is 400 in the newer media type and 200 in the
    older, where it says only that the request was well formed. An internal fault is 500 in
    either.
    """
    errors: list[GraphQLFormattedError] = app.answerable(result.errors or ())
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
