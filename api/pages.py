"""What is served beside GraphQL: health, metrics, and the plain pages behind links."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

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
_ASSETS = frozenset({"pages.css", "invitation.js", "link.js"})
_TYPES = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}


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


def _file(name: str) -> Response:
    text = resources.files("web").joinpath(name).read_text("utf-8")
    return HTMLResponse(text, media_type=_TYPES[name[name.rindex(".") :]], headers=_HEADERS)


async def invitation_page(request: Request) -> Response:
    """The page behind an invitation link: the code stands behind `#`, so it never reaches this server."""
    return _file("invitation.html")


async def join_page(request: Request) -> Response:
    """The page behind a mailed membership link."""
    return _file("join.html")


async def reset_page(request: Request) -> Response:
    """The page behind a mailed password link."""
    return _file("reset.html")


async def asset(request: Request) -> Response:
    """A style sheet or script of the pages."""
    name = request.path_params["name"]
    if name not in _ASSETS:
        return PlainTextResponse("Not found\n", status_code=404)
    return _file(name)


ROUTES = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
    Route("/i/", invitation_page),
    Route("/join/", join_page),
    Route("/reset/", reset_page),
    Route("/assets/{name}", asset),
]
