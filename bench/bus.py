"""Commits a second that wake somebody, by NOTIFY, by NATS and while NATS is away, beside those that wake nobody.

Several processes commit at once, each by as many tasks as its pool has connections. A transaction changes one row, each task
its own, and wakes one topic, through the product's own `transaction()`. The kinds take turns; printed are the medians.
Run it as `python -m bench.bus --database-url postgresql://... --bus-url nats://...`, on an empty database.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from uuid import uuid4

from domain import bus, topics
from domain.bus.nats import NatsBus
from domain.database import connect, disconnect, transaction
from domain.database.postgresql import POOL_SIZE

MAKE = "CREATE TABLE IF NOT EXISTS bench_bus (id int PRIMARY KEY, count int NOT NULL)"
EMPTY = (
    "INSERT INTO bench_bus SELECT id, 0 FROM generate_series(1, $1) AS id ON CONFLICT DO NOTHING"
)
AWAY = "nats://127.0.0.1:1"
"""Where nobody listens."""
CHANGE = "UPDATE bench_bus SET count = count + 1 WHERE id = $1"


@dataclass(frozen=True)
class Load:
    """What one process does: a task for each row, for so long."""

    database_url: str
    bus_url: str
    wakes: bool
    rows: Sequence[int]
    seconds: float


def measure(load: Load) -> tuple[int, float]:
    """How many commits it makes, and the seconds of processor time that they take it."""
    return asyncio.run(_measure(load))


async def _measure(load: Load) -> tuple[int, float]:
    await connect(load.database_url, bus_url=load.bus_url, model_modules=[])
    current = bus.current()
    if isinstance(current, NatsBus) and load.bus_url != AWAY:
        while not current.nats.connected:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    made = 0
    began = time.process_time()

    async def change(row: int) -> None:
        nonlocal made
        topic = topics.lock(uuid4())
        end = time.monotonic() + load.seconds
        while time.monotonic() < end:
            async with transaction() as tx:
                await tx.client.execute_query(CHANGE, [row])
                if load.wakes:
                    tx.wake(topic)
            made += 1

    try:
        await asyncio.gather(*map(change, load.rows))
        return made, time.process_time() - began
    finally:
        await disconnect()


async def _make(database_url: str, rows: int) -> None:
    await connect(database_url, model_modules=[])
    async with transaction() as tx:
        await tx.client.execute_query(MAKE)
        await tx.client.execute_query(EMPTY, [rows])
    await disconnect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", required=True, help="an empty PostgreSQL database")
    parser.add_argument("--bus-url", required=True, help="a NATS server")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    rows = range(1, options.processes * POOL_SIZE + 1)
    asyncio.run(_make(options.database_url, len(rows)))
    kinds = {
        "wake nobody": ("", False),
        "NOTIFY": ("", True),
        "NATS": (options.bus_url, True),
        "NATS, while it is away": (AWAY, True),
    }
    commits: dict[str, list[float]] = {kind: [] for kind in kinds}
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for _ in range(options.rounds):
            for kind, (bus_url, wakes) in kinds.items():
                loads = [
                    Load(options.database_url, bus_url, wakes, each, options.seconds)
                    for each in (rows[n :: options.processes] for n in range(options.processes))
                ]
                made, took = (sum(each) for each in zip(*pool.map(measure, loads), strict=True))
                commits[kind].append(made / options.seconds)
                costs[kind].append(took / made * 1000)
    print(
        f"| {options.processes} processes | commits/s | times NOTIFY | their ms of processor each |"
    )
    print("| --- | --- | --- | --- |")
    base = statistics.median(commits["NOTIFY"])
    for kind in kinds:
        rate, cost = statistics.median(commits[kind]), statistics.median(costs[kind])
        print(f"| {kind} | {rate:,.0f} | {rate / base:.2f} | {cost:.2f} |")


if __name__ == "__main__":
    main()
