"""Serving the keypad page beside the fleet, on a loopback address and nowhere else.

Whoever opens the page has the keys, the card and the power switch of every lock. So the address is
not a setting.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from locksim.fleet import Fleet
from locksim.panel.app import Panel

ADDRESS = "127.0.0.1"


class _QuietServer(uvicorn.Server):
    """Leaves the process's signals to the fleet."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(port: int) -> socket.socket:
    """A listening socket on this machine; port 0 takes any that is free. Raises OSError."""
    # With its protocol named, asyncio sends each answer at once; else one waits for the client's last acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


async def serve(fleet: Fleet, listener: socket.socket) -> None:
    """Serve the page until cancelled."""
    panel = Panel(fleet)
    config = uvicorn.Config(
        panel.app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(task)
    finally:
        panel.close()
        server.should_exit = True
        await task
