"""What GraphQL costs: our endpoint against a bare Starlette route that authenticates alike and sends the same SQL.

Both are served by one process and loaded in turn from another over loopback. The ratios say more than requests a second of
somebody else's machine; the one of the server's own processor time holds even where others are busy. Run it as
`python -m bench.shell`; `--help` tells the rest.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import psutil
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app import create_app
from api.auth.http import HttpAuthentication
from api.observability import configure_logging
from api.settings import Settings
from api.starting import prepared_installation, run, run_server
from bench.prepared import Prepared
from bench.served import served
from domain.actors import TokenActor
from domain.clock import system_clock
from domain.locks.rules import is_online
from domain.locks.tables import Lock
from domain.node_ids import node_id, read_node_id
from domain.people.standings import standing_at
from domain.people.tables import ApiToken
from domain.sites.service import live_site

LOCKS = 100
ME = "{ me { ... on ApiToken { id name } } }"
LIST = "query($id: ID!) { site(id: $id) { locks(first: 100) { nodes { id name online } } } }"


def serve(settings: Settings) -> None:
    """The whole application as `latchwork serve` runs it, and the bare routes beside it."""
    configure_logging(json=True)
    installation = run(prepared_installation(settings))
    app = create_app(settings, installation)
    identify = HttpAuthentication(installation, system_clock).identify

    async def me(request: Request) -> Response:
        actor = (await identify(request, await request.body())).actor
        assert isinstance(actor, TokenActor)
        row = await ApiToken.get(id=actor.token_id)
        return _json({"id": node_id("api_token", row.id), "name": row.name})

    async def locks(request: Request) -> Response:
        body = await request.body()
        actor = (await identify(request, body)).actor
        key = read_node_id("site", orjson.loads(body)["variables"]["id"])
        assert key is not None
        assert await standing_at(actor, key) is not None
        await live_site(key)
        now = system_clock()
        rows = await Lock.filter(site_id=key, deleted_at=None).order_by("id").limit(101)
        return _json(
            [
                {
                    "id": node_id("lock", row.id),
                    "name": row.name,
                    "online": is_online(row.feed_id, row.nonces, row.last_contact_at, now),
                }
                for row in rows[:100]
            ]
        )

    app.routes.append(Route("/bare/me", me, methods=["POST"]))
    app.routes.append(Route("/bare/locks", locks, methods=["POST"]))
    run_server(app, settings)


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


@dataclass(frozen=True)
class Cost:
    """Answers a second, and the server's processor time for each, in seconds."""

    rate: float
    seconds: float


@dataclass
class Load:
    """A number of connections that ask the same, over and over."""

    server: psutil.Process
    port: int
    connections: int
    seconds: float

    async def cost(self, path: str, token: str, query: str, **variables: Any) -> "Cost":
        """What the answers cost. Raises RuntimeError for an answer that is not 200."""
        body = orjson.dumps({"query": query, "variables": variables})
        request = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body
        began, used = time.perf_counter(), self._processor_seconds()
        counts = await asyncio.gather(
            *(self._ask(request, began + self.seconds) for _ in range(self.connections))
        )
        count = sum(counts)
        seconds = time.perf_counter() - began
        return Cost(count / seconds, (self._processor_seconds() - used) / count)

    def _processor_seconds(self) -> float:
        times = self.server.cpu_times()
        return float(times.user + times.system)

    async def _ask(self, request: bytes, until: float) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        count = 0
        while time.perf_counter() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            count += 1
        writer.close()
        return count


async def measure(load: Load, prepared: Prepared, rounds: int) -> None:
    """Prints the table: medians of the rounds, in which ours and the bare route are asked in turn."""
    asked: dict[str, tuple[str, Callable[[str], Awaitable[Cost]]]] = {
        "`{ me { ... on ApiToken { id name } } }`": (
            "/bare/me",
            lambda path: load.cost(path, prepared.token, ME),
        ),
        f"{LOCKS} locks x 3 fields": (
            "/bare/locks",
            lambda path: load.cost(path, prepared.token, LIST, id=prepared.site),
        ),
    }
    print("| | ours, requests/s | bare, requests/s | ours / bare | processor time, ours / bare |")
    print("| --- | --- | --- | --- | --- |")
    for what, (bare_path, ask) in asked.items():
        costs = [(await ask("/graphql"), await ask(bare_path)) for _ in range(rounds)]
        rate, bare_rate = (statistics.median(c[n].rate for c in costs) for n in (0, 1))
        used, bare_used = (statistics.median(c[n].seconds for c in costs) * 1000 for n in (0, 1))
        print(
            f"| {what} | {rate:,.0f} | {bare_rate:,.0f} | {rate / bare_rate:.2f} "
            f"| {used:.2f} ms / {bare_used:.2f} ms = {used / bare_used:.1f} |",
            flush=True,
        )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", default="", help="an empty database; default: SQLite")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each of four, each round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    async with served(serve, options.database_url, LOCKS) as server:
        kind = "PostgreSQL" if options.database_url.startswith("postgres") else "SQLite"
        print(f"{kind}, {options.connections} connections, {os.cpu_count()} processors")
        load = Load(server.process, server.port, options.connections, options.seconds)
        await measure(load, server.prepared, options.rounds)


if __name__ == "__main__":
    asyncio.run(main())
