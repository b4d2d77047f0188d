"""Mutations that cross: two that may touch a common row, sent at the same moment, one after the other under a seed.

Each seed has a site of its own and crosses so many pairs in it. After each, at rest, what was promised holds and the three
pictures agree. What is sent comes from the seed alone; what meets whom, within milliseconds, from the machine.
"""

import asyncio
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.databases import Database
from tests.processes import Process, hands
from tests.serving import Served
from tests.sim.house import ANSWER_SECONDS, CrossedHouse
from tests.sim.inputs import Scene, an_input
from tests.sim.mutations import mutations, pairs
from tests.sim.promises import Done, broken

A_SEED = 25
"""How many times one seed lets some cross."""
AT_ONCE = 4
"""How many pairs cross at the same time, before everything is looked at."""
STOPPED = 0.05
"""How likely one of the processes stands still meanwhile."""
UNAVAILABLE = "'UNAVAILABLE'"
WATCHED = 0.3
"""How likely somebody asks all the while what opens where, and not just once."""
Pair = tuple[str, str]


@dataclass
class Found:
    """What did not agree after a crossing."""

    seed: int
    number: int
    crossed: Sequence[Done]
    wrong: list[str]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, crossing {self.number}:", *map(str, self.crossed), *self.wrong]
        return "\n    ".join(lines)


@dataclass
class Tally:
    """What was crossed."""

    crossings: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What the servers logged as errors."""
    slowest: tuple[float, str] = (0.0, "nothing")
    """The answer that took longest: seconds, and to what."""
    unrest_seconds: float = 0.0
    """The longest time until all was at rest."""

    @property
    def took_place(self) -> int:
        """How many of the mutations were not refused."""
        names = {each.result.name for each in mutations().values()}
        return sum(count for name, count in self.answers.items() if name in names)


@dataclass
class Machine:
    """Server processes over one database."""

    served: Served
    urls: Sequence[str]
    processes: Sequence[Process]

    @classmethod
    @asynccontextmanager
    async def running(
        cls, database: Database, folder: Path, *, fault: str = "", skew_seconds: float = 0.0
    ) -> AsyncIterator["Machine"]:
        """Two processes on PostgreSQL, of which the second's clock is wrong by so much; one on SQLite."""
        offsets = [0.0, skew_seconds] if database.is_postgresql else [0.0]
        processes = [
            Process.start(
                database,
                folder,
                program=("tests.sim.server", str(offset), *filter(None, [fault])),
            )
            for offset in offsets
        ]
        try:
            for each in processes:
                await asyncio.to_thread(each.until_ready)
            async with hands(processes[0], database) as served:
                yield cls(served, [each.url for each in processes], processes)
        finally:
            for each in processes:
                each.stop()

    def complaints(self) -> list[str]:
        """What the processes have logged as errors."""
        lines = [line for each in self.processes for line in each.log.read_text().splitlines()]
        return [line for line in lines if '"level": "error"' in line or "Traceback" in line]

    async def play(
        self,
        seed: int,
        tally: Tally,
        times: int = A_SEED,
        only: Sequence[Pair] = (),
        until: float = float("inf"),
    ) -> None:
        """The crossings of one seed, in a site of its own; until the first after which something is wrong.

        And not longer than `until`, once the tally has any.
        """
        house: CrossedHouse | None = None
        number, told, crossed = 0, None, list[Done]()
        try:
            house = await CrossedHouse.make(self.served, self.urls, seed)
            for number in range(times):
                if tally.crossings and time.monotonic() > until:
                    return
                rng = random.Random(f"{seed}/{number}")
                told = await house.furnished(told, rng)
                scene = Scene(rng, number, told, house.house.id)
                crossed = drawn(scene, seed * A_SEED + number, only)
                async with await house.followers.follow(scene.at["pin"]):
                    wrong = await self._crossed(house, crossed, rng)
                    tally.unrest_seconds = max(tally.unrest_seconds, house.unrest_seconds)
                    if not wrong:
                        told, wrong = await house.disagreements()
                        if not any(each.error for each in crossed):  # whose outcome is not known
                            wrong += broken(crossed, told)
                tally.crossings += AT_ONCE
                tally.answers.update(each.answer for each in crossed)
                took = [(each.seconds, each.mutation.name) for each in crossed]
                tally.slowest = max(tally.slowest, *took)
                if wrong:
                    tally.found.append(Found(seed, number, crossed, wrong))
                    return
        except Exception:
            tally.found.append(Found(seed, number, crossed, [traceback.format_exc()]))
        finally:
            if house is not None:
                await house.close()

    async def _crossed(
        self, house: CrossedHouse, crossed: Sequence[Done], rng: random.Random
    ) -> list[str]:
        """All at once, each pair at two processes, somebody looking on; then rest. What went wrong so far."""
        for lock in house.locks.values():
            lock.patient = True
        first = [rng.randrange(2) for _ in range(AT_ONCE)]
        sent = [
            house.change(
                each, first[place // 2] + place, rng.choice([0.0, 0.0, rng.uniform(0, 0.01)])
            )
            for place, each in enumerate(crossed)
        ]
        stops = rng.random() < STOPPED and len(self.processes) > 1
        over = asyncio.Event()
        if rng.random() > WATCHED:
            over.set()
        besides = asyncio.create_task(self._stop_one(rng) if stops else house.watched(over))
        await asyncio.gather(house.misfortunes(random.Random(rng.random())), *sent)
        missing = await house.at_rest()
        for lock in house.locks.values():
            lock.patient = False
        over.set()
        wrong = [*await besides, missing] if missing else await besides
        refused = (
            UNAVAILABLE if stops else "nothing"
        )  # while a process stands still, that may be said
        wrong += [
            f"{each.mutation.name}: {each.error}"
            for each in crossed
            if each.error and refused not in each.error
        ]
        wrong += [
            f"{each.mutation.name} took {each.seconds:.1f} s"
            for each in crossed
            if each.seconds > ANSWER_SECONDS
        ]
        return wrong

    async def _stop_one(self, rng: random.Random) -> list[str]:
        """One of several processes stands still in the middle of what it does, and goes on a while later."""
        child = rng.choice(self.processes).child
        await asyncio.sleep(rng.uniform(0, 0.02))
        child.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(rng.uniform(0.1, 1.0))
        finally:
            child.send_signal(signal.SIGCONT)
        return []


def drawn(scene: Scene, turn: int, only: Sequence[Pair] = ()) -> list[Done]:
    """Pairs of mutations that may touch a common row.

    The first is the one whose turn it is, so that all have theirs; then such as may touch more rows come oftener.
    """
    weights = {pair: len(common) for pair, common in pairs().items()}
    rng = scene.rng
    if only:
        chosen = rng.choices(only, k=AT_ONCE)
    else:
        turns = random.Random(0).sample(list(pairs()), len(pairs()))
        chosen = [turns[turn % len(turns)]]
        chosen += rng.choices(list(weights), list(weights.values()), k=AT_ONCE - 1)
    found = [mutations()[name] for pair in chosen for name in pair]
    return [Done(each, an_input(scene, each)) for each in found]
