"""The keypad page: what a person can see of a lock and do to it, over HTTP on this machine.

It gives a browser the same keys, card and switches that a hand would find at the door, and no more:
no PIN list, no secret. Digits arrive in bodies of requests and are passed on, never logged. So that
no other site's page can press the keys, only this machine's names are taken as Host, and what acts
needs JSON from the page's own Origin. A lock's radio is for any page: phone apps are pages of their own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from domain.link.digests import CARD_UID_BYTES
from domain.security import base64url
from locksim.fleet import Fleet
from locksim.keypad import Key
from locksim.phone_link import NoCourier, Presented
from locksim.signals import Signal
from locksim.simulated_lock import PowerIsOff, SimulatedLock

STATIC = Path(__file__).parent / "static"
LOOPBACK = ["127.0.0.1", "localhost"]
MAX_BODY_BYTES = 4096
MAX_CARRIED_BYTES = 2 * 1024 * 1024
"""A body with what a phone brings: a bundle, in base64."""
MAX_KEYS = 64
MAX_STEP_MS = 400 * 24 * 3600 * 1000
MAX_DRIFT_PPM = 100_000
MAX_STATE_BYTES = 100_000_000
WAITING_CHANGES = 200
"""Changes that may wait for one page; a page that is slower starts again."""
HEARTBEAT_S = 15.0
_RADIO = ["POST", "OPTIONS"]
Endpoint = Callable[[Request], Awaitable[Response]]
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ActionRefused(Exception):
    """What was asked cannot be done; the message says what to change and quotes nothing."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def view(lock: SimulatedLock) -> dict[str, object]:
    """All that the page shows of a lock."""
    seen = lock.view
    return {
        "key": lock.key,
        "lockId": lock.provisioning.lock_id,
        "name": lock.provisioning.name,
        "zone": lock.zone,
        "power": lock.power.on,
        "network": lock.network.on,
        "silent": lock.silent,
        "driftPpm": lock.clock.drift_ppm,
        "online": lock.online,
        "running": seen is not None,
        "doorOpen": seen is not None and seen.bolt_drawn,
        "typed": seen.typed if seen else 0,
        "hasKeypad": lock.provisioning.has_keypad,
        "pinEnabled": seen is not None and seen.pin_enabled,
        "smartPinEnabled": seen is not None and seen.smartpin_enabled,
        "lockedOut": seen is not None and seen.locked_out,
        "nowMs": seen.now_ms if seen else None,
        "keypads": [
            {
                "id": each.reader_id,
                "name": each.name,
                "typed": each.typed,
                "pinEnabled": each.pin_enabled,
            }
            for each in (seen.keypads if seen else ())
        ],
    }


