"""Digits stay taken exactly as long as some lock may open with them; on both databases, with the real firmware."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.errors import PinNotAcceptable
from domain.locks.service import delete_lock
from domain.pins.service import delete_pin, reassign_pin, set_blocked
from domain.pins.tables import PinReservation
from tests.databases import Database
from tests.domain.sync.yard import Yard

DIGITS, OTHERS = "49172638", "58203917"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def free(yard: Yard, digits: str = DIGITS) -> bool:
    """Whether the digits can be had, without taking them."""
    spare = await yard.lock("Spare")
    try:
        shown = await yard.pin(spare, digits=digits)
    except PinNotAcceptable:
        return False
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)
    return True


async def test_digits_that_were_never_handed_out_are_free_at_once(yard: Yard) -> None:
    """The lock was wanted to hold them and never got them: nothing is to be waited for."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits=DIGITS)
    taken = await free(yard)
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)

    assert not taken
    assert await free(yard)
    assert await PinReservation.all().count() == 0


async def test_digits_that_were_handed_out_stay_taken_until_the_lock_has_spoken(yard: Yard) -> None:
    """Handed out and never acknowledged: they may have arrived. The removal must be acknowledged, not handed out."""
    lock = await yard.lock("Front")
    await yard.settle()
    shown = await yard.pin(lock, digits=DIGITS)
    await lock.server_looks()
    await lock.disconnect()
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)

    handed_out = await free(yard)
    await lock.connect()
    await lock.server_looks()
    again = await free(yard)
    await yard.settle()

    assert (handed_out, again) == (False, False)
    assert await free(yard)


async def test_every_lock_that_held_them_must_speak(yard: Yard) -> None:
    """Two of three have acknowledged: taken. All three: free."""
    locks = [await yard.lock(name) for name in ("One", "Two", "Three")]
    shown = await yard.pin(*locks, digits=DIGITS)
    await yard.settle()
    await reassign_pin(yard.installation, yard.by, pin_id=shown.pin.id, digits=OTHERS, now=yard.now)

    seen = []
    for lock in locks:
        seen.append(await free(yard))
        await lock.settle()

    assert seen == [False, False, False]
    assert await free(yard)
    assert not await free(yard, OTHERS)


async def test_a_blocked_pin_keeps_its_digits(yard: Yard) -> None:
    """Though no lock opens with them: unblocking must not meet another's."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits=DIGITS)
    await yard.settle()
    await set_blocked(yard.installation, yard.by, pin_id=shown.pin.id, blocked=True, now=yard.now)
    await yard.settle()

    assert not lock.held(DIGITS)
    assert not await free(yard)


async def test_a_deleted_lock_holds_nothing(yard: Yard) -> None:
    """Whether it is deleted before the PIN or after it: nobody waits for a lock that will never speak."""
    first, second = await yard.lock("First"), await yard.lock("Second")
    early, late = await yard.pin(first, digits=DIGITS), await yard.pin(second, digits=OTHERS)
    await yard.settle()
    await delete_lock(yard.installation, yard.by, lock_id=first.id, now=yard.now)
    await delete_pin(yard.installation, yard.by, pin_id=early.pin.id, now=yard.now)
    await delete_pin(yard.installation, yard.by, pin_id=late.pin.id, now=yard.now)
    before = await free(yard, OTHERS)
    await delete_lock(yard.installation, yard.by, lock_id=second.id, now=yard.now)

    assert await free(yard)
    assert not before
    assert await free(yard, OTHERS)


async def test_a_lock_provisioned_anew_holds_nothing_once_it_has_proven_itself(yard: Yard) -> None:
    """Not before: a new secret that was only given out may never be installed, and the old life opens on."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits=DIGITS)
    await yard.settle()
    await lock.disconnect()
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)
    kit = await yard.provision(lock.id)

    given_out = await free(yard)
    opens = lock.type(DIGITS)
    lock.reset(kit)
    await lock.connect()

    assert not given_out
    assert opens
    assert await free(yard)
    assert not lock.type(DIGITS)


async def test_digits_changed_twice_while_offline_are_free_when_the_lock_has_the_last(
    yard: Yard,
) -> None:
    """The lock holds the first; the second was never handed out; both are free when it has the third."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits=DIGITS)
    await yard.settle()
    await lock.disconnect()
    for digits in (OTHERS, "60314028"):
        await reassign_pin(
            yard.installation, yard.by, pin_id=shown.pin.id, digits=digits, now=yard.now
        )

    before = await free(yard)
    await yard.settle()

    assert not before
    assert await free(yard)
    assert await free(yard, OTHERS)
    assert not await free(yard, "60314028")
    assert lock.type("60314028")


async def test_a_lock_whose_state_is_not_known_may_hold_anything(yard: Yard) -> None:
    """After a disk image of yesterday was put back, digits given up meanwhile stay taken until the lock has spoken."""
    lock = await yard.lock("Front")
    shown = await yard.pin(lock, digits=DIGITS)
    await yard.settle()
    image = lock.disk.state
    assert image is not None
    await set_blocked(yard.installation, yard.by, pin_id=shown.pin.id, blocked=True, now=yard.now)
    await yard.settle()
    lock.restore(image)
    await lock.connect()
    await delete_pin(yard.installation, yard.by, pin_id=shown.pin.id, now=yard.now)

    assert lock.held(DIGITS)
    assert not await free(yard)
    await yard.settle()
    assert await free(yard)
