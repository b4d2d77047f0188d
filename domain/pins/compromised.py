"""A lock that may have been opened up: what it held can be tried out, since it holds digests and four digits are few.

Its secret ends at once: nothing more is told to it, nothing that it says is believed, its SmartPINs are void. Every PIN of
which it may hold the digits, rule PINs and members' own alike, gets others, generated. Until it is provisioned anew it opens
with what it holds: somebody has to go there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import topics
from domain.actors import AccountActor, Caller
from domain.audit.service import changing_access
from domain.database import lock_row, transaction, use_case
from domain.errors import Refusal
from domain.installation import Installation
from domain.locks.kits import end_kits
from domain.locks.service import held_lock
from domain.locks.tables import Lock, Provisioning
from domain.people.confirming import check_confirmed
from domain.people.rules import Permission
from domain.people.standings import still_standing
from domain.pins.digits import acceptable_digits, writing_digits
from domain.pins.entries import locks_of_pins
from domain.pins.tables import CompromisedPin, Pin, PinStatus
from domain.pins.writing import PinWithDigits, replace_digits
from domain.sites.tables import Site
from domain.smartpins.following import end_codes_of_lock
from domain.sync.status import may_hold
from domain.sync.tables import LockEntry

ACTION = "markLockCompromised"
AT_ONCE = 50
"""PINs of one answer: each costs a hash, and is shown this once."""


@dataclass(frozen=True, slots=True)
class Compromised:
    """The lock, the PINs that got other digits now, and how many are still to get some."""

    lock: Lock
    replaced: Sequence[PinWithDigits]
    left: int


async def mark_lock_compromised(
    installation: Installation, by: Caller, *, lock_id: UUID, now: datetime
) -> Compromised:
    """Ends the lock's secrets, and gives other digits to at most `AT_ONCE` of the PINs that it may hold.

    While some are left, the same again gives digits to the next of them and changes nothing else, also when the lock has
    been provisioned anew meanwhile. Raises PasswordNotConfirmed, NotAllowed, NotFound; PinTooShort and Throttled where
    not even one PIN could get others.
    """
    lock = await _cut_off(installation, by, lock_id, now)
    replaced: list[PinWithDigits] = []
    for row in await _left(lock_id).order_by("id").limit(AT_ONCE):
        try:
            shown = await _replace(installation, by, row.id, now)
        except Refusal:
            if not replaced:
                raise
            break  # what was replaced is shown: it would be lost with the refusal
        if shown is not None:
            replaced.append(shown)
    return Compromised(lock, replaced, await _left(lock_id).count())


def _left(lock_id: UUID) -> Any:
    return CompromisedPin.filter(lock_id=lock_id, replaced_at=None)


@use_case
async def _cut_off(installation: Installation, by: Caller, lock_id: UUID, now: datetime) -> Lock:
    async with changing_access(installation, by, ACTION, now) as change:
        await lock_row(Site, by.site_id)  # before the lock's row, as everywhere: no deadlock
        by = await still_standing(by, Permission.DOORS, now)
        if isinstance(by.actor, AccountActor):
            await check_confirmed(by.actor, now)
        lock = await held_lock(by, lock_id)
        if lock.compromised_at is not None or await _left(lock.id).exists():
            change.unchanged()
            return lock
        entries = await LockEntry.filter(lock_id=lock.id, pin_id__isnull=False)
        held = {entry.pin_id for entry in await may_hold(entries)}
        pins = await Pin.filter(id__in=list(held)).exclude(status=PinStatus.REMOVED).order_by("id")
        await CompromisedPin.filter(lock_id=lock.id).delete()
        await CompromisedPin.bulk_create(
            [CompromisedPin(lock=lock, pin=pin, digits_version=pin.digits_version) for pin in pins]
        )
        await end_kits(installation, change, Provisioning.filter(lock_id=lock.id), now)
        await Provisioning.filter(lock_id=lock.id).delete()
        await end_codes_of_lock(lock.id, now)
        lock.compromised_at, lock.incarnation, lock.feed_id = now, None, None
        await lock.save(update_fields=["compromised_at", "incarnation", "feed_id"])
        change.note("Lock", lock.id, pins=len(pins))
        change.wake(topics.lock(lock.id), topics.lock_life(lock.id))
        change.wake(topics.site_sync(by.site_id), topics.homes(by.site_id))
        return lock


@use_case
async def _replace(
    installation: Installation, by: Caller, row_id: UUID, now: datetime
) -> PinWithDigits | None:
    """Other digits for one of the PINs; None where it has others already, or is gone."""
    row = await CompromisedPin.get(id=row_id).select_related("pin")
    if _is_over(row, row.pin):
        async with transaction():
            await CompromisedPin.filter(id=row.id).update(replaced_at=now)
        return None
    site = await Site.get(id=by.site_id)
    locks = (await locks_of_pins([row.pin]))[row.pin_id].keys()
    accepted = await acceptable_digits(
        installation, by, site, None, locks, now, instead_of=row.pin_id
    )
    async with writing_digits(installation, by, ACTION, accepted, now) as change:
        pin = await lock_row(Pin, row.pin_id)
        present = await lock_row(CompromisedPin, row.id)
        if pin is None or present is None:
            change.unchanged()
            return None
        over = _is_over(present, pin)
        present.replaced_at = now
        await present.save(update_fields=["replaced_at"])
        if over:
            change.unchanged()
            return None
        await replace_digits(installation, change, pin, accepted, now)
        change.note("Pin", pin.id, lock=str(row.lock_id))
    return PinWithDigits(pin, accepted.digits)


def _is_over(row: CompromisedPin, pin: Pin) -> bool:
    return (
        row.replaced_at is not None
        or pin.status is PinStatus.REMOVED
        or pin.digits_version != row.digits_version
    )
