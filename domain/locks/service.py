"""The doors of a site: hubs, locks, readers, and giving a lock its secret.

The dangerous direction: a slip of the hand that makes a working lock deaf. A new secret stays pending until the lock
itself proves it.
"""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from domain.access_rules.grants import members_of_rules, rules_naming_lock
from domain.audit.service import recorded
from domain.columns import column
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, NotFound, StillInUse
from domain.installation import Installation
from domain.invitations.tables import InvitationLock
from domain.locks.rules import Connectivity, default_connectivity
from domain.locks.sealed_identities import secret_identity
from domain.locks.settings import switch_smart_pins, write_settings
from domain.locks.tables import Hub, Lock, Provisioning, Reader
from domain.people.actors import Caller
from domain.pins.reservations import forget_lock
from domain.pins.wanted import changing_access, follow_pins_of_lock
from domain.security.sealing import seal
from domain.sites.rules import checked_name
from domain.sites.tables import Site
from domain.sync.status import topics_of_pins_at
from domain.tags.service import drop_default_tag, make_default_tag, rename_default_tag
from smartpin import fixed_offset


@dataclass(frozen=True, slots=True)
class NewReader:
    """A reader as asked for."""

    name: str
    has_keypad: bool = True


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


async def held_hub(by: Caller, hub_id: UUID) -> Hub:
    """The site's hub, its row held. Raises NotFound."""
    hub = await lock_row(Hub, hub_id)
    if hub is None or hub.site_id != by.site_id or hub.deleted_at is not None:
        raise NotFound("hubId")
    return hub


async def held_lock(by: Caller, lock_id: UUID) -> Lock:
    """The site's lock, its row held. Raises NotFound."""
    lock = await lock_row(Lock, lock_id)
    if lock is None or lock.site_id != by.site_id or lock.deleted_at is not None:
        raise NotFound("lockId")
    return lock


@use_case
async def create_hub(here: Installation, by: Caller, *, name: str, now: datetime) -> Hub:
    """A new hub. Raises InvalidInput."""
    async with recorded(here, by, "createHub", now) as deed:
        hub = await Hub.create(site_id=by.site_id, name=checked_name(name), created_at=now)
        deed.note("Hub", hub.id)
        return hub


@use_case
async def update_hub(
    here: Installation, by: Caller, *, hub_id: UUID, name: str, now: datetime
) -> Hub:
    """Renames a hub. Raises InvalidInput, NotFound."""
    async with recorded(here, by, "updateHub", now) as deed:
        hub = await held_hub(by, hub_id)
        hub.name = checked_name(name)
        await hub.save()
        deed.note("Hub", hub.id, changed=["name"])
        return hub


@use_case
async def delete_hub(here: Installation, by: Caller, *, hub_id: UUID, now: datetime) -> Hub:
    """Deletes a hub without locks. Raises NotFound, StillInUse."""
    async with recorded(here, by, "deleteHub", now) as deed:
        hub = await held_hub(by, hub_id)
        if await Lock.filter(hub_id=hub.id, deleted_at=None).exists():
            raise StillInUse("Locks are connected through this hub. Move or delete them first.")
        hub.deleted_at = now
        await hub.save()
        deed.note("Hub", hub.id)
        return hub


@use_case
async def create_lock(
    here: Installation,
    by: Caller,
    *,
    name: str,
    connectivity: Connectivity | None,
    hub_id: UUID | None,
    readers: Sequence[NewReader],
    now: datetime,
) -> Lock:
    """A new door with its readers, and its DEFAULT tag. Raises InvalidInput, NotFound."""
    name = checked_name(name)
    async with recorded(here, by, "createLock", now) as deed:
        site = await lock_row(Site, by.site_id)  # its zone must not change before the lock is there
        assert site is not None
        if hub_id is not None:
            await held_hub(by, hub_id)
        connectivity = connectivity or default_connectivity(site.system_type, hub_id is not None)
        _check_hub(connectivity, hub_id)
        lock = await Lock.create(
            site=site, name=name, connectivity=connectivity, hub_id=hub_id, created_at=now
        )
        for reader in readers:
            await Reader.create(
                lock=lock,
                name=checked_name(reader.name, "readers"),
                has_keypad=reader.has_keypad,
                pin_enabled=reader.has_keypad,
            )
        await make_default_tag(site.id, lock, now)
        await write_settings(here, deed, [lock.id], now)
        deed.note("Lock", lock.id)
        deed.wake(f"site-sync:{site.id}")
        return lock


def _check_hub(connectivity: Connectivity, hub_id: UUID | None) -> None:
    if (connectivity is Connectivity.WIRELESS_GATEWAY) != (hub_id is not None):
        raise InvalidInput("hubId", "A lock behind a gateway names its hub; other locks have none.")