class Panel:
    """The page's server side for one fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._closing = False
        self._streams: set[asyncio.Queue[bytes | None]] = set()

    @property
    def app(self) -> Starlette:
        """The application: the page, the state of the locks, its changes, and the actions."""
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/locks", self._locks),
                Route("/changes", self._changes),
                Route("/locks/{key}/phone/hello", self._radio(self._hello), methods=_RADIO),
                Route("/locks/{key}/phone", self._radio(self._phone), methods=_RADIO),
                Route("/locks/{key}/{action}", self._act, methods=["POST"]),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK)],
            exception_handlers={ActionRefused: _refused},
        )

    def close(self) -> None:
        """End the streams of changes, so that the server can stop."""
        self._closing = True
        for waiting in self._streams:
            if not waiting.full():
                waiting.put_nowait(None)

    async def _page(self, _: Request) -> Response:
        return FileResponse(STATIC / "panel.html", headers=_HEADERS)

    async def _locks(self, _: Request) -> Response:
        return _json([view(lock) for lock in self._fleet.locks.values()])

    async def _changes(self, _: Request) -> Response:
        headers = {**_HEADERS, "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[bytes]:
        """Server-sent events: all locks first, then each change with its signal."""
        waiting: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_CHANGES)

        def watch(lock: SimulatedLock, signal: Signal | None) -> None:
            if waiting.full():
                # The page is too slow: it is cut off, and begins again with all locks.
                waiting.get_nowait()
                waiting.put_nowait(None)
            else:
                waiting.put_nowait(_event({"lock": view(lock), "signal": signal}))

        self._fleet.watchers.add(watch)
        self._streams.add(waiting)
        try:
            change: bytes | None = self._all_locks()
            while change is not None and not self._closing:
                yield change
                try:
                    change = await asyncio.wait_for(waiting.get(), HEARTBEAT_S)
                except TimeoutError:
                    change = self._all_locks()
        finally:
            self._fleet.watchers.discard(watch)
            self._streams.discard(waiting)

    def _all_locks(self) -> bytes:
        """Said first, and whenever nothing else was said for a while: locks may have joined."""
        return _event({"locks": [view(lock) for lock in self._fleet.locks.values()]})

    async def _act(self, request: Request) -> Response:
        """Do one thing to one lock; the answer is the lock as it is then."""
        lock = self._lock(request.path_params["key"])
        action = _ACTIONS.get(request.path_params["action"])
        if action is None:
            raise ActionRefused(404, "there is no such action")
        body = await _body(request)
        with _reached():
            await action(lock, body)
        for watcher in tuple(self._fleet.watchers):
            watcher(lock, None)
        return _json(view(lock))

    @staticmethod
    def _radio(answer: Endpoint) -> Endpoint:
        """What a phone does here is open to pages of other origins, as the phone app is: a radio asks nobody for a name.

        It presses nothing, and what it brings is believed for its seal alone.
        """

        async def answered(request: Request) -> Response:
            origin = request.headers.get("origin")
            allowed = {
                "Access-Control-Allow-Origin": origin or "*",
                "Access-Control-Allow-Headers": "content-type",
                "Vary": "Origin",
            }
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=allowed)
            try:
                response = await answer(request)
            except ActionRefused as error:
                response = await _refused(request, error)
            response.headers.update(allowed)
            return response

        return answered

    async def _hello(self, request: Request) -> Response:
        """`{}`: a phone is held to the door. `{"hello": base64url}`."""
        lock = self._lock(request.path_params["key"])
        await _body(request, foreign=True)
        with _reached():
            return _json({"hello": base64url.encode(await lock.hello())})

    async def _phone(self, request: Request) -> Response:
        """`{"nonce", "lease", "bundle", "publicKey", "signature"}`, all but the nonce base64url, lease and bundle null where
        there is none: a phone hands over. `{"opened", "reasons", "receipts"}`."""
        lock = self._lock(request.path_params["key"])
        body = await _body(request, MAX_CARRIED_BYTES, foreign=True)
        presented = Presented(
            nonce=_text(body, "nonce"),
            lease=_carried(body, "lease"),
            bundle=_carried(body, "bundle"),
            public_key=_carried(body, "publicKey") or b"",
            signature=_carried(body, "signature") or b"",
        )
        with _reached():
            answer = await lock.present(presented)
        return _json(
            {
                "opened": answer.opened,
                "reasons": answer.reasons,
                "receipts": [base64url.encode(each) for each in answer.receipts],
            }
        )

    def _lock(self, key: str) -> SimulatedLock:
        for lock in self._fleet.locks.values():
            if key in (lock.key, lock.provisioning.lock_id):
                return lock
        raise ActionRefused(404, "there is no such lock")


async def _press(lock: SimulatedLock, body: dict[str, object]) -> None:
    """`{"keys": ["4", "0", "BACKSPACE", "ENTER"], "reader": "reader_…"}`; without `reader` at the first keypad."""
    keys = body.get("keys")
    names = {key.value: key for key in Key}
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        raise ActionRefused(422, f"keys must be a list of 1 to {MAX_KEYS} keys")
    pressed = [names.get(key) for key in keys if isinstance(key, str)]
    if len(pressed) != len(keys) or None in pressed:
        raise ActionRefused(422, "keys must be digits, BACKSPACE, CANCEL or ENTER")
    if not lock.provisioning.has_keypad:
        raise ActionRefused(409, "this lock has no keypad")
    reader = body.get("reader")
    known = [each.reader_id for each in lock.provisioning.keypads]
    if reader is not None and (not isinstance(reader, str) or reader not in known):
        raise ActionRefused(409, "this lock has no such keypad")
    await lock.press(*(key for key in pressed if key is not None), reader=reader)


async def _present(lock: SimulatedLock, body: dict[str, object]) -> None:
    """`{"uid": "04a1b2c3d4e5f6"}`."""
    uid = body.get("uid")
    try:
        data = bytes.fromhex(uid) if isinstance(uid, str) else b""
    except ValueError:
        data = b""
    if len(data) not in CARD_UID_BYTES:
        raise ActionRefused(422, "uid must be 4 to 10 bytes in hexadecimal")
    await lock.present_card(data)


async def _power(lock: SimulatedLock, body: dict[str, object]) -> None:
    """`{"on": false}`, or `{"cutAfterBytes": 100}`: in the middle of the next write of its state."""
    if "cutAfterBytes" in body:
        written = _number(body, "cutAfterBytes", MAX_STATE_BYTES)
        if written < 0:
            raise ActionRefused(422, "cutAfterBytes must not be negative")
        lock.cut_power_after(written)
        return
    lock.power.turn(on=_flag(body, "on"))


async def _network(lock: SimulatedLock, body: dict[str, object]) -> None:
    """`{"on": false}`."""
    lock.network.turn(on=_flag(body, "on"))


async def _silent(lock: SimulatedLock, body: dict[str, object]) -> None:
    """`{"on": true}`: unlock commands are no longer answered."""
    lock.silent = _flag(body, "on")


async def _clock(lock: SimulatedLock, body: dict[str, object]) -> None:
    """`{"stepMs": -3600000}`, `{"driftPpm": 200}` or `{"batteryEmpty": true}`.

    Steps and the empty battery concern the battery-backed clock: the lock notices when it starts.
    """
    if "stepMs" in body:
        lock.clock.step(_number(body, "stepMs", MAX_STEP_MS))
    elif "driftPpm" in body:
        lock.clock.drift(_number(body, "driftPpm", MAX_DRIFT_PPM))
    elif body.get("batteryEmpty") is True:
        lock.clock.lose_battery()
    else:
        raise ActionRefused(422, "one of stepMs, driftPpm and batteryEmpty is needed")


_ACTIONS: dict[str, Callable[[SimulatedLock, dict[str, object]], Awaitable[None]]] = {
    "keys": _press,
    "card": _present,
    "power": _power,
    "network": _network,
    "silent": _silent,
    "clock": _clock,
}


@contextlib.contextmanager
def _reached() -> Iterator[None]:
    """What stands in the way at the lock becomes an answer."""
    try:
        yield
    except PowerIsOff:
        raise ActionRefused(409, "the lock has no power") from None
    except NoCourier:
        raise ActionRefused(409, "the firmware of this lock speaks to no phones") from None


def _text(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise ActionRefused(422, f"{name} must be a text")
    return value


def _carried(body: dict[str, object], name: str) -> bytes | None:
    if body.get(name) is None:
        return None
    try:
        return base64url.decode(_text(body, name))
    except ValueError:
        raise ActionRefused(422, f"{name} must be base64url") from None


def _flag(body: dict[str, object], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise ActionRefused(422, f"{name} must be true or false")
    return value


def _number(body: dict[str, object], name: str, most: int) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > most:
        raise ActionRefused(422, f"{name} must be a whole number from -{most} to {most}")
    return value


async def _body(
    request: Request, most: int = MAX_BODY_BYTES, *, foreign: bool = False
) -> dict[str, object]:
    """The JSON object of a request of the page's own; a foreign page cannot send one, unless it may."""
    origin = request.headers.get("origin")
    if (
        not foreign
        and origin is not None
        and origin != f"{request.url.scheme}://{request.headers.get('host')}"
    ):
        raise ActionRefused(403, "the request comes from another page")
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ActionRefused(415, "the body must be application/json")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise ActionRefused(413, f"the body must have at most {most} bytes")
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ActionRefused(422, "the body must be a JSON object") from None
    if not isinstance(body, dict):
        raise ActionRefused(422, "the body must be a JSON object")
    return body


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, ActionRefused)
    return _json({"error": str(error)}, error.status)


def _event(value: object) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, headers=_HEADERS, media_type="application/json")
