"""What a client may learn from an error, and what a log may keep of it.

An unexpected exception's text may hold anything (a row, a key, a PIN), so it never reaches a
client: it is replaced by "Internal error" and a request id. That text, the document and its
variables may hold secrets that clients sent, so none of them reaches a log either: what is logged
is the request id, the path in the response, the types of the exceptions and the places in the code,
which is enough to find the fault. Every error leaves through `answerable`, in HTTP and on sockets
alike.

Expected failures are members of the mutation's union. `PublicError` is for what is left: refusals
that no client can act on but should be able to tell apart by their `extensions.code`. The
application's own exceptions become one where its `explain` says so, and nowhere else.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import structlog
from graphql import (
    GraphQLError,
    GraphQLFormattedError,
    GraphQLSyntaxError,
    VariableDefinitionNode,
)
from strawberry.exceptions import MissingQueryError, StrawberryInputCoercionError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from api.protocol.requests import RequestRefused

Rename = Callable[[str], str | None]
"""What to say, in place of a message about a variable, of a field's old name in it; None: there is none."""

Explain = Callable[[BaseException], RequestRefused | None]
"""What the client is to be told of one of the application's own exceptions; None: nothing."""

_log = structlog.get_logger("api.protocol")

INTERNAL: Final = "INTERNAL"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VARIABLES_INVALID: Final = "VARIABLES_INVALID"
OPERATION_NOT_FOUND: Final = "OPERATION_NOT_FOUND"
OPERATION_NOT_ALLOWED: Final = "OPERATION_NOT_ALLOWED"


class PublicError(GraphQLError):
    """An error whose message and extensions were written for the client: it is never masked.

    `code` becomes `extensions.code`; further keyword arguments become further extensions. Nothing
    in it may depend on a secret.
    """

    def __init__(self, message: str, *, code: str, nodes: Any = None, **extensions: object) -> None:
        super().__init__(message, nodes=nodes, extensions={"code": code, **extensions})
        self.code = code


def silence_strawberry() -> None:
    """Stop Strawberry's own loggers, which print failed documents with the secrets written in them.

    A filter and not a level: configuring logging afterwards (`dictConfig`) resets levels but
    keeps filters.
    """
    for name in ("strawberry.execution", "strawberry.ws.task"):
        logger = logging.getLogger(name)
        if _drop not in logger.filters:
            logger.addFilter(_drop)


def _drop(record: logging.LogRecord) -> bool:
    del record
    return False


def request_id() -> str:
    """The id under which this request is logged: the server's middleware's, or a new one."""
    bound = structlog.contextvars.get_contextvars().get("request_id")
    return str(bound) if bound else uuid.uuid4().hex


def is_request_error(data: object, errors: Sequence[GraphQLError] | None) -> bool:
    """Whether the request failed before execution began (GraphQL spec, 7.1.3 "Request errors").

    Its answer has no `data` entry at all. An error in a field has a path; a request error has none.
    """
    return data is None and bool(errors) and all(error.path is None for error in errors or ())


def answerable(
    errors: Iterable[GraphQLError], *, development: bool, explain: Explain, rename: Rename
) -> list[GraphQLFormattedError]:
    """The errors as the client may see them; those that nobody expected are logged and masked.

    All errors masked in one answer share a request id. In development the messages that quote the
    schema or the values sent are kept; in production they are flattened, and of those that kept the
    operation from running one is told, so that the schema cannot be guessed, nor how many fields
    an input wants; one that names what was renamed comes first.
    """
    reference: str | None = None
    answer: list[GraphQLFormattedError] = []
    for error in sorted(errors, key=lambda error: rename(error.message) is None):
        public = _public(error, development=development, explain=explain, rename=rename)
        if public is None:
            reference = reference or request_id()
            log_unexpected(root_of(error), reference, path=error.path)
            public = internal_error(reference)
        formatted = public.formatted
        if error.locations and "locations" not in formatted:
            formatted["locations"] = [location.formatted for location in error.locations]
        if error.path:
            formatted["path"] = error.path
        answer.append(formatted)
        if not development and error.path is None and public.code == VARIABLES_INVALID:
            break
    return answer