@use_case
async def update_lock(
    here: Installation,
    by: Caller,
    *,
    lock_id: UUID,
    changes: dict[str, Any],
    now: datetime,
) -> Lock:
    """Changes the given ones of `name`, `hub_id`, `connectivity` and `smart_pin_enabled`; `hub_id` None: behind no hub.

    Raises InvalidInput, NotFound, LockWithoutKeypad.
    """
    async with recorded(here, by, "updateLock", now) as deed:
        lock = await held_lock(by, lock_id)
        if "name" in changes:
            lock.name = checked_name(str(changes["name"] or ""))
            await rename_default_tag(lock)
            deed.wake(*await _topics_of_homes(lock.id))
        if "hub_id" in changes:
            if changes["hub_id"] is not None:
                await held_hub(by, changes["hub_id"])
            lock.hub_id = changes["hub_id"]
        if "connectivity" in changes:
            if changes["connectivity"] is None:
                raise InvalidInput("connectivity", "A lock is connected in one way or another.")
            lock.connectivity = changes["connectivity"]
        _check_hub(lock.connectivity, lock.hub_id)
        if "smart_pin_enabled" in changes:
            await switch_smart_pins(lock, changes["smart_pin_enabled"])
        await lock.save()
        if "smart_pin_enabled" in changes:
            await write_settings(here, deed, [lock.id], now)
        deed.note("Lock", lock.id, changed=sorted(changes))
        deed.wake(f"site-sync:{lock.site_id}")
        return lock


@use_case
async def delete_lock(here: Installation, by: Caller, *, lock_id: UUID, now: datetime) -> Lock:
    """Takes a lock out of the site; its feed ends and its secret serves nothing any more. Raises NotFound."""
    async with recorded(here, by, "deleteLock", now) as deed:
        lock = await held_lock(by, lock_id)
        await drop_default_tag(lock, now)
        lock.deleted_at = now
        lock.feed_id = None
        await lock.save()
        await Provisioning.filter(lock_id=lock.id).delete()
        await forget_lock(lock.id)
        deed.note("Lock", lock.id)
        deed.wake(f"lock:{lock.id}", f"site-sync:{by.site_id}")
        deed.wake(*await topics_of_pins_at(lock.id), *await _topics_of_homes(lock.id))
        return lock


async def _topics_of_homes(lock_id: UUID) -> list[str]:
    """The topics of whoever has this lock on the screen of their phone."""
    invitations = await column(InvitationLock.filter(lock_id=lock_id), "invitation_id")
    members = await members_of_rules(await rules_naming_lock(lock_id))
    return [f"invitation:{each}" for each in invitations] + [f"member:{each}" for each in members]


@use_case
async def create_reader(
    here: Installation, by: Caller, *, lock_id: UUID, reader: NewReader, now: datetime
) -> Reader:
    """Adds a reader to a lock. Raises InvalidInput, NotFound."""
    async with changing_access(here, by, "createReader", now) as deed:
        lock = await held_lock(by, lock_id)
        row = await Reader.create(
            lock=lock,
            name=checked_name(reader.name),
            has_keypad=reader.has_keypad,
            pin_enabled=reader.has_keypad,
        )
        await write_settings(here, deed, [lock.id], now)
        await follow_pins_of_lock(here, deed, lock.id, now)
        deed.note("Reader", row.id)
        return row


async def _held_reader(by: Caller, reader_id: UUID) -> Reader:
    reader = await Reader.get_or_none(id=reader_id, deleted_at=None)
    if reader is None:
        raise NotFound("readerId")
    await held_lock(by, reader.lock_id)
    return reader


@use_case
async def update_reader(
    here: Installation, by: Caller, *, reader_id: UUID, name: str, now: datetime
) -> Reader:
    """Renames a reader. Raises InvalidInput, NotFound."""
    async with recorded(here, by, "updateReader", now) as deed:
        reader = await _held_reader(by, reader_id)
        reader.name = checked_name(name)
        await reader.save()
        deed.note("Reader", reader.id, changed=["name"])
        return reader


@use_case
async def delete_reader(
    here: Installation, by: Caller, *, reader_id: UUID, now: datetime
) -> Reader:
    """Takes a reader off its lock. Raises NotFound."""
    async with changing_access(here, by, "deleteReader", now) as deed:
        reader = await _held_reader(by, reader_id)
        reader.deleted_at = now
        await reader.save()
        await write_settings(here, deed, [reader.lock_id], now)
        await follow_pins_of_lock(here, deed, reader.lock_id, now)
        deed.note("Reader", reader.id)
        return reader


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
        zone = ZoneInfo(site.timezone)
        offset = fixed_offset(zone, now.astimezone(zone).year)
        await Provisioning.create(
            lock=lock,
            incarnation=incarnation,
            secret_sealed=seal(here.keys, secret, secret_identity(lock.id, incarnation)),
            zone=site.timezone,
            fixed_offset_minutes=offset,
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
