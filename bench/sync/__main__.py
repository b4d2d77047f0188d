"""How long a change takes to the locks and to the admin who waits for it, beside a plain websocket echo in the same run.

N lean locks (the real link protocol, no disk and no keypad) are connected to one server process over loopback. One PIN at
one lock is changed, many times; then one PIN at all of them, a few times. Measured is the time from sending the mutation
until the server has answered the lock's acknowledgement, and until the admin's `pinSync` has said UPDATED. The echo is a
route of the same server that sends back what it gets, on as many sockets. The ratios say more than milliseconds of
somebody else's machine. Run it as `python -m bench.sync`; `--help` tells the rest.
"""

import argparse
import asyncio
import gc
import os
import statistics
import time

import httpx
import psutil
from websockets.asyncio.client import connect

from bench.prepared import Prepared
from bench.served import served
from bench.sync.admin import Admin
from bench.sync.lean_lock import LeanLock, until_acknowledged
from bench.sync.measuring import Run, Times
from bench.sync.server import serve
from bench.sync.wire import PATIENCE_SECONDS

HANDSHAKES = 32
ECHOES = 3000


def _complain(lock: "asyncio.Task[None]") -> None:
    """A lean lock does not connect again: without it the numbers would be wrong, so it is said."""
    if not lock.cancelled() and lock.exception() is not None:
        print(f"a lock was lost: {lock.exception()!r}", flush=True)


def _row(what: str, times: Times, echo: Times) -> str:
    def ms(values: list[float]) -> str:
        worst = sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]
        return f"{statistics.median(values) * 1000:,.1f} / {worst * 1000:,.1f}"

    ratio = statistics.median(times.acknowledged) / statistics.median(echo.acknowledged)
    return (
        f"| {what} | {ms(times.acknowledged)} | {ms(times.seen)} | {ms(echo.acknowledged)} | {ratio:,.0f} "
        f"| {times.processor * 1000:.1f} | {times.processor / echo.processor:,.0f} |"
    )


async def measure(url: str, server: psutil.Process, prepared: Prepared, rounds: int) -> None:
    """Connects all locks, and prints two rows."""
    count = len(prepared.kits)
    limits = httpx.Limits(max_connections=HANDSHAKES)
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=limits) as http:
        handshakes = asyncio.Semaphore(HANDSHAKES)
        locks = [LeanLock(url, kit) for kit in prepared.kits]
        began = time.perf_counter()
        living = [asyncio.create_task(lock.run(http, handshakes)) for lock in locks]
        for task in living:
            task.add_done_callback(_complain)
        await asyncio.gather(*(until_acknowledged(lock, 0) for lock in locks))
        connecting = time.perf_counter() - began
        sockets = [
            await connect(url.replace("http", "ws", 1) + "/bare/echo", compression=None, proxy=None)
            for _ in range(count)
        ]
        gc.collect()
        gc.freeze()
        run = Run(url, server, Admin(url, prepared, http), locks)
        everywhere = max(2, min(rounds, 1000 // count))
        echo_one = await run.echoes(sockets[:1], ECHOES)
        one = await run.changes(locks[count // 2 : count // 2 + 1], rounds)
        echo_all = await run.echoes(sockets, max(1, ECHOES // count))
        everyone = await run.changes(locks, everywhere)
        print(_row(f"one of {count:,} locks, {rounds} times", one, echo_one))
        print(_row(f"all of {count:,} locks, {everywhere} times", everyone, echo_all), flush=True)
        mib = server.memory_info().rss / 2**20
        print(
            f"<!-- {count}: connected and in step in {connecting:.1f} s, server {mib:.0f} MiB -->"
        )
        for task in living:
            task.cancel()
        await asyncio.gather(*living, return_exceptions=True)
        for each in sockets:
            await each.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", default="", help="an empty database; default: SQLite")
    parser.add_argument("--locks", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    kind = "PostgreSQL" if options.database_url.startswith("postgres") else "SQLite"
    print(f"{kind}, {os.cpu_count()} processors; milliseconds, median / 99th percentile")
    print(
        "| changed | acknowledged | seen by the admin | echo | ratio | server ms a lock | of echo |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for count in options.locks if not options.database_url else options.locks[:1]:
        async with served(serve, options.database_url, count) as server:
            await measure(server.url, server.process, server.prepared, options.rounds)


if __name__ == "__main__":
    asyncio.run(main())
