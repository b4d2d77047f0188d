"""Giving a lock its secret.

A new secret stays pending until the lock itself proves it, so that a mistake does not cut off a working lock.
"""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from domain.actors import Caller, TokenActor
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.database.rows import id_after
from domain.errors import InvalidInput, NotFound
from domain.installation import Installation
from domain.locks.kits import end_kits, pending
from domain.locks.secrets import secret_identity
from domain.locks.service import held_lock
from domain.locks.tables import Lock, Provisioning
from domain.people.rules import Permission
from domain.people.standings import still_standing
from domain.sites.service import zone_of
from domain.sites.tables import Site
from smartpin import fixed_offset

MOST_PENDING = 10
"""Pending kits of one lock: more than anybody carries to a door."""


@dataclass(frozen=True, slots=True)
class ProvisioningKit:
    """What is installed on a lock, shown once. `secret` is 32 bytes; the salt and profile are the site's for Argon2id."""

    lock: Lock
    row: Provisioning
    incarnation: str
    secret: bytes
    programming_code: str
    zone: str
    fixed_offset_minutes: int
    smart_pin_enabled: bool
    pin_salt: bytes
    pin_time_cost: int
    pin_memory_kib: int
    pin_parallelism: int

    def __repr__(self) -> str:
        return f"ProvisioningKit(lock={self.lock.id}, incarnation={self.incarnation})"


@use_case
async def provision_lock(
    installation: Installation, by: Caller, *, lock_id: UUID, now: datetime
) -> ProvisioningKit:
    """A fresh secret, incarnation and programming code for a lock, pending until the lock proves it.

    It can be proven for as long as the installation says, and not beyond the end of a token that takes it; it also
    ends when the actor who took it loses the right to. Raises NotFound, NotAllowed, and InvalidInput while too many are
    pending.
    """
    secret = os.urandom(32)
    incarnation = uuid4().hex
    async with recorded(installation, by, "provisionLock", now) as change:
        # The site's row first: taking the caller's rights away holds it too.
        site = await lock_row(Site, by.site_id)
        assert site is not None
        by = await still_standing(by, Permission.DOORS, now)
        lock = await held_lock(by, lock_id)
        if await Provisioning.filter(pending(now), lock_id=lock.id).count() >= MOST_PENDING:
            raise InvalidInput(
                "lock_id", f"This lock has {MOST_PENDING} pending kits already: cancel one first."
            )
        zone = zone_of(site)
        offset = fixed_offset(zone, now.astimezone(zone).year)
        last = await Provisioning.filter(lock_id=lock.id).order_by("-id").first()
        row = await Provisioning.create(
            id=id_after(last.id if last is not None else None),
            lock=lock,
            incarnation=incarnation,
            secret_sealed=installation.keys.seal(secret, secret_identity(lock.id, incarnation)),
            zone=site.timezone,
            fixed_offset_minutes=offset,
            smart_pin_enabled=lock.smart_pin_enabled,
            created_at=now,
            expires_at=_end(installation, by, now),
            taken_by_kind=by.actor_kind,
            taken_by_id=by.actor_id,
        )
        change.note("Lock", lock.id, incarnation=incarnation, kit=str(row.id))
    return ProvisioningKit(
        lock=lock,
        row=row,
        incarnation=incarnation,
        secret=secret,
        programming_code=f"{secrets.randbelow(10**8):08}",
        zone=site.timezone,
        fixed_offset_minutes=offset,
        smart_pin_enabled=lock.smart_pin_enabled,
        pin_salt=site.pin_salt,
        pin_time_cost=site.pin_time_cost,
        pin_memory_kib=site.pin_memory_kib,
        pin_parallelism=site.pin_parallelism,
    )


def _end(installation: Installation, by: Caller, now: datetime) -> datetime:
    end = now + installation.provisioning_kit_lifetime
    token_end = by.actor.ends_at if isinstance(by.actor, TokenActor) else None
    return end if token_end is None else min(end, token_end)


@use_case
async def cancel_kit(
    installation: Installation, by: Caller, *, kit_id: UUID, now: datetime
) -> tuple[Provisioning, Lock]:
    """Ends a pending kit: no lock can prove its secret any more. Raises NotFound for one that is not pending."""
    async with recorded(installation, by, "cancelProvisioningKit", now) as change:
        found = await Provisioning.get_or_none(id=kit_id)
        if found is None:
            raise NotFound("provisioning_kit_id")
        # The lock's row before the kit's, as when a kit is proven.
        lock = await held_lock(by, found.lock_id, "provisioning_kit_id")
        ended = await end_kits(installation, change, Provisioning.filter(id=kit_id), now)
        if not ended:
            raise NotFound("provisioning_kit_id")
        return ended[0], lock
