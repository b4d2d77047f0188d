"""One operation asked over each of the transports, answered with `data` beside its `errors`."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.serving import Served


async def by_http(served: Served, token: str, query: str, **variables: Any) -> dict[str, Any]:
    """The answer to a POST."""
    answer = await served.post(query, {"authorization": f"Bearer {token}"}, **variables)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def by_socket(served: Served, token: str, query: str, **variables: Any) -> dict[str, Any]:
    """The payload of the first item on a socket."""
    url = served.url.replace("http", "ws") + "/graphql"
    payload = {"query": query, "variables": variables}
    protocol = Subprotocol("graphql-transport-ws")
    async with asyncio.timeout(20), connect(url, subprotocols=[protocol]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        told: dict[str, Any] = json.loads(await socket.recv())["payload"]
        return told


TRANSPORTS = [by_http, by_socket]
