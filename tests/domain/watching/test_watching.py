"""Silent and locked locks, PINs that open too long, seats, SmartPINs, guesses, rows that were tampered with: each is
found, told once, and over when it is over; on both databases."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from domain.access.decision import DenialReason
from domain.alerts.tables import Alert, AlertKind
from domain.database import transaction, use_case
from domain.link.events import LockEventKind, OpeningMethod
from domain.locks.rules import Connectivity
from domain.locks.tables import Lock
from domain.people.tables import Member
from domain.pins.tables import Pin
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.facts import EventsRecorded
from domain.sync.tables import LockEntry, LockEvent
from domain.watching.events import MANY, alert_of_events
from domain.watching.states import SILENT, watch_credentials, watch_locks, watch_seats
from tests.databases import Database
from tests.domain.sync.test_event_retention import a_lock
from tests.domain.sync.yard import Yard

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


async def open_ones() -> list[tuple[AlertKind, UUID | None]]:
    """What lasts: kind and lock."""
    rows = await Alert.filter(ended_at=None).order_by("id")
    return [(each.kind, each.lock_id) for each in rows]


async def test_silent_and_locked_out(database: Database, tmp_path: Path) -> None:
    """After an hour to the second; not a lock that never was heard, is deleted, or has no network; over when it is back."""
    yard = await Yard.make(tmp_path)
    silent, fresh, offline, deleted = [await a_lock(yard) for _ in range(4)]
    await a_lock(yard)
    long_ago = yard.now - SILENT - SECOND
    await Lock.filter(id__in=[silent, offline, deleted]).update(last_contact_at=long_ago)
    await Lock.filter(id=fresh).update(last_contact_at=yard.now - SILENT, locked_out_since=long_ago)
    await Lock.filter(id=offline).update(connectivity=Connectivity.WIRELESS_OFFLINE)
    await Lock.filter(id=deleted).update(deleted_at=yard.now)
    for _ in range(2):
        await watch_locks(yard.now)
    assert await open_ones() == [(AlertKind.LOCK_SILENT, silent), (AlertKind.LOCKOUT, fresh)]
    await Lock.filter(id=silent).update(last_contact_at=yard.now)
    await Lock.filter(id=fresh).update(locked_out_since=None)
    await watch_locks(yard.now)
    assert await open_ones() == []
    yard.installation.passwords.close()


async def test_pins_that_open_too_long_and_that_were_tampered_with(
    database: Database, tmp_path: Path
) -> None:
    """A change that a lock lacks for a day, of an entry that opens; a verifier that is another row's; over, but for the
    tampering, once the lock has it."""
    yard = await Yard.make(tmp_path)
    lock = await a_lock(yard)
    at: Any = await Lock.get(id=lock)
    made, other = (await yard.pin(at)).pin, (await yard.pin(at)).pin
    await LockEntry.filter(pin_id=made.id).update(
        applied_live=True, pending_since=yard.now - DAY - SECOND
    )
    await watch_credentials(yard.installation, yard.now)
    assert await open_ones() == [(AlertKind.OLD_PIN_OPENS, lock)]
    await Pin.filter(id=made.id).update(
        verifier_sealed=(await Pin.get(id=other.id)).verifier_sealed
    )
    for _ in range(2):
        await watch_credentials(yard.installation, yard.now)
    assert (AlertKind.RECORDS_TAMPERED, lock) in await open_ones()
    assert len(await open_ones()) == 2
    await LockEntry.filter(lock_id=lock).update(pending_since=None)
    await watch_credentials(yard.installation, yard.now)
    assert await open_ones() == [(AlertKind.RECORDS_TAMPERED, lock)]
    (told,) = await Alert.filter(kind=AlertKind.RECORDS_TAMPERED)
    assert told.pin_id == made.id
    yard.installation.passwords.close()


@use_case
async def smart_pin(yard: Yard, lock_id: UUID, **values: Any) -> UUID:
    key = uuid4()
    await SmartPin.create(
        id=key,
        site_id=yard.site.id,
        lock_id=lock_id,
        incarnation="one",
        epoch=key.int % 10**9,
        code_index=1,
        entry_name=key.hex,
        guest_name="Gus",
        opens_at=yard.now - 2 * DAY,
        closes_at=yard.now + DAY,
        activate_by=yard.now - DAY,
        created_at=yard.now,
        **values,
    )
    return key


async def test_seats_and_smart_pins(database: Database, tmp_path: Path) -> None:
    """Nine seats of ten and not eight; a SmartPIN that nobody used in time, where the site wants that, and no other."""
    yard = await Yard.make(tmp_path)
    lock = await a_lock(yard)
    await Site.filter(id=yard.site.id).update(seat_limit=10)
    left = 8 - await Member.filter(site_id=yard.site.id).count()
    for number in range(left + 1):
        await watch_seats(yard.now)
        assert await open_ones() == [], number
        await Member.create(site_id=yard.site.id, name="M", role="USER", created_at=yard.now)
    await watch_seats(yard.now)
    assert await open_ones() == [(AlertKind.SEATS_NEARLY_USED, None)]
    await Site.filter(id=yard.site.id).update(seat_limit=20)
    await watch_seats(yard.now)
    assert await open_ones() == []

    missed = await smart_pin(yard, lock)
    await smart_pin(yard, lock, first_used_at=yard.now - DAY - SECOND)
    await smart_pin(yard, lock, blocked_at=yard.now)
    await smart_pin(yard, lock, dead_at=yard.now)
    await watch_credentials(yard.installation, yard.now)
    assert await open_ones() == []
    await Site.filter(id=yard.site.id).update(smart_pin_activation=True)
    await watch_credentials(yard.installation, yard.now)
    (told,) = await Alert.filter(ended_at=None)
    assert (told.kind, told.smart_pin_id) == (AlertKind.SMARTPIN_NOT_ACTIVATED, missed)
    yard.installation.passwords.close()


@use_case
async def tells(yard: Yard, lock_id: UUID, number: int, kind: LockEventKind, **values: Any) -> None:
    """One more event, as its transaction ends."""
    async with transaction() as tx:
        event = await LockEvent.create(
            site_id=yard.site.id,
            lock_id=lock_id,
            number=number,
            state_id="state",
            sequence=number,
            kind=kind,
            recorded_at=yard.now,
            **values,
        )
        fact = EventsRecorded(lock_id, frozenset({event.id}), frozenset())
        await alert_of_events(yard.installation, tx, fact, yard.now)


async def test_guesses_at_the_doors(database: Database, tmp_path: Path) -> None:
    """The tenth wrong PIN within an hour, and that once; a lockout when it is told; neither cards nor what is denied for
    another reason."""
    yard = await Yard.make(tmp_path)
    lock = await a_lock(yard)
    typed: dict[str, Any] = {"method": OpeningMethod.PIN}
    wrong = typed | {"reasons": [DenialReason.UNKNOWN_CREDENTIAL.value]}
    late = typed | {"reasons": [DenialReason.PIN_LOCKOUT.value]}
    for number in range(1, MANY + 3):
        said = wrong if number != 4 else late
        await tells(yard, lock, number, LockEventKind.DENIED, **said)
        assert len(await open_ones()) == int(number > MANY), number
    assert await open_ones() == [(AlertKind.WRONG_ENTRIES, lock)]
    for number in (20, 21):
        await tells(yard, lock, number, LockEventKind.LOCKOUT_STARTED)
    assert (await open_ones())[1:] == [(AlertKind.LOCKOUT, lock)]
    await tells(yard, lock, 22, LockEventKind.LOCKOUT_ENDED)
    await watch_locks(yard.now)
    assert (AlertKind.LOCKOUT, lock) not in await open_ones()
    yard.installation.passwords.close()
