"""Whether a browser's page is ours: its Origin is the installation's public URL, over HTTP and on sockets alike.

Otherwise a page of another site could act with somebody's cookie. Neither `Host` nor a forwarded header is asked, since a
proxy sets them and the public URL is what people open.
"""

from api.protocol import RequestRefused
from domain.errors import WrongAddress
from domain.installation import Installation


def is_own(installation: Installation, origin: str | None) -> bool:
    """Whether this `Origin` header is of our own pages; a request without one is not by a page."""
    return origin == installation.public_url


def foreign_page(installation: Installation) -> RequestRefused:
    """The refusal (401) of a cookie from a page with another origin."""
    return RequestRefused(
        401,
        "FOREIGN_ORIGIN",
        WrongAddress(installation.public_url).message,
        {"www-authenticate": 'DPoP error="invalid_request", algs="ES256"'},
        {"expectedOrigin": installation.public_url},
    )
