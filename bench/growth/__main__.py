"""What grows with a site: what people and locks do all day, at a site of a thousand PINs and at one of a million.

Three databases are made and filled: a small and a large one, and a small one with a lock from which many PINs were removed.
Then the same steps are taken in each, in turns, by the use cases themselves. The table has the time of each step in the
small one (the end of its quickest quarter, since others use the machine too), and how many times that it takes in the
others, by the clock and of the processor. Run it as `python -m bench.growth`; `--help` tells the rest, and
`--pins 20000 --locks 200 --events 20000 --turns 2` takes a minute.
"""

import argparse
import asyncio
import contextlib
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]

from api.settings import Environment, Settings
from bench.growth.filling import Size, fill
from bench.growth.steps import House
from bench.prepared import Prepared, prepare
from domain.clock import system_clock
from domain.database import connect, disconnect
from domain.database.connection import Address, connected
from domain.node_ids import read_node_id

NO_DISK = "synchronous_commit=off"
"""How long the disk takes has nothing to do with how much there is."""
Times = dict[str, list[tuple[float, float]]]
"""Of each step: how long it took, and how long this process and the database's had the processor meanwhile."""


@dataclass
class Place:
    """One database with its site, and the house there from the first turn on."""

    settings: Settings
    prepared: Prepared
    house: House | None = None


@asynccontextmanager
async def empty(server: str) -> AsyncIterator[Place]:
    """A site with one lock, from which the others are copied; gone afterwards, as they are.

    `server` is the URL of a PostgreSQL server's own database; empty: SQLite.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with _database(server, Path(folder), "growth_empty") as settings:
            yield Place(settings, await prepare(settings, 1))


@asynccontextmanager
async def filled(server: str, origin: Place, name: str, size: Size) -> AsyncIterator[Place]:
    """A copy of the empty one, with so much in it."""
    async with _database(server, origin.settings.data_dir, name, origin.settings) as settings:
        site_id = read_node_id("site", origin.prepared.site)
        assert site_id is not None
        began = time.perf_counter()
        await fill(Address.of(settings.database), site_id, size, system_clock())
        print(f"{name}: {size}, filled in {time.perf_counter() - began:.0f} s", flush=True)
        yield Place(settings, origin.prepared)


@asynccontextmanager
async def _database(
    server: str, folder: Path, name: str, origin: Settings | None = None
) -> AsyncIterator[Settings]:
    url = f"sqlite://{folder / name}.sqlite3"
    if server:
        url = urlunsplit(urlsplit(server)._replace(path=f"/{name}", query=NO_DISK))
        copied = "" if origin is None else "TEMPLATE growth_empty"
        await _administer(server, f"DROP DATABASE IF EXISTS {name}")
        await _administer(server, f"CREATE DATABASE {name} {copied}")
    elif origin is not None:
        shutil.copyfile(origin.database.removeprefix("sqlite://"), url.removeprefix("sqlite://"))
    try:
        yield Settings(database_url=url, data_dir=folder, env=Environment.PRODUCTION, port=8400)
    finally:
        await disconnect()
        if server:
            await _administer(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _administer(server: str, statement: str) -> None:
    session = await asyncpg.connect(server)
    await session.execute(statement)
    await session.close()


@asynccontextmanager
async def opened(at: Place) -> AsyncIterator[House]:
    """The house, for one turn."""
    await connect(at.settings.database)
    try:
        at.house = at.house or await House.open(at.settings, at.prepared)
        yield at.house
    finally:
        await disconnect()


async def _backends() -> list[Path]:
    """Where Linux tells what the database's processes for us have used, if there are any on this machine."""
    client = connected().client
    if client.capabilities.dialect != "postgres":
        return []
    rows = await client.execute_query_dict(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    return [Path(f"/proc/{row['pid']}/schedstat") for row in rows]


def _processor(backends: Sequence[Path]) -> float:
    """Seconds so far."""
    used = time.process_time()
    for each in backends:
        with contextlib.suppress(OSError):
            used += int(each.read_text().split()[0]) / 1e9
    return used


async def take_steps(house: House, rounds: int, times: Times) -> None:
    """So many rounds of all steps."""

    async def timed(name: str, step: Awaitable[object]) -> None:
        began, busy = time.perf_counter(), _processor(backends)
        await step
        times[name].append((time.perf_counter() - began, _processor(backends) - busy))

    old = system_clock() - timedelta(minutes=500)
    for _ in range(rounds):
        backends = await _backends()
        await timed("create a PIN", house.create())
        await house.settle()
        await timed("change it", house.change())
        await timed("bring it to the lock and settle it", house.settle())
        await timed("a lock comes back", house.come_back())
        await timed("redeem an invitation", house.redeem(await house.invite()))
        await timed("sign in", house.sign_in())
        await timed("first page of the lock's PINs", house.pins_of_the_door())
        await timed("an hour of events", house.an_hour_of_events(old))


def _table(titles: Sequence[str], found: Sequence[Times]) -> None:
    """The first is what the others are compared with."""
    first, *others = found
    print(
        f"\n| | {titles[0]}, ms | {' | '.join(f'{each}: times | processor' for each in titles[1:])} |"
    )
    print("| --- | --- |" + " --- | --- |" * len(others))
    for name in first:
        low = [_low(each[name]) for each in (first, *others)]
        times = [f"{low[0][0] * 1000:.1f}"]
        for elapsed, processor in low[1:]:
            times += [f"{elapsed / low[0][0]:.2f}", f"{processor / low[0][1]:.2f}"]
        print(f"| {name} | {' | '.join(times)} |")


def _low(times: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(
        statistics.quantiles([each[part] for each in times], n=4, method="inclusive")[0]
        for part in (0, 1)
    )


async def run(server: str, large: Size, removed: int, turns: int, rounds: int) -> None:
    """Prints the table."""
    small = Size(locks=10, pins=1_000, events=1_000)
    async with (
        empty(server) as origin,
        filled(server, origin, "growth_small", small) as a,
        filled(server, origin, "growth_large", large) as b,
        filled(server, origin, "growth_removed", small) as c,
    ):
        async with opened(c) as house:
            await house.remove(removed)
        places = (a, b, c)
        for each in places:
            async with opened(each) as house:
                await house.sweep()
        found: list[Times] = [defaultdict(list) for _ in places]
        for _ in range(turns):
            for each, times in zip(places, found, strict=True):
                async with opened(each) as house:
                    await take_steps(house, rounds, times)
        _table(("small", f"{large.pins:,} PINs", f"{removed:,} removed at the lock"), found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="", help="a PostgreSQL URL that may create databases")
    parser.add_argument("--locks", type=int, default=10_000)
    parser.add_argument("--pins", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--removed", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5, help="of one turn")
    asked = parser.parse_args()
    size = Size(asked.locks, asked.pins, asked.events)
    asyncio.run(run(asked.server, size, asked.removed, asked.turns, asked.rounds))


if __name__ == "__main__":
    main()
