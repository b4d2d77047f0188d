"""Towns hold under short seeds, and what they say is worth something: each fault that is planted in one is found.

`make sim SEEDS=1000 START=0` plays more, and `START` with one seed plays that one again.
"""

import random
import re
from pathlib import Path

import pytest

from tests.databases import Database, only_sqlite
from tests.domain.sync.yard import Yard
from tests.sim.town import Town
from tests.sim.town_faults import PLANTED, Planted

SEEDS = {"sqlite": 10, "postgresql": 4}
TRIES = 12
"""Seeds among which a planted fault must be found."""


async def play(database: Database, folder: Path, seed: int) -> None:
    """One town, at a site of its own."""
    yard = await Yard.make(folder / str(seed))
    try:
        await Town(yard, database, seed).play()
    finally:
        yard.installation.passwords.close()


async def test_all_agrees_when_the_towns_are_calm_again(database: Database, tmp_path: Path) -> None:
    """Half the seeds never change, half are new."""
    half = SEEDS[database.kind] // 2
    dice = random.SystemRandom()
    for seed in (*range(half), *(dice.randrange(2**31) for _ in range(half))):
        try:
            await play(database, tmp_path, seed)
        except BaseException:
            print(f"make sim SEEDS=1 START={seed}")
            raise


async def finds(database: Database, folder: Path) -> str:
    """What the first town says that does not hold, or nothing."""
    for seed in range(TRIES):
        try:
            await play(database, folder, seed)
        except AssertionError as found:
            return str(found)
    return ""


@only_sqlite
@pytest.mark.parametrize("planted", PLANTED, ids=lambda each: each.plant.__name__)
async def test_each_planted_fault_is_found(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: Planted
) -> None:
    """By what it does at a door or at rest, within a few seeds."""
    planted.plant(monkeypatch)
    found = await finds(database, tmp_path)
    assert re.search(planted.said, found), f"what was found: {found}"
