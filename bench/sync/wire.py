"""A graphql-transport-ws client with as little of its own as can be, so that the server is what is measured."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE_SECONDS = 300.0
"""After which a run is given up."""


@dataclass
class Wire:
    """A graphql-transport-ws socket, as thin as can be."""

    socket: ClientConnection
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    async def open(cls, url: str, payload: dict[str, Any]) -> "Wire":
        """Connected and acknowledged."""
        opened = await connect(
            url.replace("http", "ws", 1) + "/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None,
            proxy=None,
            ping_interval=None,
            open_timeout=PATIENCE_SECONDS,
        )
        await opened.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        message = orjson.loads(await opened.recv())
        if message["type"] != "connection_ack":
            raise RuntimeError("the socket was not acknowledged")
        return cls(opened)

    async def ask(self, query: str, **variables: Any) -> str:
        """Begins an operation; its name."""
        name = str(next(self.numbers))
        payload = {"query": query, "variables": variables}
        message = {"id": name, "type": "subscribe", "payload": payload}
        await self.socket.send(orjson.dumps(message).decode())
        return name

    async def messages(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """What comes, by the operation's name. Raises RuntimeError for errors."""
        async for text in self.socket:
            message = orjson.loads(text)
            if message["type"] == "ping":
                await self.socket.send('{"type":"pong"}')
            elif message["type"] == "error" or message.get("payload", {}).get("errors"):
                raise RuntimeError(f"{message['type']}: {message.get('payload')}")
            elif message["type"] == "next":
                yield message["id"], message["payload"]["data"]
