"""Digits in use: reserved by a unique tag, given up when the PIN changes, free when no lock holds them any more.

Were they free earlier, somebody else's new PIN would open, at a lock that still holds the old one, what the old one opened.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from tortoise.expressions import F

from domain.database import lock_rows
from domain.database.rows import column
from domain.errors import PinNotAcceptable
from domain.installation import Installation
from domain.pins.tables import HeldDigits, Pin, PinReservation
from domain.security.keys import KeyLabel
from domain.sites.tables import Site
from domain.sync.status import may_hold
from domain.sync.tables import LockEntry


def _tag(installation: Installation, site: Site, verifier: bytes) -> str:
    """What is unique with the site in the database; it can be made anew when keys rotate, though the digits are gone."""
    return installation.keys.tag(KeyLabel.PIN_INDEX, str(site.id), verifier)


def _possible_tags(installation: Installation, site: Site, verifier: bytes) -> list[str]:
    """The tags under which these digits may be reserved, while keys rotate."""
    return installation.keys.candidate_tags(KeyLabel.PIN_INDEX, str(site.id), verifier)


async def is_taken(installation: Installation, site: Site, verifier: bytes) -> bool:
    """Whether some PIN of the site has these digits, or some lock still holds them."""
    tags = _possible_tags(installation, site, verifier)
    return await PinReservation.filter(site_id=site.id, tag__in=tags).exists()


async def reserve(installation: Installation, site: Site, pin: Pin, verifier: bytes) -> None:
    """Within a transaction. Raises PinNotAcceptable when the digits are taken, also by one who commits first."""
    if await is_taken(installation, site, verifier):
        raise PinNotAcceptable
    await PinReservation.create(site=site, pin=pin, tag=_tag(installation, site, verifier))


async def retire(pin: Pin, now: datetime) -> None:
    """Within a transaction, after the PIN's entries were rewritten: gives up its digits.

    The locks that may hold them keep them reserved, each until it acknowledges its entry as it is wanted now.
    """
    present = PinReservation.filter(pin_id=pin.id, retired_at=None)
    rows = await lock_rows(PinReservation, await column(present, "id"))
    holders = await may_hold(await LockEntry.filter(pin_id=pin.id))
    for reservation in rows:
        reservation.retired_at = now
        await reservation.save(update_fields=["retired_at"])
        await HeldDigits.bulk_create(
            [
                HeldDigits(reservation=reservation, entry_id=entry.id, until_version=entry.version)
                for entry in holders
            ]
        )
    await free_unheld([reservation.id for reservation in rows])


async def release(entry_ids: Collection[UUID]) -> None:
    """Within a transaction: these entries were acknowledged; frees the digits that nobody holds any more."""
    held = HeldDigits.filter(entry_id__in=list(entry_ids))
    await _drop(await held.filter(entry__applied_version__gte=F("until_version")))


async def forget_lock(lock_id: UUID) -> None:
    """Within a transaction: the lock was deleted or reset, so it holds nothing."""
    await _drop(await HeldDigits.filter(entry__lock_id=lock_id))


async def _drop(held: Sequence[HeldDigits]) -> None:
    """Takes these holders off. The last one frees the digits, so two that go at once wait for each other, at the
    reservation's row: each would see the other's holder, and nobody free them.
    """
    if held:
        await lock_rows(PinReservation, {each.reservation_id for each in held})
        await HeldDigits.filter(id__in=[each.id for each in held]).delete()
        await free_unheld([each.reservation_id for each in held])


async def free_unheld(reservation_ids: Collection[UUID]) -> None:
    """Under the rows of these reservations: deletes those of the given-up ones that no lock holds."""
    still = set(
        await HeldDigits.filter(reservation_id__in=list(reservation_ids)).values_list(
            "reservation_id", flat=True
        )
    )
    free = [each for each in reservation_ids if each not in still]
    await PinReservation.filter(id__in=free, retired_at__isnull=False).delete()
