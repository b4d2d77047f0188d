"""A small graphql-transport-ws client, enough for the tour: one socket, many subscriptions."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import orjson
from websockets.asyncio.client import ClientConnection, connect


class SocketRefused(Exception):
    """The server closed the socket; `code` and `reason` are its own."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Socket:
    """An acknowledged socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._queues: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls, url: str, payload: dict[str, Any] | None, headers: dict[str, str] | None = None
    ) -> Self:
        """Connects and initialises. Raises SocketRefused."""
        address = url.replace("http", "ws", 1) + "/graphql"
        connection = await connect(
            address,
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            additional_headers=headers,
            compression=None,
        )
        await connection.send(
            orjson.dumps({"type": "connection_init", "payload": payload}).decode()
        )
        try:
            await asyncio.wait_for(connection.recv(), 10)
        except Exception:
            await connection.wait_closed()
            raise SocketRefused(connection.close_code, connection.close_reason or "") from None
        return cls(connection)

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                message = orjson.loads(text)
                if message["type"] == "ping":
                    await self._send({"type": "pong"})
                elif "id" in message and message["id"] in self._queues:
                    done = message["type"] == "complete"
                    self._queues[message["id"]].put_nowait(None if done else message)
        except Exception:  # noqa: S110 - whoever waits finds the socket closed
            pass
        finally:
            for queue in self._queues.values():
                queue.put_nowait(None)

    async def _send(self, message: dict[str, Any]) -> None:
        await self._connection.send(orjson.dumps(message).decode())

    async def subscribe(self, query: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """The `data` of each item, until the server completes it or the socket closes. Raises RuntimeError on errors."""
        async with aclosing(self.answers(query, **variables)) as answers:
            async for answer in answers:
                if answer.get("errors"):
                    raise RuntimeError(str(answer["errors"][0]["message"]))
                yield answer["data"]

    async def answers(self, query: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """As `subscribe`, of each item both `data` and `errors`. Raises RuntimeError when there is no item at all."""
        key = str(next(self._ids))
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._queues[key] = queue
        payload = {"query": query, "variables": variables}
        await self._send({"id": key, "type": "subscribe", "payload": payload})
        while (message := await queue.get()) is not None:
            if message["type"] == "error":
                raise RuntimeError(str(message["payload"][0]["message"]))
            yield message["payload"]

    async def closed(self, within_seconds: float) -> tuple[int | None, str]:
        """Waits until the server has closed the socket; its code and reason. Raises TimeoutError."""
        await asyncio.wait_for(self._connection.wait_closed(), within_seconds)
        return self._connection.close_code, self._connection.close_reason or ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.cancel()
        await self._connection.close()
