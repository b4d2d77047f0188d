"""Whether a port can be listened on, asked before anything is started there."""

import errno
import socket


def port_problem(host: str, port: int, host_variable: str, port_variable: str) -> str | None:
    """Why a server could not listen there now, in a line that names the variable to change; None when it could."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return f"{host_variable}: this machine knows no address of {host}"
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return (
                    f"port {port} is taken by another program: set {port_variable} to another one"
                )
            if error.errno == errno.EACCES:
                return f"port {port} may not be used by this user: set {port_variable} to one above 1023"
            return f"{host_variable}: {host} is no address of this machine ({error.strerror})"
    return None
