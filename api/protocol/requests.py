"""From bytes and headers to one GraphQL request, or to the reason why not.

Everything here runs before anyone is authenticated, on input that anyone may send: no more of a
body is held than the limit, and malformed input is answered, never an exception. RefusedDocuments are
`RequestRefused`: a status, a code and a message that depend on the form of the request only.

Sections are of the GraphQL over HTTP specification (draft), "Request" and "Media Types".
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.requests import Request

from api.protocol.caching import decode_json

JSON: Final = "application/json"
GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
_DRAINED_BYTES: Final = 16 * 1024 * 1024
_DRAIN_SECONDS: Final = 2.0
_MOST_VALUES: Final = 20_000  # punctuation in strings included; what may be meant is far less


class RequestRefused(Exception):
    """The request is answered with an HTTP status instead of being executed.

    `status` is the HTTP status, `code` becomes `extensions.code`, `message` is for the client,
    `headers` are added to the response, `extensions` to the error's. Raised while a socket is
    authenticated, it closes that with 4403 and the message (4400 for status 400, 1013 if it is temporary); raised
    for one of its operations, it is that operation's `error`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extensions = dict(extensions or {})

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may be granted a little later."""
        return self.status == 503

    def formatted(self) -> dict[str, Any]:
        """The refusal as an entry of `errors`."""
        return {"message": self.message, "extensions": {**self.extensions, "code": self.code}}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The four parameters of a GraphQL request ("Request Parameters"), of the right types."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


def response_type(accept: str | None) -> str:
    """The media type to answer with, by the `Accept` header ("Media Types", RFC 9110 12.5.1).

    No header, and wildcards, mean `application/json`; of two equally wanted, the newer type.
    Raises RequestRefused (406) when neither is acceptable.
    """
    if not accept or not accept.strip():
        return JSON
    quality: dict[str, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_type and _utf8(parameters):
            quality[media_type] = _quality(parameters)
    anything = quality.get("application/*", quality.get("*/*", 0.0))
    plain = quality.get(JSON, anything)
    newer = quality.get(GRAPHQL_RESPONSE, 0.0 if plain else anything)
    if newer > 0 and newer >= plain:
        return GRAPHQL_RESPONSE
    if plain > 0:
        return JSON
    message = f"The response can be {GRAPHQL_RESPONSE} or {JSON}."
    raise RequestRefused(406, "NOT_ACCEPTABLE", message)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _utf8(parameters: list[str]) -> bool:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(' "') not in {"utf-8", "utf8"}:
            return False
    return True


def check_content_type(request: Request) -> None:
    """Refuse (415) a body that is not JSON in UTF-8, as sent.

    Browsers cannot send JSON across origins unasked.
    """
    media_type, *parameters = (
        piece.strip().lower() for piece in request.headers.get("content-type", "").split(";")
    )
    if media_type != JSON or not _utf8(parameters):
        message = "The body must be application/json in UTF-8."
        raise RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", message)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        message = "The body must not be compressed."
        raise RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", message)


async def read_body(request: Request, *, limit: int, seconds: float) -> bytes:
    """The whole body, at most `limit` bytes, within `seconds`.

    Raises RequestRefused: 413 as soon as the body is known to be longer; 408 when it does not
    arrive in time. Where the connection is kept, what a client still sends is dropped by the server
    behind the answer. Where the client asked to close it, some of that is read first (`_drain`).
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > limit):
        if "expect" not in request.headers:  # who waits for "100 Continue" has sent none of it yet
            await _drain(request)
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    await _drain(request)
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        raise RequestRefused(408, "REQUEST_TIMEOUT", "The body did not arrive in time.") from None
    return b"".join(chunks)


async def _drain(request: Request) -> None:
    """Read and drop what follows, within bounds, if the connection is closed after the answer.

    To close it over bytes that were not read resets it, and takes the answer from the client.
    """
    closes = "close" in request.headers.get("connection", "").lower()
    if not closes and request.scope.get("http_version") != "1.0":
        return
    left = _DRAINED_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    return


def _too_large(limit: int) -> RequestRefused:
    return RequestRefused(413, "BODY_TOO_LARGE", f"The body must be at most {limit} bytes.")


def parameters_of_body(body: bytes) -> Parameters:
    """The parameters of a POST.

    Raises RequestRefused (400) for anything but one well-formed object, and unread for one that
    holds too many values: making them costs more than their bytes.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _MOST_VALUES:
        raise _malformed("The body holds too many values.")
    sent = _json(body, "The body")
    if isinstance(sent, list):
        raise _malformed("Batches are not supported: send one request at a time.")
    if not isinstance(sent, dict):
        raise _malformed("The body must be a JSON object.")
    return _checked(sent)


def parameters_of_url(params: QueryParams, *, limit: int) -> Parameters:
    """The parameters of a GET. Raises RequestRefused: 414 when they are long, 400 when malformed.

    An empty parameter counts as absent ("GET").
    """
    if sum(len(value) for _, value in params.multi_items()) > limit:
        raise RequestRefused(414, "URL_TOO_LONG", f"The parameters exceed {limit} characters.")
    sent: dict[str, Any] = {}
    for name in ("query", "operationName", "variables", "extensions"):
        values = [value for value in params.getlist(name) if value]
        if len(values) > 1:
            raise _malformed(f"`{name}` must be given once.")
        if values:
            is_json = name in {"variables", "extensions"}
            sent[name] = _json(values[0], f"`{name}`") if is_json else values[0]
    return _checked(sent)


def _json(data: bytes | str, what: str) -> Any:
    try:
        return decode_json(data)
    except ValueError:
        raise _malformed(f"{what} is not well-formed JSON in UTF-8.") from None


def _checked(sent: dict[str, Any]) -> Parameters:
    query = sent.get("query")
    if not isinstance(query, str) or not query:
        raise _malformed("`query` must be a document in GraphQL, as a string.")
    name = sent.get("operationName")
    if not isinstance(name, str | None):
        raise _malformed("`operationName` must be a string.")
    variables = sent.get("variables")
    if not isinstance(variables, dict | None):
        raise _malformed("`variables` must be an object.")
    extensions = sent.get("extensions")
    if not isinstance(extensions, dict | None):
        raise _malformed("`extensions` must be an object.")
    return Parameters(query, name, variables, extensions)


def _malformed(message: str) -> RequestRefused:
    return RequestRefused(400, "BAD_REQUEST", message)
