"""The names of our cookies.

Where https is served they have the `__Host-` prefix (RFC 6265bis, 4.1.3.2): a browser takes them from this host alone,
over TLS alone, so that neither a neighbouring host nor anybody on the network can replace them.
"""

from domain.installation import Installation

_SESSION, _KNOWN = "latchwork_session", "latchwork_known"
_PREFIX = "__Host-"


def is_secure(installation: Installation) -> bool:
    """Whether browsers reach this server over https."""
    return installation.public_url.startswith("https://")


def session_cookie(installation: Installation) -> str:
    """Holds a console's sign-in."""
    return _named(installation, _SESSION)


def known_cookie(installation: Installation) -> str:
    """Holds what a browser that has signed in before is known by."""
    return _named(installation, _KNOWN)


def _named(installation: Installation, name: str) -> str:
    return f"{_PREFIX}{name}" if is_secure(installation) else name
