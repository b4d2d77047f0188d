"""A lock that somebody opened up: it is cut off, and no digits that it may hold open any other door."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.audit.tables import AuditRow
from domain.errors import NotFound, PinNotAcceptable
from domain.locks.service import delete_lock
from domain.locks.tables import Lock, Provisioning
from domain.pins import compromised
from domain.pins.compromised import mark_lock_compromised
from domain.pins.digits import acceptable_digits
from domain.pins.service import delete_pin, reassign_pin
from domain.pins.tables import CompromisedPin, Pin
from domain.smartpins.service import create_smart_pin
from domain.smartpins.tables import SmartPin
from tests.databases import Database, only_sqlite
from tests.domain.sync.yard import Yard

HELD, ELSEWHERE, SENT = "739154", "482615", "917364"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """Two locks; a PIN at both and a PIN at the second alone."""
    made = await Yard.make(tmp_path)
    front, back = await made.lock("Front"), await made.lock("Back")
    await made.pin(front, back, digits=HELD)
    await made.pin(back, digits=ELSEWHERE)
    await made.settle()
    yield made
    made.installation.passwords.close()


async def marked(yard: Yard) -> compromised.Compromised:
    return await mark_lock_compromised(
        yard.installation, yard.by, lock_id=yard.locks[0].id, now=yard.now
    )


async def test_what_the_lock_held_opens_no_other_door(yard: Yard) -> None:
    """Its digits go, others stay; it hears nothing until it has a new secret, and holds the new digits then."""
    front, back = yard.locks
    done = await marked(yard)
    (shown,) = done.replaced
    assert (done.left, len(shown.digits)) == (0, len(HELD))
    assert shown.digits != HELD
    for _ in range(20):
        await back.settle()
    assert [back.type(each) for each in (HELD, shown.digits, ELSEWHERE)] == [False, True, True]
    await front.connect()
    assert front.actor is None, "its secret proves nothing any more"
    assert front.type(HELD), "nobody can tell it: somebody has to go there"
    assert not front.held(shown.digits)
    row = await Lock.get(id=front.id)
    assert (row.compromised_at, row.incarnation) == (yard.now, None)
    with pytest.raises(PinNotAcceptable):
        await yard.pin(back, digits=HELD)

    again = await marked(yard)
    assert (again.replaced, again.left) == ([], 0)
    notes = await AuditRow.filter(action="markLockCompromised").order_by("number")
    assert [(each.target_kind, each.target_id) for each in notes] == [
        ("Lock", front.id),
        ("Pin", shown.pin.id),
    ]
    assert not {HELD, shown.digits} & {str(each.changes) for each in notes}

    front.reset(await yard.provision(front.id))
    await yard.settle()
    assert [front.type(each) for each in (HELD, shown.digits)] == [False, True]
    assert (await Lock.get(id=front.id)).compromised_at is None
    await yard.pin(back, digits=HELD)


async def test_digits_that_may_have_arrived_count_and_others_do_not(yard: Yard) -> None:
    """A delivery without an answer may be there; what was never sent is not, nor what the lock has let go of."""
    front, back = yard.locks
    gone = (await yard.pin(front)).pin
    await yard.settle()
    await delete_pin(yard.installation, yard.by, pin_id=gone.id, now=yard.now)
    await yard.settle()
    sent = (await yard.pin(front, digits=SENT)).pin
    await front.server_looks()
    never = (await yard.pin(front)).pin
    replaced = {each.pin.id for each in (await marked(yard)).replaced}
    held = await Pin.filter(id__in=list(replaced)).values_list("id", flat=True)
    assert sent.id in replaced
    assert never.id not in replaced
    assert gone.id not in replaced
    assert len(held) == 2


async def test_codes_and_kits_of_the_lock_end(yard: Yard) -> None:
    """SmartPINs are void; a kit from before proves nothing."""
    front = yard.locks[0]
    await Lock.filter(id=front.id).update(smart_pin_enabled=True)
    await create_smart_pin(
        yard.installation,
        yard.by,
        lock_id=front.id,
        guest_name="Guest",
        starts_at=yard.now,
        ends_at=yard.now + timedelta(hours=4),
        now=yard.now,
    )
    kit = await yard.provision(front.id)
    await marked(yard)
    assert (await SmartPin.get()).dead_at == yard.now
    assert await Provisioning.filter(lock_id=front.id).count() == 0
    front.reset(kit)
    await front.connect()
    assert front.actor is None


@only_sqlite
async def test_more_than_one_answer_holds_come_one_after_the_other(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that an admin has given other digits meanwhile, or has deleted, count as done; the lock may be a new one."""
    monkeypatch.setattr(compromised, "AT_ONCE", 1)
    front = yard.locks[0]
    pins = [(await yard.pin(front)).pin for _ in range(4)]
    await yard.settle()
    first = await marked(yard)
    assert (len(first.replaced), first.left) == (1, 4)
    await reassign_pin(yard.installation, yard.by, pin_id=pins[0].id, digits=None, now=yard.now)
    await delete_pin(yard.installation, yard.by, pin_id=pins[1].id, now=yard.now)
    front.reset(await yard.provision(front.id))
    await yard.settle()
    told = [await marked(yard) for _ in range(4)]
    assert [len(each.replaced) for each in told] == [0, 0, 1, 1]
    assert [each.left for each in told] == [3, 2, 1, 0]
    row = await Lock.get(id=front.id)
    assert (row.compromised_at, row.incarnation is not None) == (None, True), (
        "it is not cut off again"
    )
    assert await CompromisedPin.filter(replaced_at=None).count() == 0


@only_sqlite
async def test_what_was_shown_is_not_lost_with_a_refusal(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second PIN cannot get other digits now: the first is shown, and the second is left."""
    front = yard.locks[0]
    await yard.pin(front)
    await yard.settle()
    usual, tries = acceptable_digits, list[int]()

    async def once(*given: object, **named: object) -> object:
        tries.append(1)
        if len(tries) == 2:
            raise NotFound("x")
        return await usual(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(compromised, "acceptable_digits", once)
    done = await marked(yard)
    assert (len(done.replaced), done.left) == (1, 1)
    assert len((await marked(yard)).replaced) == 1


@only_sqlite
async def test_a_deleted_lock_is_not_found(yard: Yard) -> None:
    """It has nothing any more."""
    lock_id = yard.locks[0].id
    await delete_lock(yard.installation, yard.by, lock_id=lock_id, now=yard.now)
    with pytest.raises(NotFound):
        await marked(yard)
