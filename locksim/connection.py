"""One socket of a lock, by graphql-transport-ws, and how long a lock waits before the next.

A challenge by POST, the proof in `connection_init`, one subscription and one mutation at a time.
Whatever is not understood ends the connection, which costs a reconnect and nothing else. Seals are
opened by the firmware.

The wait is random and grows with each failure: locks that come back together would hammer a server
that is already in trouble, and two devices with one secret would displace each other as fast as they
can connect. It never grows beyond half a minute.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from domain.security import base64url
from locksim.signals import (
    Delivery,
    FeedStart,
    Inbound,
    Report,
    Reported,
    ReportRefused,
    SealedTime,
    UnlockCommand,
)

OPEN_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 20.0
"""Seconds after which a report without an answer ends the connection."""
PING_S = 20.0
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
BACKOFF_FIRST_S = 0.5
BACKOFF_MOST_S = 30.0
STEADY_S = 5.0
"""Seconds that a connection must last for the waits to begin anew."""
UNDISPLACED_S = 2 * BACKOFF_MOST_S
"""The same where the server completed the feed: longer than another device with this lock's secret stays away."""
_PROTOCOL = Subprotocol("graphql-transport-ws")
_FEED = "feed"
_MAX_REASON = 200
"""Characters of the server's message that are kept for the log."""
_CHALLENGE = "query($id: ID!) { lockChallenge(lockId: $id) }"
_SUBSCRIPTION = """subscription($lock: ID!, $incarnation: String!, $epoch: Int!, $revision: Int!) {
  lockFeed(lockId: $lock, incarnation: $incarnation, epoch: $epoch, appliedRevision: $revision) {
    __typename
    ... on Delivery { id sealed }
    ... on UnlockCommand { id sealed }
    ... on SealedTime { id sealed }
  }
}"""
_REPORT = """mutation($input: ReportLockInput!) {
  reportLock(input: $input) {
    __typename
    ... on LockReported { stateId eventsUpTo refused { sequence code message } }
    ... on Error { message }
  }
}"""
_FEED_TYPES: Mapping[object, Callable[[str, bytes], Inbound]] = {
    "Delivery": Delivery,
    "UnlockCommand": UnlockCommand,
    "SealedTime": SealedTime,
}


class LinkLost(Exception):
    """The connection cannot go on: refused, ended, silent or not understood. Try again later."""


class FeedCompleted(LinkLost):
    """The server has ended the feed: another has taken its place, or this incarnation of the lock is over."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the API is, from its base URL or that of its GraphQL endpoint.

    Raises ValueError for anything but http and https with a host.
    """

    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the server's URL must be http or https with a host")
        path = parts.path.rstrip("/")
        path = path if path.endswith("/graphql") else f"{path}/graphql"
        object.__setattr__(self, "url", urlunsplit((parts.scheme, parts.netloc, path, "", "")))

    @property
    def socket_url(self) -> str:
        """The same endpoint for websockets."""
        return "ws" + self.url.removeprefix("http")


