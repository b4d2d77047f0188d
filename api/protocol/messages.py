"""The client's half of graphql-transport-ws: text in, a message or the reason to close out. No I/O.

Whatever arrives is either one of the five messages a client may send, of the right types, or the
close code that the protocol names for it. Never an exception, which would end the socket with 1011
and a line in the log for every message of a fuzzer.

Protocol: graphql-transport-ws, as published with the npm package graphql-ws (PROTOCOL.md).
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from api.protocol.caching import decode_json, encode_json

_LONGEST_ID: Final = 128  # characters; the id comes back in every message of the operation
_LONGEST_REASON: Final = 123  # bytes; RFC 6455 5.5 leaves no more beside the code


class Closing(NamedTuple):
    """A close code (RFC 6455 7.4; 4000-4999 are the protocol's) and a reason for the client."""

    code: int
    reason: str

    def fitted(self) -> "Closing":
        """The same with a reason of at most 123 bytes of UTF-8, cut between characters."""
        raw = self.reason.encode("utf-8", "replace")[:_LONGEST_REASON]
        return Closing(self.code, raw.decode("utf-8", "ignore"))


@dataclass(frozen=True, slots=True)
class ConnectionInit:
    """The first message; its payload is what the client authenticates by."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered by a `pong`, with the same payload if there is one."""

    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """An answer to a `ping`, or unasked; nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """An operation to run, of any type, under an id of the client's choice."""

    id: str
    query: str
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of this operation."""

    id: str


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete


def read_message(text: str) -> ClientMessage | Closing:
    """The message of a text frame, or the `Closing` (4400) that answers a malformed one.

    Never raises.
    """
    try:
        sent = decode_json(text)
    except ValueError:
        return _bad("The message is not well-formed JSON")
    if not isinstance(sent, dict):
        return _bad("The message is not an object")
    match sent.get("type"):
        case "subscribe":
            return _subscribe(sent)
        case "complete":
            id_ = _id(sent)
            return id_ if isinstance(id_, Closing) else Complete(id_)
        case "connection_init" | "ping" | "pong" as kind:
            return _with_payload(kind, sent.get("payload"))
        case _:
            return _bad("The message's type is not one that a client may send")


def _with_payload(kind: str, payload: object) -> ClientMessage | Closing:
    if not isinstance(payload, dict | None):
        return _bad(f"The payload of {kind} is not an object")
    if kind == "connection_init":
        return ConnectionInit(payload or {})
    if kind == "pong":
        return Pong()
    try:
        encode_json({"payload": payload})
    except TypeError:  # JSON is read some 1,000 levels deep and written some 250
        return _bad("The payload of ping is nested too deeply to be sent back")
    return Ping(payload)


def _subscribe(sent: dict[str, Any]) -> Subscribe | Closing:
    id_ = _id(sent)
    if isinstance(id_, Closing):
        return id_
    payload = sent.get("payload")
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return _bad("The payload of subscribe has no query")
    name = payload.get("operationName")
    variables = payload.get("variables")
    extensions = payload.get("extensions")
    if not (
        isinstance(name, str | None)
        and isinstance(variables, dict | None)
        and isinstance(extensions, dict | None)
    ):
        return _bad("The payload of subscribe has an entry of the wrong type")
    return Subscribe(id_, payload["query"], name, variables, extensions)


def _id(sent: dict[str, Any]) -> str | Closing:
    id_ = sent.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= _LONGEST_ID:
        return _bad(f"The id is not a string of 1 to {_LONGEST_ID} characters")
    return id_


def _bad(reason: str) -> Closing:
    return Closing(4400, reason)
