"""Servers of the probe schema for the tests of the protocol: one for each mode, and others on demand."""

from collections.abc import Iterator

import pytest

from tests.api.protocol.probe_schema import SECRET, Probe
from tests.api.protocol.probe_server import Serve, Server, serving


@pytest.fixture(scope="session")
def _production() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def _development() -> Iterator[Server]:
    with serving(development=True) as server:
        yield server


def _reset(server: Server) -> Server:
    fresh = Probe()
    for name in vars(fresh):
        setattr(server.probe, name, getattr(fresh, name))
    return server


@pytest.fixture
def server(_production: Server) -> Server:
    """A server in production mode."""
    return _reset(_production)


@pytest.fixture
def development_server(_development: Server) -> Server:
    """A server in development mode."""
    return _reset(_development)


@pytest.fixture
def serve() -> Serve:
    """Starts a server with other options: `with serve(body_limit=10) as server`."""
    return serving


@pytest.fixture
def secret() -> str:
    """What must not be found in answers or logs."""
    return SECRET
