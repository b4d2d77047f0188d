"""Where NATS is: `nats://` or `tls://`, as it stands in the environment."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

PORT = 4222


@dataclass(frozen=True)
class NatsAddress:
    """The servers of one cluster, as URLs without credentials, and what we say to be let in.

    `user` alone is a token. `tls` demands it; without, it is used where a server demands it.
    """

    servers: tuple[str, ...]
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    tls: bool

    @classmethod
    def of(cls, url: str) -> "NatsAddress":
        """Reads `nats://user:password@host:4222,host2:4222`. Raises `ValueError`, which does not repeat the URL."""
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"nats", "tls"}:
            raise ValueError("a bus URL begins with nats:// or tls://")
        credentials, _, hosts = rest.rpartition("@")
        if any(sign in credentials for sign in "/?#@"):
            raise ValueError("in a bus URL's password / ? # @ are written as %2F %3F %23 %40")
        user, colon, password = credentials.partition(":")
        return cls(
            servers=tuple(_server(each) for each in hosts.split(",")),
            user=unquote(user) if user else None,
            password=unquote(password) if colon else None,
            tls=scheme == "tls",
        )


def _server(host: str) -> str:
    fault = "a bus URL has a host and at most a port for each server, and nothing after them"
    try:
        parts = urlsplit(f"nats://{host}")
        port = PORT if parts.port is None else parts.port
    except ValueError:  # its own message would quote a part of the URL
        raise ValueError(fault) from None
    if not parts.hostname or port == 0 or parts.netloc != host:
        raise ValueError(fault)
    shown = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"nats://{shown}:{port}"
