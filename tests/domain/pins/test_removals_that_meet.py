"""Locks acknowledge a removal at the same time: the digits are free when the last has done so; on both databases.

Each lock is at a server process of its own, since one process takes such reports by one transaction.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.locks.service import delete_lock
from domain.pins.service import delete_pin, reassign_pin
from domain.pins.tables import HeldDigits, PinReservation
from tests.databases import Database
from tests.domain.crossing import held_back
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock

DIGITS, OTHERS = "49172638", "58203917"
LAST_WORDS = "SELECT 1 FROM lock_deliveries FOR UPDATE"
"""What an acknowledgement writes after it has freed the digits."""


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _removing(yard: Yard, lock: YardLock) -> None:
    """The lock has the change and is about to say so."""
    assert await lock.server_looks()
    while lock.lock_hears():
        pass
    assert lock.up


async def _holding(yard: Yard) -> list[YardLock]:
    """Two locks that open with the digits."""
    locks = [await yard.lock("One"), await yard.lock("Two")]
    for lock in locks:
        lock.process = replace(yard.installation)
    await yard.pin(*locks, digits=DIGITS)
    await yard.settle()
    return locks


async def _together(database: Database, *locks: YardLock) -> None:
    """Both acknowledgements are under way before either is committed."""
    async with held_back(database, LAST_WORDS) as rows:
        tasks = [await rows.meets(_heard(lock)) for lock in locks]
    async with asyncio.timeout(30):
        await asyncio.gather(*tasks)


async def _heard(lock: YardLock) -> None:
    while await lock.server_hears():
        pass


@pytest.mark.parametrize("change", ["deleted", "reassigned"])
async def test_digits_that_two_locks_give_up_together_are_free(
    database: Database, yard: Yard, change: str
) -> None:
    locks = await _holding(yard)
    (taken,) = await PinReservation.all()
    if change == "deleted":
        await delete_pin(yard.installation, yard.by, pin_id=taken.pin_id, now=yard.now)
    else:
        await reassign_pin(
            yard.installation, yard.by, pin_id=taken.pin_id, digits=OTHERS, now=yard.now
        )
    for lock in locks:
        await _removing(yard, lock)

    await _together(database, *locks)

    assert not await PinReservation.filter(id=taken.id).exists()
    assert await yard.pin(locks[0], digits=DIGITS)


async def test_digits_stay_taken_while_the_last_lock_has_not_spoken(
    database: Database, yard: Yard
) -> None:
    """Freed too early they would open, at that lock, what they opened before."""
    locks = [*await _holding(yard), await yard.lock("Three")]
    (taken,) = await PinReservation.all()
    await delete_pin(yard.installation, yard.by, pin_id=taken.pin_id, now=yard.now)
    third = await HeldDigits.filter(entry__lock_id=locks[1].id).first()
    assert third is not None
    await _removing(yard, locks[0])

    await _together(database, locks[0])

    assert await PinReservation.filter(id=taken.id).exists()


async def test_a_lock_that_is_deleted_while_the_other_speaks_holds_nothing_either(
    database: Database, yard: Yard
) -> None:
    one, two = await _holding(yard)
    (taken,) = await PinReservation.all()
    await delete_pin(yard.installation, yard.by, pin_id=taken.pin_id, now=yard.now)
    await _removing(yard, one)

    async with held_back(database, LAST_WORDS, "SELECT 1 FROM audit_heads FOR UPDATE") as rows:
        spoken = await rows.meets(_heard(one))
        gone = await rows.meets(
            delete_lock(yard.installation, yard.by, lock_id=two.id, now=yard.now)
        )
    async with asyncio.timeout(30):
        await asyncio.gather(spoken, gone)

    assert not await PinReservation.filter(id=taken.id).exists()
