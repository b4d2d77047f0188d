"""A server that is killed in the middle of its work goes on where it was, and nothing is lost or said twice."""

import random
from pathlib import Path

from tests.databases import Database
from tests.sim.crashes import crash

KILLS = 3


async def test_what_was_acknowledged_outlives_a_killed_server(
    fresh_database: Database, tmp_path: Path
) -> None:
    """Changes, their way to the locks, and what happens at the doors meanwhile; `make crashes` kills more often."""
    seed = random.SystemRandom().randrange(2**31)
    try:
        tally = await crash(fresh_database, tmp_path, seed, KILLS)
    except BaseException:
        print(f"python -m tests.sim crashes --kills {KILLS} --start {seed}")
        raise
    assert tally.kills == KILLS
    assert tally.answers
