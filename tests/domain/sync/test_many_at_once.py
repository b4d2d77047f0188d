"""Many locks are told and heard at once, and one of them that is wrong costs the others nothing; on both databases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from domain.access.schedule import Weekday
from domain.database import lock_row, transaction, use_case
from domain.locks.tables import Lock
from domain.pins.service import update_pin
from domain.sync.rules import SyncStatus
from domain.sync.status import pins_at_locks
from domain.sync.tables import LockEntry
from locksim.signals import Delivery
from tests.counting import counted
from tests.databases import Database, only_postgresql
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and six locks that hold one PIN, all of them online."""
    made = await Yard.make(tmp_path)
    for number in range(6):
        await made.lock(f"Door {number}")
    await made.settle()
    yield made
    made.installation.passwords.close()


async def changed(yard: Yard) -> UUID:
    """A PIN at all locks that they have, given another day which they lack; its id."""
    pin = (await yard.pin(*yard.locks)).pin
    await yard.settle()
    fields = {"weekdays": [Weekday.MONDAY]}
    await update_pin(yard.installation, yard.by, pin_id=pin.id, fields=fields, now=yard.now)
    return pin.id


async def told(locks: Sequence[YardLock]) -> list[bool]:
    """All feeds look at once; which of these locks got a delivery."""
    await asyncio.gather(*(lock.server_looks() for lock in locks))
    return [any(isinstance(each, Delivery) for each in lock.down) for lock in locks]


async def heard(locks: Sequence[YardLock]) -> None:
    """Each takes what it was told, and all answer at once."""
    for lock in locks:
        while lock.lock_hears():
            pass
    await asyncio.gather(*(lock.server_hears() for lock in locks))


async def statuses(yard: Yard, pin_id: UUID) -> list[SyncStatus]:
    """What is known of the PIN at each lock."""
    states = (await pins_at_locks([pin_id]))[pin_id]
    by_lock = {state.lock.id: state.status for state in states}
    return [by_lock[lock.id] for lock in yard.locks]


async def test_six_cost_no_more_statements_than_one(yard: Yard) -> None:
    """Looking, cutting and settling, each for all of them together."""
    costs = []
    for locks in (yard.locks[:1], yard.locks):
        await changed(yard)
        with counted() as statements:
            await told(locks)
            await heard(locks)
        costs.append(len(statements))
        await yard.settle()
    assert costs[1] - costs[0] <= 3, costs
    assert costs[0] <= 30, costs


async def test_a_row_that_was_tampered_with_holds_up_its_own_lock_alone(yard: Yard) -> None:
    """However often it is looked at, nothing of it is sent, and no revision is spent on it."""
    pin_id = await changed(yard)
    bad = yard.locks[2]
    await LockEntry.filter(lock_id=bad.id, pin_id=pin_id).update(payload_hash="00" * 32)
    before = (await bad.row()).wanted_revision
    for _ in range(3):
        await told(yard.locks)
    assert await told(yard.locks) == [lock is not bad for lock in yard.locks]
    await heard([lock for lock in yard.locks if lock is not bad])

    found = await statuses(yard, pin_id)
    assert [each is SyncStatus.UPDATED for each in found] == [x is not bad for x in yard.locks]
    assert (await bad.row()).wanted_revision == before


async def test_one_that_acknowledges_nonsense_and_one_that_says_nothing_are_behind_alone(
    yard: Yard,
) -> None:
    """The first gets a snapshot, the second is waited for."""
    pin_id = await changed(yard)
    await told(yard.locks)
    wrong, silent = yard.locks[1], yard.locks[4]
    silent.down.clear()
    for lock in yard.locks:
        while lock.lock_hears():
            pass
    report = wrong.up[-1]
    assert report.ack is not None
    wrong.up[-1] = replace(report, ack=replace(report.ack, state_sum="ff" * 32))
    await asyncio.gather(*(lock.server_hears() for lock in yard.locks))

    found = await statuses(yard, pin_id)
    assert found[1] is SyncStatus.UNKNOWN
    assert found[4] is SyncStatus.NOT_UPDATED
    assert [found[n] for n in (0, 2, 3, 5)] == [SyncStatus.UPDATED] * 4
    assert (await wrong.row()).snapshot_needed
    await yard.settle()
    assert await statuses(yard, pin_id) == [SyncStatus.UPDATED] * 6


async def test_an_acknowledgement_counts_though_nobody_is_left_to_hear_the_answer(
    yard: Yard,
) -> None:
    """The socket is gone between the commit and the answer: the lock says it again, which changes nothing."""
    pin_id = await changed(yard)
    await told(yard.locks)
    for lock in yard.locks:
        while lock.lock_hears():
            pass
    first = yard.locks[0]
    again = list(first.up)
    asked = [asyncio.ensure_future(lock.server_hears()) for lock in yard.locks]
    await asyncio.sleep(0)
    asked[0].cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert await statuses(yard, pin_id) == [SyncStatus.UPDATED] * 6
    first.up[:] = again
    await first.server_hears()
    assert await statuses(yard, pin_id) == [SyncStatus.UPDATED] * 6


@only_postgresql
async def test_a_lock_whose_row_somebody_holds_is_waited_for_alone(yard: Yard) -> None:
    """The others are told and heard meanwhile; it is as soon as its row is free."""
    pin_id = await changed(yard)
    held, free = yard.locks[3], [lock for lock in yard.locks if lock is not yard.locks[3]]
    taken, let_go = asyncio.Event(), asyncio.Event()

    @use_case
    async def hold_row() -> None:
        async with transaction():
            await lock_row(Lock, held.id)
            taken.set()
            await let_go.wait()

    holding = asyncio.ensure_future(hold_row())
    await taken.wait()
    late = asyncio.ensure_future(told([held]))
    assert await told(free) == [True] * 5
    await heard(free)
    assert not late.done()
    let_go.set()
    await holding
    assert await late == [True]
    await heard([held])
    assert await statuses(yard, pin_id) == [SyncStatus.UPDATED] * 6
