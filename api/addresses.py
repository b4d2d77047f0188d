"""Addresses from the environment and the command line, checked and brought into the one form that is compared later.

Proofs and `Origin` headers are compared with the public address letter by letter, so one that a browser would spell
otherwise must not get through. No message repeats what was given: it may hold a password.
"""

import re
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN = (
    "must be http:// or https:// with a host and at most a port, such as https://doors.example"
)


def checked_host(text: str) -> str:
    """A host name, or an IP address without brackets, in small letters. Raises ValueError."""
    host = text.strip().lower().removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(host))
    except ValueError:
        if not _NAME.fullmatch(host) or re.fullmatch(r"[0-9.]+", host):
            raise ValueError("must be an IP address or a host name, such as 127.0.0.1") from None
    return host


def checked_origin(text: str) -> str:
    """`scheme://host[:port]` as browsers spell it: small letters, no default port, no slash. Raises ValueError."""
    try:
        parts = urlsplit(text.strip())
        host, port = checked_host(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(_ORIGIN) from None
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in _DEFAULT_PORTS or any(rest) or port == 0:
        raise ValueError(_ORIGIN)
    return origin(parts.scheme, host, None if port == _DEFAULT_PORTS[parts.scheme] else port)


def origin(scheme: str, host: str, port: int | None) -> str:
    """The address made of these parts."""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" if port is None else f"{scheme}://{shown}:{port}"


def on_this_machine(host: str) -> bool:
    """Whether what is sent to this host stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reached_by(host: str) -> str:
    """The host by which this machine reaches a server that listens there: "every address" is none to connect to."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if isinstance(address, IPv6Address) else "127.0.0.1"


def checked_proxies(text: str) -> str:
    """IP addresses and networks separated by commas, or `*` for everybody. Raises ValueError."""
    found = [each.strip() for each in text.split(",") if each.strip()]
    for each in found:
        try:
            if each != "*":
                ip_network(each)
        except ValueError:
            raise ValueError(
                "must be IP addresses or networks separated by commas, such as 127.0.0.1,10.0.0.0/8"
            ) from None
    return ",".join(found)