class Connection:
    """An acknowledged socket of one lock."""

    def __init__(self, socket: ClientConnection, lock_id: str) -> None:
        self._socket = socket
        self._lock_id = lock_id
        self._reports = 0
        self._answer_due_s: float | None = None

    @classmethod
    async def open(
        cls,
        address: ServerAddress,
        http: httpx.AsyncClient,
        lock_id: str,
        prove: Callable[[str], str],
        said: Mapping[str, object],
    ) -> Self:
        """Fetch a challenge, prove the key over it, say what the firmware reads, and wait for the acknowledgement.

        Raises LinkLost for whatever stands in the way.
        """
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                proof = prove(await _challenge(address, http, lock_id))
                # A lock has no proxy and nothing to compress: what it sends is sealed.
                socket = await connect(
                    address.socket_url,
                    subprotocols=[_PROTOCOL],
                    compression=None,
                    proxy=None,
                    open_timeout=None,
                    close_timeout=1,
                    ping_interval=PING_S,
                    ping_timeout=PING_S,
                    max_size=MAX_MESSAGE_BYTES,
                )
                connection = cls(socket, lock_id)
                try:
                    await connection._initialise(proof, said)
                except BaseException:
                    await socket.close()
                    raise
                return connection
        except (TimeoutError, OSError, httpx.HTTPError, WebSocketException) as error:
            raise LinkLost(f"cannot connect: {type(error).__name__}") from error

    async def subscribe(self, start: FeedStart) -> None:
        """Ask for the feed. Raises LinkLost."""
        variables = {
            "lock": start.lock_id,
            "incarnation": start.incarnation,
            "epoch": start.epoch,
            "revision": start.applied_revision,
        }
        await self._operation(_FEED, _SUBSCRIPTION, variables)

    async def report(self, report: Report) -> None:
        """Send a report; its answer comes as a message. Raises LinkLost."""
        self._reports += 1
        self._answer_due_s = asyncio.get_running_loop().time() + ANSWER_TIMEOUT_S
        variables = {"input": report.to_input(self._lock_id)}
        await self._operation(f"report-{self._reports}", _REPORT, variables)

    async def messages(self) -> AsyncIterator[Inbound]:
        """What the server sends, until the connection is lost: it ends by LinkLost only."""
        while True:
            message = await self._receive()
            kind, name = message.get("type"), message.get("id")
            if kind == "ping":
                await self._send({"type": "pong"})
            elif kind == "next" and name == _FEED:
                inbound = _feed_item(message.get("payload"))
                if inbound is not None:
                    yield inbound
            elif kind == "complete" and name == _FEED:
                raise FeedCompleted("the feed was completed")
            elif name == _FEED:
                raise LinkLost(f"the feed ended: {kind}")
            elif kind in ("next", "error"):
                self._answer_due_s = None
                yield _answer(message.get("payload"))

    async def close(self) -> None:
        """Close the socket; waits a second at most."""
        await self._socket.close()

    async def _initialise(self, proof: str, said: Mapping[str, object]) -> None:
        payload = {"lock": {"id": self._lock_id, "proof": proof, **said}}
        await self._send({"type": "connection_init", "payload": payload})
        while (message := await self._receive()).get("type") != "connection_ack":
            if message.get("type") == "ping":
                await self._send({"type": "pong"})

    async def _operation(self, name: str, query: str, variables: Mapping[str, object]) -> None:
        payload = {"query": query, "variables": variables}
        await self._send({"id": name, "type": "subscribe", "payload": payload})

    async def _send(self, message: Mapping[str, object]) -> None:
        try:
            await self._socket.send(orjson.dumps(message).decode())
        except WebSocketException as error:
            raise LinkLost(f"closed: {type(error).__name__}") from error

    async def _receive(self) -> Mapping[str, object]:
        try:
            async with asyncio.timeout_at(self._answer_due_s):
                text = await self._socket.recv()
            message = orjson.loads(text)
        except WebSocketException as error:
            code = self._socket.close_code
            raise LinkLost(f"closed: {type(error).__name__} {code}") from error
        except TimeoutError:
            raise LinkLost("a report was not answered") from None
        except orjson.JSONDecodeError:
            raise LinkLost("a message is not JSON") from None
        if not isinstance(message, dict):
            raise LinkLost("a message is no object")
        return message


def failures_after(failures: int, lasted_s: float, *, completed: bool) -> int:
    """Failures in a row, with the connection that was lost now after `lasted_s` seconds.

    `completed`: the server ended the feed, as it does when a newer one of the same lock has begun.
    """
    return 0 if lasted_s >= (UNDISPLACED_S if completed else STEADY_S) else failures + 1


def backoff_ceiling_s(failures: int) -> float:
    """The longest wait, in seconds, after so many failures in a row; the wait is drawn below it."""
    return min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2.0 ** min(failures, 16))


async def _challenge(address: ServerAddress, http: httpx.AsyncClient, lock_id: str) -> str:
    body = {"query": _CHALLENGE, "variables": {"id": lock_id}}
    response = await http.post(address.url, json=body)
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise LinkLost(f"no challenge: status {response.status_code}") from None
    challenge = _field(_field(answer, "data"), "lockChallenge")
    if not isinstance(challenge, str):
        raise LinkLost(f"no challenge: status {response.status_code}")
    return challenge


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _feed_item(payload: object) -> Inbound | None:
    """The message of the feed; None for a type that this lock does not know."""
    item = _field(_field(payload, "data"), "lockFeed")
    if item is None:
        raise FeedCompleted(f"the feed was refused: {_reason(payload)}")
    kind = _FEED_TYPES.get(_field(item, "__typename"))
    if kind is None:
        return None
    name, sealed = _field(item, "id"), _field(item, "sealed")
    if not isinstance(name, str) or not isinstance(sealed, str):
        raise LinkLost("the feed sent half a message")
    try:
        data = base64url.decode(sealed)
    except ValueError:
        raise LinkLost("the feed sent what is not base64url") from None
    return kind(name, data)


def _reason(payload: object) -> str:
    """Why, as the server says it."""
    errors = _field(payload, "errors")
    said = _field(errors[0], "message") if isinstance(errors, list) and errors else None
    return said[:_MAX_REASON] if isinstance(said, str) else "it did not say why"


def _answer(payload: object) -> Inbound:
    """What became of a report."""
    answer = _field(_field(payload, "data"), "reportLock")
    state_id, up_to = _field(answer, "stateId"), _field(answer, "eventsUpTo")
    if _field(answer, "__typename") != "LockReported" or not isinstance(up_to, int):
        return ReportRefused()
    refused = _field(answer, "refused")
    sequences = [_field(each, "sequence") for each in refused] if isinstance(refused, list) else []
    return Reported(
        state_id if isinstance(state_id, str) else None,
        up_to,
        tuple(each for each in sequences if isinstance(each, int)),
    )
