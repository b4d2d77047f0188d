"""The one database of this process: opened at start, closed at the end, named by a URL.

Tortoise keeps connections in context variables; handlers run in other contexts than the one that
connected, so the connection is made the global fallback. It connects once: two
SQLite connections would wait for each other. The URL is kept out of logs: it carries the password.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext

from domain import bus as buses
from domain.bus import Bus
from domain.bus.nats import NatsBus
from domain.bus.postgresql import PostgresBus
from domain.database import models
from domain.database.errors import translated
from domain.database.postgresql import PostgresClient
from domain.database.turns import Turns

APP = "latchwork"
ALIAS = "default"
MIGRATIONS = "migrations"
NO_TABLES = "domain.database.applied"
"""Tortoise refuses a configuration without any model."""

Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True)
class Address:
    """Where the database is. `target` is a file path, or a URL as asyncpg reads it."""

    kind: Kind
    target: str

    @classmethod
    def of(cls, url: str) -> "Address":
        """Raises `ValueError` for a URL of another kind; the message does not repeat the URL."""
        scheme, separator, rest = url.partition("://")
        if separator and scheme == "sqlite" and rest:
            return cls("sqlite", rest.split("?", 1)[0])
        if separator and scheme in {"postgresql", "postgres", "asyncpg"}:
            return cls("postgresql", f"postgresql://{rest}")
        raise ValueError("a database URL begins with sqlite:// or postgresql://")


@dataclass(frozen=True)
class Connected:
    """What `connect()` opened. `client` is the client outside of any transaction; `turns` are before its pool, if it
    has one.
    """

    address: Address
    context: TortoiseContext
    client: BaseDBAsyncClient
    bus: Bus
    turns: Turns | None


_connected: Connected | None = None


def connected() -> Connected:
    """Raises `RuntimeError` before `connect()` and after `disconnect()`."""
    if _connected is None:
        raise RuntimeError("the database is not connected")
    return _connected


def is_connected() -> bool:
    return _connected is not None


def tables_of(model_modules: Sequence[str] | None) -> Sequence[str]:
    """The modules given, or those of the product."""
    return models.MODEL_MODULES if model_modules is None else model_modules


def configuration(
    address: Address,
    model_modules: Sequence[str],
    migrations: str | None,
    *,
    alias: str = ALIAS,
    **options: Any,
) -> dict[str, Any]:
    """Tortoise's configuration; `options` are pragmas on SQLite, those of `PostgresClient` on PostgreSQL."""
    if address.kind == "sqlite":
        engine = "domain.database.sqlite"
        credentials = {"file_path": address.target, **options}
    else:
        engine = "domain.database.postgresql"
        credentials = {"dsn": address.target, **options}
    return {
        "connections": {alias: {"engine": engine, "credentials": credentials}},
        "apps": {
            APP: {
                "models": list(model_modules) or [NO_TABLES],
                "default_connection": alias,
                "migrations": migrations,
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def forget_statements() -> None:
    """Tortoise keeps each table's SQL by name and never drops it, even when another database or other
    models are connected.
    """
    EXECUTOR_CACHE.clear()


async def connect(
    url: str,
    *,
    bus_url: str = "",
    model_modules: Sequence[str] | None = None,
    migrations: str = MIGRATIONS,
    **options: Any,
) -> None:
    """Open the database and the bus: by default the database's own, NATS where `bus_url` names it.

    Raises `DatabaseUnavailable` if the database does not answer, `ValueError` for a URL that makes no sense.
    """
    global _connected  # noqa: PLW0603 - one process, one database
    if _connected is not None:
        raise RuntimeError("the database is already connected")
    address = Address.of(url)
    bus = _bus(address, bus_url)
    forget_statements()
    context = TortoiseContext()
    config = configuration(address, tables_of(model_modules), migrations, **options)
    with context:
        await context.init(config=config, _enable_global_fallback=True)
    client = context.connections.get(ALIAS)
    try:
        await client.create_connection(with_db=True)
        await client.execute_query("SELECT 1")
        with translated(connecting=True):
            await bus.start()
    except BaseException:
        await context.close_connections()
        raise
    buses.use(bus)
    turns = Turns(client.pool_maxsize) if isinstance(client, PostgresClient) else None
    _connected = Connected(address, context, client, bus, turns)


def _bus(address: Address, bus_url: str) -> Bus:
    if address.kind == "sqlite":
        if bus_url:
            raise ValueError("on SQLite there is one process, and no bus between processes")
        return Bus()
    return NatsBus(bus_url, address.target) if bus_url else PostgresBus(address.target)


async def disconnect() -> None:
    """Close the bus, then the database. Without it the process does not end. Does nothing when not
    connected.
    """
    global _connected
    was, _connected = _connected, None
    if was is None:
        return
    try:
        await was.bus.stop()
    finally:
        buses.use(None)
        await was.context.close_connections()


async def healthy(timeout_seconds: float = 2.0) -> bool:
    """Whether the database answers now; never raises for a database that does not."""
    if _connected is None:
        return False
    try:
        async with asyncio.timeout(timeout_seconds):
            await _connected.client.execute_query("SELECT 1")
    except Exception:
        return False
    return True