def internal_error(reference: str) -> PublicError:
    """What a client is told of an unexpected failure: the id to quote, and nothing else."""
    return PublicError("Internal error", code=INTERNAL, requestId=reference)


def log_unexpected(
    fault: BaseException, reference: str, *, path: Sequence[str | int] | None = None
) -> None:
    """Log a fault by its types and places, never by its text, in development neither.

    No `exc_info`: renderers print messages, and some print local variables too.
    """
    _log.error(
        "unexpected_error",
        request_id=reference,
        path=".".join(map(str, path or ())),
        error=[type(each).__qualname__ for each in _chain(fault)],
        frames=_frames(fault),
    )


def _public(
    error: GraphQLError, *, development: bool, explain: Explain, rename: Rename
) -> PublicError | None:
    """The error as the client may see it, or None if it must be masked."""
    root = root_of(error)
    if isinstance(root, PublicError):
        return root
    refused = root if isinstance(root, RequestRefused) else explain(root)
    if refused is not None:
        return PublicError(refused.message, code=refused.code, **refused.extensions)
    if _is_coercion_error(error, root):
        renamed = rename(error.message)
        message = renamed or "A value does not match the schema."
        if development:
            message = f"{renamed} {error.message}" if renamed else error.message
        return PublicError(message, code=VARIABLES_INVALID)
    match root:
        case GraphQLSyntaxError():
            message, code = root.message, PARSE_FAILED
        case MissingQueryError():
            message, code = "The document is empty.", PARSE_FAILED
        case CannotGetOperationTypeError():
            message, code = root.as_http_error_reason(), OPERATION_NOT_FOUND
        case InvalidOperationTypeError():
            message = f"A {root.operation_type.value} is not allowed here."
            code = OPERATION_NOT_ALLOWED
        case _:
            return None
    return PublicError(message, code=code)


def _is_coercion_error(error: GraphQLError, root: BaseException) -> bool:
    """Whether a value that the client sent for a variable or an argument was refused.

    Strawberry refuses an input of which not exactly one field is given. All else is graphql-core's,
    which has no class for it: of a variable they point at its definition and have no path; two
    messages of the same origin point nowhere. Of an argument (a null where the default
    was relied on) they are plain errors, with the path of the field whose argument it is, or whose
    selection has the directive: `@skip` on a root field has none.
    """
    if isinstance(root, StrawberryInputCoercionError):
        return True
    if type(root) is GraphQLError and error.message.startswith("Argument "):
        return True
    return error.path is None and (
        (error.nodes is not None and isinstance(error.nodes[0], VariableDefinitionNode))
        or error.message
        in {
            "Too many errors processing variables, error limit reached. Execution aborted.",
            "Variable values are nested too deeply.",
        }
    )


def root_of(error: BaseException) -> BaseException:
    """The exception that a resolver raised, out of what graphql-core wrapped it in."""
    while isinstance(error, GraphQLError) and not isinstance(error, PublicError):
        if error.original_error is None:
            break
        error = error.original_error
    return error


def _chain(fault: BaseException) -> list[BaseException]:
    """The fault and what caused it, newest first, at most eight."""
    chain: list[BaseException] = []
    current: BaseException | None = fault
    while current is not None and current not in chain and len(chain) < 8:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _frames(fault: BaseException) -> list[str]:
    """Where the fault was raised, innermost last, at most twenty places."""
    frames: list[str] = []
    trace = fault.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        file = "/".join(code.co_filename.split("/")[-3:])
        frames.append(f"{file}:{trace.tb_lineno} {code.co_qualname}")
        trace = trace.tb_next
    return frames[-20:]
