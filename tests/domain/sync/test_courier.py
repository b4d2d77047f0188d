"""Phones carry what a lock without a network lacks, blindly, and come back with what it says; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.access.decision import DenialReason
from domain.access.schedule import ALWAYS, Schedule, Slot
from domain.access_rules.service import create_access_rule, delete_access_rule
from domain.access_rules.tables import AccessRule
from domain.database import sweep
from domain.errors import (
    AccessDenied,
    HelloNotAcceptable,
    LockNeverSetUp,
    LockTooOld,
    NotFound,
    ReceiptNotAcceptable,
)
from domain.invitations.service import create_invitation, delete_invitation
from domain.link import messages
from domain.link.claims import SILENT
from domain.link.courier import MAX_BUNDLE_FRAME_BYTES, BundleBody, CarriedDelivery
from domain.link.entries import Entry, EntryKind, PinPayload
from domain.link.events import LockEventKind, OpeningMethod
from domain.link.messages import DeliveryBody, entries_that_fit
from domain.link.sealing import MAX_BODY_BYTES
from domain.pins.service import delete_pin, reassign_pin
from domain.security import base64url
from domain.sync import deliveries
from domain.sync.rules import SyncStatus
from domain.sync.status import PinAtLock, pins_at_locks
from domain.sync.sweeping import SWEEPS
from domain.sync.tables import LockEvent
from domain.unlocking.leases import RequestedLease
from locksim.phone_link import NoCourier
from tests.databases import Database
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock
from tests.domain.sync.yard_phone import YardPhone

FIRST, SECOND = "49172638", "58203917"


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with one member and no locks yet."""
    made = await Yard.make(tmp_path)
    yield made
    made.installation.passwords.close()


async def _rule(yard: Yard, *locks: YardLock, schedule: Schedule = ALWAYS) -> UUID:
    rule = await create_access_rule(
        yard.installation,
        yard.by,
        member_id=yard.owner.id,
        member_tag_id=None,
        lock_ids=[lock.id for lock in locks],
        lock_tag_ids=None,
        schedule=schedule,
        now=yard.now,
    )
    return rule.id


async def _state(pin_id: UUID) -> PinAtLock:
    (state,) = (await pins_at_locks([pin_id]))[pin_id]
    return state


async def _door(yard: Yard) -> tuple[YardLock, YardPhone]:
    """A lock that no network reaches, and the phone of somebody who may open it."""
    lock = await yard.lock("Cellar")
    await _rule(yard, lock)
    return lock, await YardPhone.of_member(yard)


async def test_the_first_opening_carries_the_update(yard: Yard) -> None:
    """Proves the whole way from a new PIN to UPDATED over one phone, the events with it, and that the lock opened."""
    lock, phone = await _door(yard)
    pin = await yard.pin(lock, digits=FIRST)
    assert not lock.type(FIRST)
    answer = await phone.open(lock)
    assert answer is not None
    assert answer.opened
    assert lock.openings == 1
    assert lock.type(FIRST)
    before = await _state(pin.pin.id)
    assert (before.status, before.opens) == (SyncStatus.NOT_UPDATED, [1])
    assert await phone.come_home() == [True]
    after = await _state(pin.pin.id)
    assert (after.status, after.opens, after.pending_since) == (SyncStatus.UPDATED, [1], None)
    opened = await LockEvent.get(lock_id=lock.id, kind=LockEventKind.OPENED)
    assert (opened.method, opened.member_id) == (OpeningMethod.PHONE, yard.owner.id)
    assert opened.device_id == phone.device_id


async def test_any_phone_carries_for_everyone(yard: Yard) -> None:
    """Proves that a guest's phone brings a member's removal, and another phone than the one that opened the receipts."""
    lock, phone = await _door(yard)
    pin = await yard.pin(lock, digits=FIRST)
    await phone.carry(lock)
    await delete_pin(yard.installation, yard.by, pin_id=pin.pin.id, now=yard.now)
    invitation, _ = await create_invitation(
        yard.installation,
        yard.by,
        name="Guest",
        lock_ids=[lock.id],
        lock_tag_ids=None,
        schedule=Schedule(valid_until=yard.now + timedelta(days=2)),
        device_limit=1,
        now=yard.now,
    )
    guest = await YardPhone.of_guest(yard, invitation)
    answer = await guest.open(lock)
    assert answer is not None
    assert answer.opened
    assert not lock.type(FIRST)
    for receipt in answer.receipts:
        assert await phone.submit(lock, receipt)
    assert (await _state(pin.pin.id)).status is SyncStatus.REMOVED
    opened = await LockEvent.filter(lock_id=lock.id, kind=LockEventKind.OPENED).order_by("-number")
    assert opened[0].invitation_id == invitation.id
    await delete_invitation(yard.installation, yard.by, invitation_id=invitation.id, now=yard.now)
    with pytest.raises(AccessDenied):
        await guest.ask(lock)


