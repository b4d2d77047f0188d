"""Fixtures of the whole suite: real databases, a real server on a real socket, and the clients of both."""

from hypothesis import settings

from tests.application import mailer, served
from tests.databases import (
    database,
    database_kind,
    fresh_database,
    model_modules,
    pytest_terminal_summary,
    servers,
)

# A rule is not wrong because the machine is busy: what is bounded in time says so itself.
settings.register_profile("latchwork", deadline=None)
settings.load_profile("latchwork")

__all__ = [
    "database",
    "database_kind",
    "fresh_database",
    "mailer",
    "model_modules",
    "pytest_terminal_summary",
    "served",
    "servers",
]
