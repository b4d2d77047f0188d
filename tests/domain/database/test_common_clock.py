"""Processes of one database go by one time, however wrong their machines' clocks are."""

from datetime import datetime, timedelta

import pytest

from domain.clock import system_clock
from domain.database.common_clock import CommonClock
from tests.databases import Database, only_postgresql, only_sqlite


class Machine:
    """A clock that is off by so much."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def __call__(self) -> datetime:
        return system_clock() + self.off


@only_postgresql
@pytest.mark.parametrize("seconds", [-86_400, -20, 20, 3_600])
async def test_a_clock_that_is_off_is_put_right_by_the_database(
    database: Database, seconds: int
) -> None:
    """Two processes, of which one is off: they agree, and the one that is right is not moved."""
    right, wrong = CommonClock(), CommonClock(Machine(timedelta(seconds=seconds)))
    before = system_clock()
    moved = [await right.align(), await wrong.align()]
    now = wrong()
    taken = system_clock() - before

    assert abs(moved[0]) <= taken
    assert abs(moved[1] + timedelta(seconds=seconds)) <= taken
    assert abs(now - system_clock()) <= 2 * taken
    assert await wrong.align() <= taken


@only_postgresql
async def test_a_clock_that_is_set_while_it_runs_is_followed(database: Database) -> None:
    """By the next question."""
    machine = Machine(timedelta(seconds=20))
    clock = CommonClock(machine)
    await clock.align()
    machine.off = timedelta(0)
    before = system_clock()
    await clock.align()
    now, after = clock(), system_clock()

    assert abs(now - after) <= 2 * (after - before)


@only_sqlite
async def test_on_sqlite_the_time_is_the_machines(database: Database) -> None:
    """One process has it; there is nobody to agree with."""
    clock = CommonClock(Machine(timedelta(days=9)))

    assert await clock.align() == timedelta(0)
    assert clock() - system_clock() > timedelta(days=8)
