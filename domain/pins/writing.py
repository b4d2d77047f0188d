"""What is written of a PIN: new, with other digits, or ended; for rule PINs and personal ones alike."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actors import Caller
from domain.audit.service import RecordedChange
from domain.database import lock_row
from domain.database.rows import new_id
from domain.errors import NotFound
from domain.installation import Installation
from domain.people.tables import Member
from domain.pins.digits import (
    AcceptableDigits,
    reserve,
    retire,
    seal_verifier,
    verifier_to_give_up,
)
from domain.pins.entries import follow_pins
from domain.pins.tables import Pin, PinLock, PinLockTag, PinStatus
from domain.sites.tables import Site
from domain.tags.choice import replace_choice


@dataclass(frozen=True, slots=True)
class PinWithDigits:
    """A PIN with its digits, for the one answer that shows them."""

    pin: Pin
    digits: str

    def __repr__(self) -> str:
        return f"PinWithDigits(pin={self.pin.id})"


async def add_pin(
    installation: Installation,
    site: Site,
    owner: Member,
    accepted: AcceptableDigits,
    now: datetime,
    **columns: Any,
) -> Pin:
    """Within a transaction that holds the owner's row: a new PIN with these digits and further columns.

    No lock follows yet. Raises PinNotAcceptable when somebody else was first to take the digits.
    """
    pin = Pin(
        id=new_id(),
        site=site,
        owner=owner,
        kind=accepted.kind,
        length=len(accepted.digits),
        created_at=now,
        updated_at=now,
        **columns,
    )
    pin.verifier_sealed = seal_verifier(installation, pin, accepted.verifier)
    await pin.save(force_create=True)
    await reserve(installation, pin, accepted)
    return pin


async def choose_locks(
    pin: Pin, lock_ids: Collection[UUID] | None, tag_ids: Collection[UUID] | None
) -> None:
    """Within a transaction: replaces the choice of locks by id, of tags, or both; None keeps."""
    await replace_choice(PinLock, {"pin_id": pin.id}, "lock_id", lock_ids)
    await replace_choice(PinLockTag, {"pin_id": pin.id}, "tag_id", tag_ids)


async def replace_digits(
    installation: Installation,
    change: RecordedChange,
    pin: Pin,
    accepted: AcceptableDigits,
    now: datetime,
) -> None:
    """Within a transaction that holds the PIN's row: these digits in place of its own; the locks follow the PIN as it is.

    The old ones stay taken while a lock may hold them. Raises PinNotAcceptable when somebody else was first to take the
    new ones, PinTooShort, InvalidInput.
    """
    given_up = verifier_to_give_up(installation, pin)
    pin.verifier_sealed = seal_verifier(installation, pin, accepted.verifier)
    pin.length = len(accepted.digits)
    if not pin.personal:  # which stays of its kind: its member has at most one of each
        pin.kind = accepted.kind
    pin.digits_version += 1
    pin.updated_at = now
    await pin.save(
        update_fields=["verifier_sealed", "length", "kind", "digits_version", "updated_at"]
    )
    await follow_pins(installation, change, [pin.id], now)
    await retire(installation, pin, given_up, now)
    await reserve(installation, pin, accepted)


async def held_pin(by: Caller, pin_id: UUID) -> Pin:
    """Within a transaction: the site's PIN, its row held. Raises NotFound."""
    pin = await lock_row(Pin, pin_id)
    if pin is None or pin.site_id != by.site_id or pin.status is PinStatus.REMOVED:
        raise NotFound("pin_id")
    return pin


async def withdraw(
    installation: Installation, change: RecordedChange, pins: Sequence[Pin], now: datetime
) -> None:
    """Within a transaction: these PINs end for good. Their verifiers go at once, their digits when no lock holds them."""
    given_up = {pin.id: verifier_to_give_up(installation, pin) for pin in pins}
    for pin in pins:
        pin.status, pin.updated_at, pin.verifier_sealed = PinStatus.REMOVED, now, None
        await pin.save(update_fields=["status", "updated_at", "verifier_sealed"])
    await follow_pins(installation, change, [pin.id for pin in pins], now)
    for pin in pins:
        await retire(installation, pin, given_up[pin.id], now)
