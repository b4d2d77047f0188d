"""What is known of locks that matters to somebody who hands out a credential for them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from domain.locks.rules import Connectivity
from domain.locks.settings import unread_settings
from domain.locks.tables import Lock, Provisioning, Reader
from domain.sites.tables import Site
from domain.sync.entries import SETTINGS
from domain.sync.lock_settings import settings_on_lock
from domain.sync.tables import LockEntry
from domain.warnings.rules import Door, Lack, WarningCode, findings


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: what is in the way of a credential, with a `message` for people, and at which locks."""

    code: WarningCode
    message: str
    locks: tuple[Lock, ...]
    ends_at: datetime | None = None
    """When it is over by itself; None: not by itself."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Locks that are there, by id, with what is known of them."""

    _rows: dict[UUID, Lock]
    _doors: dict[UUID, Door]

    @classmethod
    async def of(cls, lock_ids: Collection[UUID]) -> Self:
        """Those of the locks that are not deleted; five statements, however many."""
        rows, doors = await _read(lock_ids)
        return cls(rows, doors)

    def at(self, lock_ids: Iterable[UUID]) -> Iterator[Door]:
        """Those of these locks that are there."""
        return (self._doors[each] for each in lock_ids if each in self._doors)

    def row(self, lock_id: UUID) -> Lock:
        """The row of one of them."""
        return self._rows[lock_id]

    def warnings(self, found: Iterable[Lack]) -> list[Warned]:
        """The warnings, each once, with its locks in the order of their names."""
        return [
            Warned(
                each.code,
                each.message,
                tuple(sorted((self._rows[key] for key in each.lock_ids), key=by_name)),
            )
            for each in findings(found)
        ]


def by_name(lock: Lock) -> tuple[str, UUID]:
    """The order in which locks are named."""
    return lock.name, lock.id


async def _read(lock_ids: Collection[UUID]) -> tuple[dict[UUID, Lock], dict[UUID, Door]]:
    locks = await Lock.filter(id__in=list(lock_ids), deleted_at=None)
    ids = [lock.id for lock in locks]
    sites = {site.id: site for site in await Site.filter(id__in={lock.site_id for lock in locks})}
    readers: dict[UUID, list[Reader]] = defaultdict(list)
    for reader in await Reader.filter(lock_id__in=ids, deleted_at=None):
        readers[reader.lock_id].append(reader)
    settings = {row.lock_id: row for row in await LockEntry.filter(lock_id__in=ids, name=SETTINGS)}
    secrets: dict[UUID, list[Provisioning]] = defaultdict(list)
    for row in await Provisioning.filter(lock_id__in=ids):
        secrets[row.lock_id].append(row)
    doors = [
        _door(
            lock,
            readers[lock.id],
            settings.get(lock.id),
            secrets[lock.id],
            unread=bool(unread_settings(lock, sites[lock.site_id], readers[lock.id])),
        )
        for lock in locks
    ]
    return {lock.id: lock for lock in locks}, {door.lock_id: door for door in doors}


def _door(
    lock: Lock,
    readers: Collection[Reader],
    entry: LockEntry | None,
    secrets: Collection[Provisioning],
    *,
    unread: bool,
) -> Door:
    too_old = (None if lock.link_version is None else True) if unread else False
    has_network = lock.connectivity is not Connectivity.WIRELESS_OFFLINE
    told = settings_on_lock(lock, entry) if entry is not None else None
    pins_wanted = entry is not None and bool(entry.content["pinEnabled"])
    # A secret is installed with first settings: what a lock goes by until it has told of others.
    smart_pins_of = {row.incarnation for row in secrets if row.smart_pin_enabled}
    if told is not None and lock.incarnation is not None:
        smart_pins_of.discard(lock.incarnation)
        smart_pins_of |= {lock.incarnation} if told.smartpin_enabled else set()
    return Door(
        lock_id=lock.id,
        name=lock.name,
        has_keypad=any(reader.has_keypad for reader in readers),
        has_network=has_network,
        # Of a lock without a network nobody hears that it has its secret.
        set_up=lock.incarnation is not None or (not has_network and bool(secrets)),
        takes_pins=told is not None and told.pin_enabled and pins_wanted,
        smart_pins_of=frozenset(smart_pins_of if lock.smart_pin_enabled else ()),
        too_old=too_old,
    )
