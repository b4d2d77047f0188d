"""`python -m tests.sim`: as many crossings, worlds and kills as there is time for, by seed; the last line says what held.

    python -m tests.sim crossings --count 10000 --start 0 --on postgresql
    python -m tests.sim worlds --seeds 300 --start 0
    python -m tests.sim crashes --kills 200
    python -m tests.sim all --minutes 8

Without `--start` the seeds are new ones. What does not hold is printed with its seed, and the program ends with 1.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from domain.database import connect, disconnect
from tests.databases import MISSING, Database, Servers, answering_server, forget_what_is_shared
from tests.domain.sync.yard import Yard
from tests.sim.crashes import crash
from tests.sim.crossings import A_SEED, AT_ONCE, Machine, Pair, Tally
from tests.sim.town import Town
from tests.sim.world import STEPS, World

CRITICAL = 50
ENOUGH = 20
"""Crossings that were wrong on one database; then it is not one fault that is rare."""


A_WORLD_EACH = 10
"""A seed is a town of a few minutes; each tenth is a world as well, which is smaller and lasts longer."""


@dataclass(frozen=True)
class Asked:
    """What to play."""

    what: str
    count: int
    seeds: int
    kills: int
    start: int
    on: Sequence[str]
    minutes: float | None
    skew: float
    only: Sequence[Pair]

    def ends(self, parts: int) -> Iterator[float]:
        """When each of so many equal parts has to end, of which the first begins now: a slow one takes from the next."""
        began = time.monotonic()
        for part in range(1, parts + 1):
            yield began + 60 * self.minutes * part / parts if self.minutes else float("inf")


def read(arguments: Sequence[str]) -> Asked:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim")
    parser.add_argument("what", choices=["crossings", "worlds", "crashes", "all"])
    parser.add_argument("--count", type=int, default=1000, help="crossings on each database")
    parser.add_argument("--seeds", type=int, default=20, help="worlds on each database")
    parser.add_argument("--kills", type=int, default=20, help="kills of a server on each database")
    parser.add_argument("--start", type=int, help="the first seed; without it a new one")
    parser.add_argument("--on", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--minutes", type=float, help="end after so long, however many there were")
    parser.add_argument("--skew", type=float, default=0, help="seconds between two processes")
    parser.add_argument(
        "--only", action="append", default=[], help="a pair, as deletePin/updateTag"
    )
    given = parser.parse_args(arguments)
    start = random.SystemRandom().randrange(2**31) if given.start is None else given.start
    on = given.on or ["sqlite", "postgresql"]
    only = []
    for pair in given.only:
        one, _, other = pair.partition("/")
        only.append((one, other))
    return Asked(
        given.what,
        given.count,
        given.seeds,
        given.kills,
        start,
        on,
        given.minutes,
        given.skew,
        only,
    )


@asynccontextmanager
async def _database(servers: Servers, kind: str) -> AsyncIterator[Database]:
    made = await servers.fresh(kind, None)
    yield made
    await servers.remove(made)


async def crossings(asked: Asked, servers: Servers, kind: str, until: float) -> Tally:
    """As many as asked for, or as there is time for; some, however late the servers were ready."""
    tally, seed = Tally(), asked.start
    with tempfile.TemporaryDirectory() as folder:
        async with (
            _database(servers, kind) as database,
            Machine.running(database, Path(folder), skew_seconds=asked.skew) as machine,
        ):
            while tally.crossings < asked.count and len(tally.found) < ENOUGH:
                if tally.crossings and time.monotonic() > until:
                    break
                left = -(-(asked.count - tally.crossings) // AT_ONCE)
                before = len(tally.found)
                await machine.play(seed, tally, min(A_SEED, left), only=asked.only, until=until)
                for each in tally.found[before:]:
                    print(each, flush=True)
                seed += 1
                print(f"{kind}: {tally.crossings} crossings, seed {seed} is next", flush=True)
            tally.complaints = machine.complaints()
    for line in tally.complaints:
        print(line)
    kinds = ", ".join(f"{count} {name}" for name, count in tally.answers.most_common())
    print(f"{kind}, seeds {asked.start} to {seed - 1}: {kinds}")
    seconds, name = tally.slowest
    slowest = f"slowest answer {seconds:.1f} s, to {name}"
    print(f"{kind}: {slowest}; at rest after {tally.unrest_seconds:.1f} s at most", flush=True)
    return tally


async def worlds(asked: Asked, servers: Servers, kind: str, until: float) -> tuple[int, int]:
    """How many were played, one at least, and how many of them held."""
    played = held = 0
    took = 0.0
    for seed in range(asked.start, asked.start + asked.seeds):
        began = time.monotonic()
        if played and began + took > until:
            break
        played += 1
        with tempfile.TemporaryDirectory() as folder:
            async with _database(servers, kind) as database:
                held += await _holds(database, Path(folder), seed)
        took = time.monotonic() - began
    return played, held


async def _holds(database: Database, folder: Path, seed: int) -> bool:
    await connect(database.url)
    yards = []
    try:
        yards.append(await Yard.make(folder / "town"))
        await Town(yards[-1], database, seed).play()
        if seed % A_WORLD_EACH == 0:
            yards.append(await Yard.make(folder / "world"))
            world = World(yards[-1], database, seed)
            await world.build()
            await world.run(STEPS)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(f"does not hold on {database.kind}: LATCHWORK_SIM_SEED={seed}", flush=True)
        return False
    else:
        return True
    finally:
        for yard in yards:
            yard.installation.passwords.close()
        await disconnect()


async def crashes(asked: Asked, servers: Servers, kind: str) -> tuple[str, bool]:
    """What was seen, and whether all held."""
    with tempfile.TemporaryDirectory() as folder:
        async with _database(servers, kind) as database:
            try:
                tally = await crash(database, Path(folder), asked.start, asked.kills)
            except Exception:
                traceback.print_exc(file=sys.stdout)
                return f"kills on {kind} did NOT hold", False
    return f"{kind}: {tally}", True


async def play(asked: Asked, servers: Servers) -> bool:
    """Plays what was asked for, says how many held in one last line, and whether all did."""
    said, whole = [], True
    ends = asked.ends(len(asked.on) * (2 if asked.what == "all" else 1))
    for kind in asked.on:
        if kind == "postgresql" and servers.postgres is None:
            print(MISSING)
            said.append("NOTHING on postgresql")
            whole = whole and not os.environ.get("CI")
            continue
        if asked.what == "crashes":
            text, held_all = await crashes(asked, servers, kind)
            said.append(text)
            whole = whole and held_all
            continue
        if asked.what != "worlds":
            tally = await crossings(asked, servers, kind, next(ends))
            whole = whole and tally.crossings > 0 and not (tally.found or tally.complaints)
            said.append(f"{tally.crossings} crossings on {kind}, {len(tally.found)} wrong")
        if asked.what != "crossings":
            played, held = await worlds(asked, servers, kind, next(ends))
            whole = whole and played == held > 0
            said.append(f"{held} of {played} worlds held on {kind}")
    print(f"{'HELD' if whole else 'NOT HELD'} from seed {asked.start} on: {'; '.join(said)}")
    return whole


def main() -> None:
    """Ends with 1 where something did not hold."""
    # ended in the middle, it ends its servers too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))
    asked = read(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        servers = Servers(Path(folder), asyncio.run(answering_server()))
        try:
            whole = asyncio.run(play(asked, servers))
        finally:
            asyncio.run(servers.remove_all())
            asyncio.run(forget_what_is_shared())
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
