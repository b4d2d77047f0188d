"""Several locks, one server, two databases, and whatever can go wrong between them, under one seed.

`LATCHWORK_SIM_SEED=... pytest tests/sim` plays one seed again; without it, some that never change and one that is new.
"""

import os
import random
from pathlib import Path

import pytest

from tests.databases import Database, only_sqlite
from tests.domain.sync.yard import Yard
from tests.sim.world import STEPS, World

GIVEN = os.environ.get("LATCHWORK_SIM_SEED")
AN_OLD_DELIVERY_HEARD_AGAIN = (2407486863, 697718211, 3276583472, 4200124034)
"""Before the lock reports what it has applied."""
NOBODY_OPENS_IN_THE_STORM = (1035,)
SEEDS = (
    {"given": int(GIVEN)}
    if GIVEN
    else {"the same": 1, "a new one": random.SystemRandom().randrange(2**32)}
    | {f"old delivery {seed}": seed for seed in AN_OLD_DELIVERY_HEARD_AGAIN}
    | {f"no opening {seed}": seed for seed in NOBODY_OPENS_IN_THE_STORM}
)


@only_sqlite
@pytest.mark.parametrize("seed", SEEDS.values(), ids=list(SEEDS))
async def test_everything_agrees_when_the_storm_is_over(
    database: Database, tmp_path: Path, seed: int
) -> None:
    """During it nothing opens that was not said to open; after it every lock has what is wanted, and no event is lost.

    Locks are of all ages, but where the seed tells a story of before there were any.
    """
    yard = await Yard.make(tmp_path)
    mixed = seed not in (*AN_OLD_DELIVERY_HEARD_AGAIN, *NOBODY_OPENS_IN_THE_STORM)
    world = World(yard, database, seed, mixed=mixed)
    try:
        await world.build()
        await world.run(STEPS)
    except BaseException:
        print(f"LATCHWORK_SIM_SEED={seed}")
        raise
    finally:
        yard.installation.passwords.close()
