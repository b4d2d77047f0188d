"""One operation of a socket: from `subscribe` to the frames that answer it. No I/O of its own.

Whatever happens, the client learns it: by results, by an `error`, or, where a subscription has missed
something, by the end of the socket; a stream that goes on has no gap.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from graphql import GraphQLError, OperationType, get_operation_ast, parse
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from api.protocol.caching import encode_json
from api.protocol.hooks import Hooks
from api.protocol.masking import (
    PublicError,
    internal_error,
    is_request_error,
    log_unexpected,
    request_id,
    root_of,
)
from api.protocol.messages import Subscribe
from api.protocol.requests import RequestRefused


class ServiceAwayError(Exception):
    """A subscription has missed something because what it reads from is away."""


async def answers(app: Hooks, message: Subscribe, context: Any) -> AsyncGenerator[str, None]:
    """A `next` for each result, then `complete`; or `error`, for what failed as a whole; as text.

    `context` is the socket's. Raises ServiceAwayError.
    """
    try:
        results = await app.schema.stream(
            message.query,
            variable_values=message.variables,
            context_value=app.operation_context(context),
            operation_name=message.operation_name,
            operation_extensions=message.extensions,
            allowed_operation_types=app.allowed_operations(context),
        )
        async with aclosing(results):
            async for result in results:
                if not isinstance(result, ExecutionResult):
                    raise TypeError("incremental delivery has no message in this protocol")
                if result.errors and _missed_something(app, message, result.errors):
                    raise ServiceAwayError
                errors = app.answerable(result.errors or ())
                if _never_ran(result):
                    yield _frame(message.id, "error", errors)
                    return
                yield _frame(message.id, "next", _payload(result, errors))
        yield encode_json({"id": message.id, "type": "complete"}).decode()
    except ServiceAwayError:
        raise
    except Exception as raised:
        yield _frame(message.id, "error", [_told(app, raised)])


def _payload(result: ExecutionResult, errors: list[Any]) -> dict[str, Any]:
    payload: dict[str, Any] = {"data": result.data}
    if errors:
        payload["errors"] = errors
    if result.extensions:
        payload["extensions"] = result.extensions
    return payload


def _missed_something(app: Hooks, message: Subscribe, errors: list[GraphQLError]) -> bool:
    """Whether this is a subscription, and a service that it needs is away.

    An `error` would end it for good in every client that we know; a closed socket is opened again,
    and its subscriptions with it.
    """
    explained = [app.explain(root_of(error)) for error in errors]
    if not any(each is not None and each.is_temporary for each in explained):
        return False
    operation = get_operation_ast(parse(message.query), message.operation_name)
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


def _told(app: Hooks, raised: Exception) -> dict[str, Any]:
    """What the client is told of an exception that stopped an operation before it ran."""
    if isinstance(raised, PublicError):
        (told,) = app.answerable([raised])
        return {**told}
    refused = raised if isinstance(raised, RequestRefused) else app.explain(raised)
    if refused is not None:
        return refused.formatted()
    reference = request_id()
    log_unexpected(raised, reference)
    return {**internal_error(reference).formatted}


def _never_ran(result: ExecutionResult) -> bool:
    """Whether the operation failed as a whole: it is invalid, or its source of events failed."""
    return isinstance(result, PreExecutionError) or is_request_error(result.data, result.errors)


def _frame(id_: str, kind: str, payload: Any) -> str:
    return encode_json({"id": id_, "type": kind, "payload": payload}).decode()
