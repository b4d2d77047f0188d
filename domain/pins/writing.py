"""What is written of a PIN: new, with other digits, or ended; for rule PINs and personal ones alike."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actors import Caller
from domain.audit.service import RecordedChange, changing_access
from domain.database import Conflict, DatabaseUnavailable, DuplicateRow, lock_row
from domain.database.rows import new_id
from domain.errors import NotFound, PinNotAcceptable, PinTooShort
from domain.installation import Installation
from domain.people.tables import Member
from domain.pins.digits import AcceptableDigits, give_try_back, seal_verifier
from domain.pins.reservations import reserve, retire
from domain.pins.tables import Pin, PinStatus
from domain.pins.wanted import follow_pins
from domain.sites.tables import Site


@dataclass(frozen=True, slots=True)
class PinWithDigits:
    """A PIN with its digits, for the one answer that shows them."""

    pin: Pin
    digits: str

    def __repr__(self) -> str:
        return f"PinWithDigits(pin={self.pin.id})"


@asynccontextmanager
async def writing_digits(
    installation: Installation, by: Caller, action: str, accepted: AcceptableDigits, now: datetime
) -> AsyncIterator[RecordedChange]:
    """As `changing_access`, for a use case that reserves digits.

    Whoever commits second is refused like anybody else; generated digits are made anew, since they meet no refusal. The
    try at chosen ones is given back when they are set, and when the database could not do it.
    """
    try:
        async with changing_access(installation, by, action, now) as change:
            yield change
    except (DuplicateRow, PinNotAcceptable, PinTooShort) as refusal:
        if not accepted.chosen:
            raise Conflict("somebody else was first") from None  # done again by `use_case`
        raise (refusal if isinstance(refusal, PinTooShort) else PinNotAcceptable()) from None
    except DatabaseUnavailable:  # a deadlock, too, after which `use_case` does all of it again
        if accepted.chosen:
            await give_try_back(installation, by)
        raise
    if accepted.chosen:
        await give_try_back(installation, by)


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
    await reserve(installation, site, pin, accepted.verifier)
    return pin


async def replace_digits(
    installation: Installation,
    change: RecordedChange,
    site: Site,
    pin: Pin,
    accepted: AcceptableDigits,
    now: datetime,
) -> None:
    """Within a transaction that holds the PIN's row: these digits in place of its own; the locks follow the PIN as it is.

    The old ones stay taken while a lock may hold them. Raises PinNotAcceptable when somebody else was first to take the
    new ones, PinTooShort, InvalidInput.
    """
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
    await retire(pin, now)
    await reserve(installation, site, pin, accepted.verifier)


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
    for pin in pins:
        pin.status, pin.updated_at, pin.verifier_sealed = PinStatus.REMOVED, now, None
        await pin.save(update_fields=["status", "updated_at", "verifier_sealed"])
    await follow_pins(installation, change, [pin.id for pin in pins], now)
    for pin in pins:
        await retire(pin, now)
