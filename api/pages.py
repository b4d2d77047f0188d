"""What is served beside GraphQL: health, metrics, and the plain pages behind links."""

import asyncio
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.observability import metrics_text
from domain.database import DatabaseUnavailable, healthy
from domain.recorded_keys.service import missing_keys
from domain.security.keys import Keyring

_PATIENCE_SECONDS = 2.0
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}
_LINKS = ("i", "join", "reset")
"""The folders of `web` with a page for each kind of link. What stands in a link behind `#` never reaches this server."""


_SENT_HERE = "latchwork_sent_here"
_SENT_HERE_SECONDS = 10


class _Files(StaticFiles):
    """Files with the headers that hold for all that pages are made of."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


class _Pages(_Files):
    """Pages, which are opened at the installation's own address.

    At another one, such as `localhost` in place of 127.0.0.1, a page would load, and then neither sign in nor prove a key:
    the browser is sent on before. GraphQL is never redirected.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        request = Request(scope)
        origin = urlsplit(request.app.state.public_url)
        # The port does not count: a proxy may leave it out. Where a proxy hides the name too, everybody would be sent round
        # in circles; whoever was sent on just now gets the page.
        if request.url.hostname == origin.hostname or _SENT_HERE in request.cookies:
            return await super().get_response(path, scope)
        there = request.url.replace(scheme=origin.scheme, netloc=origin.netloc)
        response = RedirectResponse(there, headers={"cache-control": "no-store"})
        response.set_cookie(
            _SENT_HERE, "1", max_age=_SENT_HERE_SECONDS, httponly=True, samesite="lax"
        )
        return response


async def healthz(request: Request) -> Response:
    """Alive: the process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """Ready: the database answers, and this process has all of its keys."""
    database = await healthy()
    keys = database and await _has_all_keys(request.app.state.keys)
    return JSONResponse(
        {"database": database, "keys": keys}, status_code=200 if database and keys else 503
    )


async def _has_all_keys(keys: Keyring) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return not await missing_keys(keys)
    except (DatabaseUnavailable, TimeoutError):
        return False


async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    return PlainTextResponse(metrics_text())


ROUTES = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
    Mount("/assets", _Files(packages=[("web", "assets")])),
    *(Mount(f"/{name}", _Pages(packages=[("web", name)], html=True)) for name in _LINKS),
]
