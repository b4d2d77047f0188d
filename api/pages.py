"""What is served beside GraphQL: health, metrics, and the plain pages behind links."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.observability import metrics_text
from domain.database import healthy

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
_FOLDERS = ("assets", "i", "join", "reset")
"""The folders of `web` that are served, under their own names: style and scripts, and a page for each kind of link.

What stands in a link behind `#` never reaches this server.
"""


class _Pages(StaticFiles):
    """Files with the headers that hold for all of our pages."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


async def healthz(request: Request) -> Response:
    """Alive: the process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """Ready: the database answers."""
    ready = await healthy()
    return JSONResponse({"database": ready}, status_code=200 if ready else 503)


async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    return PlainTextResponse(metrics_text())


ROUTES = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
    *(Mount(f"/{name}", _Pages(packages=[("web", name)], html=True)) for name in _FOLDERS),
]
