"""Fixtures of the whole suite: real databases, a real server on a real socket, and the clients of both."""

from hypothesis import settings

from tests.application import mailer, served
from tests.databases import (
    bus_url,
    database,
    database_kind,
    fresh_database,
    made_once,
    model_modules,
    servers,
)
from tests.left_out import pytest_terminal_summary
from tests.nats_server import nats_configuration, nats_server

# A rule is not wrong because the machine is busy: what is bounded in time says so itself.
settings.register_profile("latchwork", deadline=None)
settings.load_profile("latchwork")

__all__ = [
    "bus_url",
    "database",
    "database_kind",
    "fresh_database",
    "made_once",
    "mailer",
    "model_modules",
    "nats_configuration",
    "nats_server",
    "pytest_terminal_summary",
    "served",
    "servers",
]
