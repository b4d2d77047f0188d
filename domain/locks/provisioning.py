"""Giving a lock its secret.

The dangerous direction: a slip of the hand that makes a working lock deaf. A new secret stays pending until the lock
itself proves it.
"""

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from domain.audit.service import recorded
from domain.columns import id_after
from domain.database import use_case
from domain.installation import Installation
from domain.locks.sealed_identities import secret_identity
from domain.locks.service import held_lock
from domain.locks.tables import Lock, Provisioning
from domain.people.actors import Caller
from domain.security.sealing import seal
from domain.sites.service import zone_of
from domain.sites.tables import Site
from smartpin import fixed_offset


@dataclass(frozen=True, slots=True)
class ProvisioningKit:
    """What is installed on a lock, shown once. `secret` is 32 bytes; the salt and profile are the site's for Argon2id."""

    lock: Lock
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
    here: Installation, by: Caller, *, lock_id: UUID, now: datetime
) -> ProvisioningKit:
    """A fresh secret, incarnation and programming code for a lock, pending until the lock proves it. Raises NotFound."""
    secret = os.urandom(32)
    incarnation = uuid4().hex
    async with recorded(here, by, "provisionLock", now) as deed:
        lock = await held_lock(by, lock_id)
        site = await Site.get(id=by.site_id)
        zone = zone_of(site)
        offset = fixed_offset(zone, now.astimezone(zone).year)
        last = await Provisioning.filter(lock_id=lock.id).order_by("-id").first()
        await Provisioning.create(
            id=id_after(last.id if last is not None else None),
            lock=lock,
            incarnation=incarnation,
            secret_sealed=seal(here.keys, secret, secret_identity(lock.id, incarnation)),
            zone=site.timezone,
            fixed_offset_minutes=offset,
            smart_pin_enabled=lock.smart_pin_enabled,
            created_at=now,
        )
        deed.note("Lock", lock.id, incarnation=incarnation)
    return ProvisioningKit(
        lock=lock,
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
