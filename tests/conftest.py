"""Fixtures of the whole suite: real databases, a real server on a real socket, and the clients of both."""

from tests.databases import (
    database,
    database_kind,
    fresh_database,
    model_modules,
    pytest_terminal_summary,
    servers,
)
from tests.serving import mailer, served

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
