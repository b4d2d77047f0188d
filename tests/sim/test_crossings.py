"""Mutations that cross leave nothing behind that does not agree; and the machine that says so sees what does not.

`python -m tests.sim crossings --start SEED --count N` plays one seed again, and as many as one likes.
"""

import random
from pathlib import Path

import pytest

from tests.api.every_mutation import AT_A_SITE
from tests.databases import Database, only_postgresql, only_sqlite
from tests.sim.crossings import AT_ONCE, Machine, Pair, Tally
from tests.sim.mutations import mutations, pairs

TIMES = 6
TRIES = 10


def test_every_id_of_an_input_says_what_it_names() -> None:
    """By the schema and the tables alone; so no mutation is left out, and none that is new will be."""
    assert mutations().keys() == AT_A_SITE.keys()
    assert mutations()["setPinMode"].ids == {
        "target.lockId": frozenset({"lock"}),
        "target.hubId": frozenset({"hub"}),
        "target.readerId": frozenset({"reader"}),
    }
    assert mutations()["createPin"].ids == {
        "siteId": frozenset({"site"}),
        "owner.memberId": frozenset({"member"}),
        "owner.memberTagId": frozenset({"tag"}),
        "lockIds": frozenset({"lock"}),
        "lockTagIds": frozenset({"tag"}),
    }
    for each in mutations().values():
        assert "site" in each.rows, f"{each.name} is about no site"


def test_whoever_may_touch_a_common_row_is_crossed() -> None:
    """All pairs share their site; what more they share is known, and goes by the foreign keys."""
    names = sorted(mutations())
    assert {tuple(sorted(pair)) for pair in pairs()} == {
        (one, other) for one in names for other in names if one <= other
    }
    assert {"reader", "lock"} <= pairs()["updateReader", "setPinMode"] | pairs().get(
        ("setPinMode", "updateReader"), frozenset()
    )


async def test_after_mutations_have_crossed_the_three_pictures_agree(
    fresh_database: Database, tmp_path: Path
) -> None:
    """What the API says, what the tables amount to, and what the locks hold; on PostgreSQL at two processes."""
    tally, seed = Tally(), random.SystemRandom().randrange(2**31)
    async with Machine.running(fresh_database, tmp_path) as machine:
        await machine.play(seed, tally, TIMES)
        assert not tally.found, str(tally.found[0])
        assert not machine.complaints()
    assert tally.crossings == TIMES * AT_ONCE
    assert tally.took_place > tally.crossings, "hardly anything was crossed"


@only_sqlite
async def test_what_ends_a_crossing_is_found_by_its_seed(
    fresh_database: Database, tmp_path: Path
) -> None:
    """A server that has died is no reason to end without a word of where that was."""
    tally = Tally()
    async with Machine.running(fresh_database, tmp_path) as machine:
        machine.processes[0].stop()
        await machine.play(4711, tally)
    assert "seed 4711" in str(tally.found[0])
    assert "ConnectError" in str(tally.found[0])


async def _finds(database: Database, folder: Path, fault: str, *only: Pair) -> str:
    """What the machine says of this fault, or nothing when it has not seen it."""
    tally = Tally()
    async with Machine.running(database, folder, fault=fault) as machine:
        for seed in range(TRIES):
            await machine.play(seed, tally, 4, only)
            if tally.found:
                said = str(tally.found[0])
                assert "Traceback" not in said, f"the machine itself has ended: {said}"
                return said
    return ""


@only_postgresql
async def test_the_machine_finds_locks_that_are_decided_upon_and_not_held(
    fresh_database: Database, tmp_path: Path
) -> None:
    """The lock is told on and the API says off, or two changes have taken one revision."""
    pair = ("setPinMode", "updateSite")
    assert await _finds(fresh_database, tmp_path, "locks_are_not_held", pair)


@only_postgresql
async def test_the_machine_finds_a_column_that_nobody_decided(
    fresh_database: Database, tmp_path: Path
) -> None:
    """Whoever renames a reader switches its PIN mode on again, or brings it back, or the lock is never told; or a lock's
    last nonce is lost, and it counts as offline.
    """
    only = ("setPinMode", "updateReader"), ("deleteReader", "updateReader")
    said = await _finds(fresh_database, tmp_path, "every_column_is_saved", *only)
    assert any(
        word in said for word in ("pinEnabled", "and it is there", "never at rest", "online")
    )


@only_postgresql
async def test_the_machine_finds_access_that_was_changed_twice_at_once(
    fresh_database: Database, tmp_path: Path
) -> None:
    """A PIN is written by a tag that holds other locks in the meantime."""
    only = ("updatePin", "updateTag"), ("createPin", "updateTag")
    assert "should" in await _finds(fresh_database, tmp_path, "sites_are_not_held", *only)


async def test_the_machine_finds_digits_that_nobody_frees(
    fresh_database: Database, tmp_path: Path
) -> None:
    """They are reserved for ever."""
    pair = ("reassignPin", "reassignPin")
    said = await _finds(fresh_database, tmp_path, "digits_stay_taken", pair)
    assert "are reserved and nobody holds them" in said


@only_sqlite
async def test_the_machine_finds_a_lock_that_nobody_wakes(
    fresh_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its change would arrive by the slow poll, which the machine has switched off."""
    monkeypatch.setattr("tests.sim.house.REST_SECONDS", 3.0)
    pair = ("blockPin", "unblockPin")
    assert "never at rest" in await _finds(fresh_database, tmp_path, "nobody_is_woken", pair)