async def test_a_receipt_of_a_bundle_from_before_an_edit_leaves_it_open(yard: Yard) -> None:
    """Proves NOT_UPDATED after such a receipt, and that both versions are told as opening while that may be so."""
    lock, phone = await _door(yard)
    pin = await yard.pin(lock, digits=FIRST)
    hello = lock.hello()
    asked = await phone.ask(lock, hello)
    assert asked.bundle is not None
    await reassign_pin(yard.installation, yard.by, pin_id=pin.pin.id, digits=SECOND, now=yard.now)
    answer = phone.hand_over(lock, hello, asked.sealed, asked.bundle.sealed)
    assert answer is not None
    assert answer.opened
    await phone.come_home()
    state = await _state(pin.pin.id)
    assert (state.status, state.applied_version, state.wanted_version) == (
        SyncStatus.NOT_UPDATED,
        1,
        2,
    )
    assert state.opens == [1]
    await phone.carry(lock)
    state = await _state(pin.pin.id)
    assert (state.status, state.opens) == (SyncStatus.UPDATED, [2])


async def test_two_phones_race_at_one_lock(yard: Yard) -> None:
    """Proves that of two bundles cut from the same place the second changes nothing and both phones open."""
    lock, first = await _door(yard)
    await yard.pin(lock, digits=FIRST)
    second = await YardPhone.of_member(yard)
    hellos = lock.hello(), lock.hello()
    asked = [
        await phone.ask(lock, hello) for phone, hello in zip((first, second), hellos, strict=True)
    ]
    for phone, hello, each in zip((first, second), hellos, asked, strict=True):
        assert each.bundle is not None
        answer = phone.hand_over(lock, hello, each.sealed, each.bundle.sealed)
        assert answer is not None
        assert answer.opened
    held = lock.firmware.state
    await second.come_home()
    await first.come_home()
    row = await lock.row()
    assert row.applied_revision == row.wanted_revision == held.applied
    events = await LockEvent.filter(lock_id=lock.id).values_list("state_id", "sequence")
    assert len(set(events)) == len(events)
    assert not await LockEvent.filter(lock_id=lock.id, kind=LockEventKind.EVENTS_MISSING).exists()


