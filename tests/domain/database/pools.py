"""Is everything given back? What a test asserts about the connection after it was rough with it."""

import asyncio
from typing import Any

from domain.database.connection import connected
from domain.database.postgresql import PostgresClient
from domain.database.sqlite import SqliteClient


async def assert_nothing_is_held() -> None:
    """No lock is taken, no transaction open, and every connection of the pool can be had at once."""
    client: Any = connected().client
    if isinstance(client, SqliteClient):
        assert not client._lock.locked()
        assert client._connection is not None
        assert not client._connection.in_transaction
        return
    assert isinstance(client, PostgresClient)
    assert client._pool is not None
    async with asyncio.timeout(5):
        taken = [await client.take() for _ in range(client.pool_maxsize)]
    assert not any(connection.is_in_transaction() for connection in taken)
    for connection in taken:
        await client.give_back(connection)
    assert client._pool.get_idle_size() == client._pool.get_size() == client.pool_maxsize
