"""PIN mode at keypads, and the paired card that ends a lockout."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.actors import Caller
from domain.audit.service import recorded
from domain.database import lock_rows, use_case
from domain.errors import InvalidInput, LockWithoutKeypad, NotFound
from domain.facts import announce
from domain.installation import Installation
from domain.link.digests import CARD_UID_BYTES
from domain.locks.cards import card_identity
from domain.locks.facts import CardPaired, LockSettingsChanged
from domain.locks.service import held_lock
from domain.locks.settings import refuse_unread_settings
from domain.locks.tables import Hub, Lock, Reader


@use_case
async def set_pin_mode(
    installation: Installation,
    by: Caller,
    *,
    lock_id: UUID | None = None,
    hub_id: UUID | None = None,
    reader_id: UUID | None = None,
    enabled: bool,
    now: datetime,
) -> Sequence[Reader]:
    """Switches PIN mode at the keypads of a lock, of a hub's locks, or of one reader; returns those readers.

    One of the three ids is given: `target.lock_id` and so on in what is raised. Raises NotFound, InvalidInput for a hub that
    connects no lock, LockWithoutKeypad when there is no keypad to switch, and LockTooOld for one of several keypads at a
    lock whose firmware knows one switch for all.
    """
    async with recorded(installation, by, "setPinMode", now) as change:
        readers = await _held_keypads(by, lock_id, hub_id, reader_id)
        await Reader.filter(id__in=[reader.id for reader in readers]).update(pin_enabled=enabled)
        lock_ids = {reader.lock_id for reader in readers}
        if reader_id is not None:  # switching whole locks leaves no keypad that differs
            await refuse_unread_settings(lock_ids)
        await announce(installation, change, LockSettingsChanged(frozenset(lock_ids)), now)
        for reader in readers:
            reader.pin_enabled = enabled
            change.note("Reader", reader.id, pinEnabled=enabled)
        return readers


async def _held_keypads(
    by: Caller, lock_id: UUID | None, hub_id: UUID | None, reader_id: UUID | None
) -> list[Reader]:
    """The keypads to switch, read while their locks' rows are held, under which readers change. Raises as `set_pin_mode`."""
    await lock_rows(Lock, [lock.id for lock in await _targeted(by, lock_id, hub_id, reader_id)])
    locks = await _targeted(by, lock_id, hub_id, reader_id)
    readers = Reader.filter(lock_id__in=[lock.id for lock in locks], deleted_at=None)
    if reader_id is not None:
        readers = readers.filter(id=reader_id)
    keypads = await readers.filter(has_keypad=True).order_by("id")
    if not keypads:
        raise LockWithoutKeypad(locks)
    return keypads


async def _targeted(
    by: Caller, lock_id: UUID | None, hub_id: UUID | None, reader_id: UUID | None
) -> list[Lock]:
    of_this_site = {"site_id": by.site_id, "deleted_at": None}
    if hub_id is not None:
        if not await Hub.filter(id=hub_id, **of_this_site).exists():
            raise NotFound("target.hub_id")
        locks = await Lock.filter(hub_id=hub_id, **of_this_site).order_by("id")
        if not locks:
            raise InvalidInput("target.hub_id", "This hub connects no lock.")
        return locks
    if reader_id is not None:
        reader = await Reader.get_or_none(id=reader_id, deleted_at=None)
        lock_id = reader.lock_id if reader is not None else None
    locks = await Lock.filter(id=lock_id, **of_this_site)
    if not locks:
        raise NotFound("target.lock_id" if reader_id is None else "target.reader_id")
    return locks


@use_case
async def pair_card(
    installation: Installation, by: Caller, *, lock_id: UUID, card_uid: str, now: datetime
) -> Lock:
    """Pairs an NFC card (its UID, 4 to 10 bytes in hexadecimal) with a lock, in place of the one before.

    The card ends a lockout at the keypad; it opens nothing. Raises InvalidInput, NotFound.
    """
    try:
        card = bytes.fromhex(card_uid.replace(":", "").replace(" ", ""))
    except ValueError:
        card = b""
    if len(card) not in CARD_UID_BYTES:
        raise InvalidInput("card_uid", "A card's UID is 4 to 10 bytes in hexadecimal.")
    async with recorded(installation, by, "pairCard", now) as change:
        lock = await held_lock(by, lock_id)
        lock.card_sealed = installation.keys.seal(card, card_identity(lock.id))
        lock.card_pairings += 1
        await lock.save(update_fields=["card_sealed", "card_pairings"])
        await announce(installation, change, CardPaired(lock.id), now)
        change.note("Lock", lock.id)
        return lock