async def test_large_backlogs_take_several_deliveries(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves several deliveries in one bundle, and that a bundle which has no room for all is followed by the next; changes
    and the parts of a snapshot alike, without one being carried twice."""
    for module in (deliveries, messages):
        monkeypatch.setattr(module, "MAX_DELIVERY_ENTRIES", 2)
    monkeypatch.setattr("domain.sync.bundles.MAX_BUNDLE_DELIVERIES", 2)
    lock, phone = await _door(yard)
    pins = [await yard.pin(lock) for _ in range(5)]  # with the settings six entries, three parts
    hello = lock.hello()
    asked = await phone.ask(lock, hello)
    assert asked.bundle is not None
    assert (asked.bundle.carried, asked.bundle.complete) == (4, False)
    answer = phone.hand_over(lock, hello, asked.sealed, asked.bundle.sealed)
    assert answer is not None
    assert answer.opened
    hello = lock.hello()
    asked = await phone.ask(lock, hello)
    assert asked.bundle is not None
    assert (asked.bundle.carried, asked.bundle.complete) == (2, True)
    phone.hand_over(lock, hello, asked.sealed, asked.bundle.sealed)
    await phone.come_home()
    assert [(await _state(each.pin.id)).status for each in pins] == [SyncStatus.UPDATED] * 5

    for each in pins:
        await delete_pin(yard.installation, yard.by, pin_id=each.pin.id, now=yard.now)
    carried = []
    for _ in range(2):
        hello = lock.hello()
        asked = await phone.ask(lock, hello)
        assert asked.bundle is not None
        carried.append(asked.bundle.carried)
        phone.hand_over(lock, hello, asked.sealed, asked.bundle.sealed)
    assert carried == [4, 1]
    await phone.come_home()
    assert [(await _state(each.pin.id)).status for each in pins] == [SyncStatus.REMOVED] * 5


async def test_receipts_come_late_twice_and_in_any_order(yard: Yard) -> None:
    """Proves that old receipts take nothing back, that each event is stored once, and that what the lock still keeps is not
    told as missing; and that it forgets its events only when all before them are stored."""
    lock, phone = await _door(yard)
    pin = await yard.pin(lock, digits=FIRST)
    first = await phone.open(lock)
    for _ in range(130):
        assert lock.type(FIRST)
    second = await phone.open(lock)
    assert first is not None
    assert second is not None
    assert len(second.receipts) > 1
    kept = len(lock.firmware.state.events)
    for receipt in reversed(second.receipts):
        assert await phone.submit(lock, receipt)
        hello = lock.hello()
        asked = await phone.ask(lock, hello)
        assert asked.bundle is not None
        phone.hand_over(lock, hello, asked.sealed, asked.bundle.sealed)
        if receipt is second.receipts[-1]:
            assert len(lock.firmware.state.events) > kept
    assert len(lock.firmware.state.events) < 10
    for receipt in (*first.receipts, *second.receipts):
        assert not await phone.submit(lock, receipt)
    await phone.come_home()
    assert (await _state(pin.pin.id)).status is SyncStatus.UPDATED
    assert not await LockEvent.filter(lock_id=lock.id, kind=LockEventKind.EVENTS_MISSING).exists()
    names = await LockEvent.filter(lock_id=lock.id).values_list("state_id", "sequence")
    assert len(names) == len(set(names))
    assert await LockEvent.filter(lock_id=lock.id, kind=LockEventKind.OPENED).count() == (
        130 + 2 + len(second.receipts)
    )


async def test_a_lost_access_gets_nothing_new_and_the_old_lease_ends(yard: Yard) -> None:
    """Proves that a lease fetched ahead opens without coverage until its end, whatever happens to the access, and that the
    phone gets no other."""
    lock, phone = await _door(yard)
    await phone.carry(lock)
    (rule,) = [await _rule(yard, lock)]
    ahead = await phone.ask(lock)
    assert ahead.bundle is None
    assert ahead.expires_at == yard.now + timedelta(minutes=15)
    await delete_access_rule(yard.installation, yard.by, access_rule_id=rule, now=yard.now)
    first_rule = (await yard_rules(yard))[0]
    await delete_access_rule(yard.installation, yard.by, access_rule_id=first_rule, now=yard.now)
    answer = phone.hand_over(lock, lock.hello(), ahead.sealed, None)
    assert answer is not None
    assert answer.opened
    with pytest.raises(AccessDenied) as denied:
        await phone.ask(lock, lock.hello())
    assert denied.value.reasons == (DenialReason.NO_RULE,)
    yard.now += timedelta(minutes=16)
    answer = phone.hand_over(lock, lock.hello(), ahead.sealed, None)
    assert answer is not None
    assert answer.reasons == (DenialReason.ENDED,)


async def yard_rules(yard: Yard) -> list[UUID]:
    """The access rules of the yard's member that are left."""
    rows = await AccessRule.filter(site_id=yard.site.id, deleted_at=None).order_by("id")
    return [row.id for row in rows]


async def test_a_lock_whose_disk_was_replaced_gets_everything(yard: Yard) -> None:
    """Proves a snapshot for a lock that says less than it has acknowledged, with an empty disk and with an old one."""
    lock, phone = await _door(yard)
    pin = await yard.pin(lock, digits=FIRST)
    await phone.carry(lock)
    image = lock.disk.state
    await delete_pin(yard.installation, yard.by, pin_id=pin.pin.id, now=yard.now)
    await phone.carry(lock)
    assert image is not None
    lock.restore(image)
    assert lock.type(FIRST)
    await phone.carry(lock)
    assert not lock.type(FIRST)
    assert (await _state(pin.pin.id)).status is SyncStatus.REMOVED
    lock.disk.state = None
    lock.restart()
    other = await yard.pin(lock, digits=SECOND)
    await phone.carry(lock)
    assert lock.type(SECOND)
    assert (await _state(other.pin.id)).status is SyncStatus.UPDATED
    row = await lock.row()
    assert row.applied_revision == row.wanted_revision == lock.firmware.state.applied


async def test_a_lock_that_is_ahead_begins_an_epoch(yard: Yard) -> None:
    """Proves it for an old database: what the lock has and nobody sent is replaced by a snapshot above it, with an event."""
    lock, phone = await _door(yard)
    await phone.carry(lock)
    ahead = lock.firmware.state.epoch + 3
    lock.firmware._core.write(replace(lock.firmware.state, epoch=ahead))
    await phone.carry(lock)
    row = await lock.row()
    assert row.epoch == ahead + 1 == lock.firmware.state.epoch
    assert await LockEvent.filter(lock_id=lock.id, kind=LockEventKind.OUT_OF_STEP).exists()
    assert not row.state_unknown


async def test_hellos_and_receipts_of_others_are_refused(yard: Yard) -> None:
    """Proves it for another lock's, flipped, truncated and empty ones, for those of a life that is over, and for a lock that
    is not there; nothing changes by any."""
    lock, phone = await _door(yard)
    other = await yard.lock("Attic")
    await _rule(yard, other)
    hello = lock.hello()
    for wrong in (
        other.hello(),
        b"",
        hello[:-1],
        hello + b" ",
        bytes([hello[0], hello[1] ^ 1]) + hello[2:],
        hello[:60] + bytes([hello[60] ^ 1]) + hello[61:],
    ):
        with pytest.raises(HelloNotAcceptable):
            await phone.ask(lock, wrong)
    answer = await phone.open(lock)
    assert answer is not None
    (receipt,) = answer.receipts
    before = await lock.row()
    for wrong in (b"", receipt[:-1], receipt[:30] + bytes([receipt[30] ^ 1]) + receipt[31:]):
        with pytest.raises(ReceiptNotAcceptable):
            await phone.submit(lock, wrong)
    with pytest.raises(ReceiptNotAcceptable):
        await phone.submit(other, receipt)
    assert (await lock.row()).applied_revision == before.applied_revision
    old = lock.hello()
    lock.reset(await yard.provision(lock.id))
    assert (await phone.carry(lock)) is not None
    with pytest.raises(HelloNotAcceptable):
        await phone.ask(lock, old)
    with pytest.raises(ReceiptNotAcceptable):
        await phone.submit(lock, receipt)


async def test_a_hello_proves_a_pending_secret(yard: Yard) -> None:
    """Proves that the first hello of a new kit begins the life, once, and that everything is carried anew."""
    lock, phone = await _door(yard)
    pin = await yard.pin(lock, digits=FIRST)
    await phone.carry(lock)
    life = (await lock.row()).incarnation
    lock.reset(await yard.provision(lock.id))
    answer = await phone.carry(lock)
    assert answer is not None
    assert answer.opened
    assert (await lock.row()).incarnation == lock.own.incarnation != life
    assert (await _state(pin.pin.id)).status is SyncStatus.UPDATED
    assert lock.type(FIRST)


async def test_old_firmware_goes_on_without_phones(yard: Yard) -> None:
    """Proves that a lock which does not read it says no hello, and that nobody gets a lease for it once that is known."""
    lock = await yard.lock("Old", firmware=SILENT)
    await _rule(yard, lock)
    phone = await YardPhone.of_member(yard)
    with pytest.raises(NoCourier):
        lock.hello()
    await yard.settle()
    with pytest.raises(LockTooOld):
        await phone.ask(lock)


async def test_a_lock_that_nobody_has_heard_opens_with_a_lease_ahead_if_its_kit_is_installed(
    yard: Yard,
) -> None:
    """Proves that the newest kit serves until one is proven, that a receipt alone proves it, and that without any kit there
    is nothing to ask for."""
    lock, phone = await _door(yard)
    ahead = await phone.ask(lock)
    answer = phone.hand_over(lock, lock.hello(), ahead.sealed, None)
    assert answer is not None
    assert answer.opened
    assert (await lock.row()).incarnation is None
    assert await phone.come_home() == [True]
    assert (await lock.row()).incarnation == lock.own.incarnation
    opened = await LockEvent.get(lock_id=lock.id, kind=LockEventKind.OPENED)
    assert opened.member_id == yard.owner.id
    bare = await yard.lock("Bare")
    await _rule(yard, bare)
    yard.now += timedelta(days=2)  # its kit has ended unproven
    with pytest.raises(LockNeverSetUp):
        await phone.ask(bare)
    with pytest.raises(HelloNotAcceptable):
        await phone.ask(bare, bare.hello())


async def test_strangers_get_nothing(yard: Yard) -> None:
    """Proves NotFound for a foreign site's lock, as for none."""
    lock, phone = await _door(yard)
    invitation, _ = await create_invitation(
        yard.installation,
        yard.by,
        name="Guest",
        lock_ids=[(await yard.lock("Attic")).id],
        lock_tag_ids=None,
        schedule=Schedule(valid_until=yard.now + timedelta(days=2)),
        device_limit=1,
        now=yard.now,
    )
    guest = await YardPhone.of_guest(yard, invitation)
    with pytest.raises(NotFound):
        await guest.ask(lock, lock.hello())
    assert phone.device_id != guest.device_id


async def test_many_phones_at_one_door_and_an_admin_all_at_once(yard: Yard) -> None:
    """Proves that leases, receipts and edits of one moment neither stop nor lose each other, and that all agrees at rest."""
    lock, first = await _door(yard)
    pins = [await yard.pin(lock) for _ in range(3)]
    phones = [first, *[await YardPhone.of_member(yard) for _ in range(3)]]
    for round_ in range(2):
        hellos = [lock.hello() for _ in phones]
        asked = await asyncio.gather(
            *(phone.ask(lock, hello) for phone, hello in zip(phones, hellos, strict=True)),
            *(
                reassign_pin(
                    yard.installation, yard.by, pin_id=each.pin.id, digits=None, now=yard.now
                )
                for each in pins[: round_ + 1]
            ),
        )
        for phone, hello, each in zip(phones, hellos, asked, strict=False):
            assert isinstance(each, RequestedLease)
            assert each.bundle is not None
            answer = phone.hand_over(lock, hello, each.sealed, each.bundle.sealed)
            assert answer is not None
            assert answer.opened
        await asyncio.gather(*(phone.come_home() for phone in phones))
    await first.carry(lock)
    states = [await _state(each.pin.id) for each in pins]
    assert [state.status for state in states] == [SyncStatus.UPDATED] * 3
    assert [state.opens for state in states] == [[state.wanted_version] for state in states]
    names = await LockEvent.filter(lock_id=lock.id).values_list("state_id", "sequence")
    assert len(names) == len(set(names))


async def test_a_lock_without_time_gets_it_from_a_phone(yard: Yard) -> None:
    """Proves that a lease ahead opens nothing there, that a bundle brings the time, and sets one back that is far ahead."""
    lock, phone = await _door(yard)
    await phone.carry(lock)
    lock.battery_ms = None
    lock.restart()
    ahead = await phone.ask(lock)
    answer = phone.hand_over(lock, lock.hello(), ahead.sealed, None)
    assert answer is not None
    assert answer.reasons == (DenialReason.NO_TIME,)
    answer = await phone.carry(lock)
    assert answer is not None
    assert answer.opened
    assert lock.battery_ms is not None
    lock.battery_ms += timedelta(days=400).total_seconds() * 1000
    lock.restart()
    answer = phone.hand_over(lock, lock.hello(), ahead.sealed, None)
    assert answer is not None
    assert answer.reasons == (DenialReason.ENDED,)
    answer = await phone.carry(lock)
    assert answer is not None
    assert answer.opened
    kinds = (
        await LockEvent.filter(lock_id=lock.id).order_by("number").values_list("kind", flat=True)
    )
    assert LockEventKind.CLOCK_SET in kinds


async def test_old_leases_are_swept_and_late_events_lose_no_more_than_their_names(
    yard: Yard,
) -> None:
    """Proves that a lease goes ninety days after its end, and that an opening with it is still stored when it is told."""
    lock, phone = await _door(yard)
    await phone.open(lock)
    yard.now += timedelta(days=91)
    swept = {each.name: each for each in SWEEPS}["open_leases"]
    assert await sweep(swept, yard.now) == 1
    assert await phone.come_home() == [True]
    opened = await LockEvent.get(lock_id=lock.id, kind=LockEventKind.OPENED)
    assert (opened.method, opened.member_id, opened.lease_id) == (OpeningMethod.PHONE, None, None)


def test_the_largest_part_of_a_snapshot_fits_into_a_bundle() -> None:
    """Proves it for PINs with as many schedules as one may have: the body keeps its limit, with the longest names."""
    schedules = (Schedule(slot=Slot(time(8), time(9)), valid_until=date(2026, 12, 31)),) * 64
    payload = PinPayload(bytes(32), schedules).to_payload()
    entries = [Entry(f"pin_{number:060}", EntryKind.PIN, 2**31, payload) for number in range(200)]
    room = MAX_BODY_BYTES - MAX_BUNDLE_FRAME_BYTES
    count = entries_that_fit(entries, room)
    part = DeliveryBody(0, 2**31 - 1, True, 1000, 1000, tuple(entries[:count]))
    assert len(part.encode()) > room - 2 * 16 * 1024
    nonce = base64url.encode(bytes(32))
    carried = (CarriedDelivery("x" * 64, part.to_wire()),)
    body = BundleBody(nonce, carried, 2**47, "x" * 64, 2**63 - 1).encode()
    assert len(body) <= MAX_BODY_BYTES
