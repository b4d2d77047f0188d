"""Creating, changing and deleting locks; hubs, readers and provisioning have files of their own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.actors import Caller
from domain.audit.service import changing_access, recorded
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, NotFound
from domain.facts import announce
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.locks.facts import LockGone, LockMade, LockRenamed, LockSettingsChanged
from domain.locks.hubs import held_hub
from domain.locks.rules import MOST_READERS, Connectivity, default_connectivity
from domain.locks.settings import switch_smart_pins
from domain.locks.tables import Lock, Provisioning, Reader
from domain.sites.rules import checked_name
from domain.sites.tables import Site


@dataclass(frozen=True, slots=True)
class NewReader:
    """A reader to be added."""

    name: str
    has_keypad: bool = True


async def add_reader(lock: Lock, reader: NewReader, field: str, now: datetime) -> Reader:
    """Within a transaction: a reader of the lock; a keypad takes PINs at first. Raises InvalidInput, naming the field."""
    return await Reader.create(
        lock=lock,
        name=checked_name(reader.name, field),
        has_keypad=reader.has_keypad,
        pin_enabled=reader.has_keypad,
        created_at=now,
    )


async def held_lock(by: Caller, lock_id: UUID, field: str = "lock_id") -> Lock:
    """The site's lock, its row held. Raises NotFound, naming the field that led to it."""
    lock = await lock_row(Lock, lock_id)
    if lock is None or lock.site_id != by.site_id or lock.deleted_at is not None:
        raise NotFound(field)
    return lock


async def live_locks(site_id: UUID, ids: Collection[UUID], field: str = "lock_ids") -> list[Lock]:
    """The site's locks with these ids, in id order. Raises NotFound when one is missing, deleted or foreign."""
    wanted = set(ids)
    rows = await Lock.filter(id__in=wanted, site_id=site_id, deleted_at=None).order_by("id")
    if len(rows) != len(wanted):
        raise NotFound(field)
    return rows


@use_case
async def create_lock(
    installation: Installation,
    by: Caller,
    *,
    name: str,
    connectivity: Connectivity | None,
    hub_id: UUID | None,
    readers: Sequence[NewReader],
    now: datetime,
) -> Lock:
    """A new door with its readers, 16 at most, and its DEFAULT tag. Raises InvalidInput, NotFound."""
    name = checked_name(name)
    if len(readers) > MOST_READERS:
        raise InvalidInput("readers", f"A lock has at most {MOST_READERS} readers.")
    async with recorded(installation, by, "createLock", now) as change:
        site = await lock_row(Site, by.site_id)  # its zone must not change before the lock is there
        assert site is not None
        if hub_id is not None:
            await held_hub(by, hub_id)
        connectivity = connectivity or default_connectivity(site.system_type, hub_id is not None)
        _check_hub(connectivity, hub_id)
        lock = await Lock.create(
            site=site, name=name, connectivity=connectivity, hub_id=hub_id, created_at=now
        )
        for index, reader in enumerate(readers):
            await add_reader(lock, reader, f"readers.{index}.name", now)
        await announce(installation, change, LockMade(lock.id), now)
        await announce(installation, change, LockSettingsChanged(frozenset({lock.id})), now)
        change.note("Lock", lock.id)
        change.wake(topics.site_sync(site.id))
        return lock


def _check_hub(connectivity: Connectivity, hub_id: UUID | None) -> None:
    if (connectivity is Connectivity.WIRELESS_GATEWAY) != (hub_id is not None):
        raise InvalidInput(
            "hub_id", "A lock behind a gateway names its hub; other locks have none."
        )


@use_case
async def update_lock(
    installation: Installation,
    by: Caller,
    *,
    lock_id: UUID,
    fields: Fields,
    now: datetime,
) -> Lock:
    """Changes those given of `name`, `hub_id` (None: behind no hub), `connectivity` and `smart_pin_enabled`.

    Raises InvalidInput, NotFound, LockWithoutKeypad.
    """
    check_not_cleared(fields, "name", "connectivity", "smart_pin_enabled")
    async with recorded(installation, by, "updateLock", now) as change:
        lock = await held_lock(by, lock_id)
        # first: a refusal shows the row, which must not have been changed yet
        if "smart_pin_enabled" in fields:
            await switch_smart_pins(lock, enabled=fields["smart_pin_enabled"])
        if "name" in fields:
            lock.name = checked_name(fields["name"])
        if "hub_id" in fields:
            if fields["hub_id"] is not None:
                await held_hub(by, fields["hub_id"])
            lock.hub_id = fields["hub_id"]
        if "connectivity" in fields:
            lock.connectivity = fields["connectivity"]
        _check_hub(lock.connectivity, lock.hub_id)
        await lock.save(update_fields=list(fields))
        if "name" in fields:
            await announce(installation, change, LockRenamed(lock.id), now)
        if "smart_pin_enabled" in fields:
            await announce(installation, change, LockSettingsChanged(frozenset({lock.id})), now)
        change.note("Lock", lock.id, changed=sorted(fields))
        change.wake(topics.site_sync(lock.site_id))
        return lock


@use_case
async def delete_lock(
    installation: Installation, by: Caller, *, lock_id: UUID, now: datetime
) -> Lock:
    """Removes a lock from the site: its feed ends and its secrets are deleted. Raises NotFound."""
    async with changing_access(installation, by, "deleteLock", now) as change:
        lock = await held_lock(by, lock_id)
        lock.deleted_at = now
        lock.feed_id = None
        await lock.save(update_fields=["deleted_at", "feed_id"])
        await Provisioning.filter(lock_id=lock.id).delete()
        await announce(installation, change, LockGone(lock.id), now)
        change.note("Lock", lock.id)
        change.wake(topics.lock(lock.id), topics.lock_life(lock.id))
        change.wake(topics.site_sync(by.site_id), topics.homes(by.site_id))
        return lock
