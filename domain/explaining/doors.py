"""What is known of locks, read for many at once: what is wanted of them, and what they hold."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.explaining.rules import Door, HeldSettings, HeldVersion
from domain.link.features import Feature
from domain.link.nonces import OFFLINE_AFTER_SECONDS
from domain.link.schedules import schedule_from_wire
from domain.locks.rules import Connectivity, is_online
from domain.locks.tables import Lock, Provisioning, Reader
from domain.pins.tables import Pin
from domain.sites.service import zone_of
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.entries import SETTINGS, SMARTPIN_RULES, content_of_version
from domain.sync.lock_settings import settings_on_lock
from domain.sync.status import PinAtLock, pin_at_lock, versions_on_their_way
from domain.sync.tables import LockEntry

_NOW = timedelta(seconds=OFFLINE_AFTER_SECONDS)
"""How far a moment may lie from now for the connection of now to be the one asked about."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Locks that are there, by id, with their entries and what was handed out of them."""

    rows: dict[UUID, Lock]
    sites: dict[UUID, Site]
    _readers: dict[UUID, list[Reader]]
    _secrets: dict[UUID, list[Provisioning]]
    _entries: dict[tuple[UUID, str], LockEntry]
    _of_pins: dict[tuple[UUID, UUID], LockEntry]
    _on_their_way: dict[UUID, set[tuple[int, bool]]]
    _now: datetime
    _at: dict[tuple[UUID, datetime], Door] = field(default_factory=dict)
    """Those that were asked for, so that a grid makes each once."""

    @classmethod
    async def of(
        cls,
        lock_ids: Collection[UUID],
        pin_ids: Collection[UUID],
        code_names: Collection[str],
        now: datetime,
    ) -> Self:
        """Within a snapshot: the locks, with their entries of these PINs and of the blocks of these SmartPINs."""
        rows = {row.id: row for row in await Lock.filter(id__in=list(lock_ids), deleted_at=None)}
        ids = list(rows)
        sites = await Site.filter(id__in=list({row.site_id for row in rows.values()}))
        readers: dict[UUID, list[Reader]] = defaultdict(list)
        for reader in await Reader.filter(lock_id__in=ids, deleted_at=None).order_by("id"):
            readers[reader.lock_id].append(reader)
        secrets: dict[UUID, list[Provisioning]] = defaultdict(list)
        for secret in await Provisioning.filter(lock_id__in=ids).order_by("id"):
            secrets[secret.lock_id].append(secret)
        names = [SETTINGS, SMARTPIN_RULES, *code_names]
        entries = await LockEntry.filter(lock_id__in=ids, name__in=names)
        of_pins = await LockEntry.filter(lock_id__in=ids, pin_id__in=list(pin_ids))
        return cls(
            rows,
            {site.id: site for site in sites},
            readers,
            secrets,
            {(row.lock_id, row.name): row for row in entries},
            {(row.lock_id, row.pin_id): row for row in of_pins if row.pin_id is not None},
            await versions_on_their_way(ids),
            now,
        )

    def at(self, lock_id: UUID, moment: datetime) -> Door:
        """The lock at a moment, its state being what it is now."""
        if (lock_id, moment) not in self._at:
            self._at[lock_id, moment] = self._door(lock_id, moment)
        return self._at[lock_id, moment]

    def _door(self, lock_id: UUID, moment: datetime) -> Door:
        lock = self.rows[lock_id]
        site = self.sites[lock.site_id]
        keypads = tuple(reader for reader in self._readers[lock_id] if reader.has_keypad)
        has_network = lock.connectivity is not Connectivity.WIRELESS_OFFLINE
        since, minutes = lock.locked_out_since, site.lockout_release_minutes
        release = since + timedelta(minutes=minutes) if since and minutes is not None else None
        locked = since is not None and since <= moment and (release is None or moment < release)
        lost = lock.clock_lost_since
        is_now = abs(moment - self._now) < _NOW
        online = is_online(lock.feed_id, lock.nonces, lock.last_contact_at, self._now)
        return Door(
            lock=lock,
            site=site,
            zone=zone_of(site),
            keypads=keypads,
            pin_keypads=tuple(reader for reader in keypads if reader.pin_enabled),
            smartpin_enabled=lock.smart_pin_enabled,
            held=self._settings(lock),
            # Of a lock without a network nobody hears that it has its secret.
            set_up=lock.incarnation is not None
            or (not has_network and bool(self._secrets[lock_id])),
            state_unknown=lock.state_unknown,
            locked_out=locked,
            release_at=release,
            no_time=lost is not None and lost <= moment,
            has_network=has_network,
            takes_leases=lock.link_reads is None or Feature.COURIER in lock.link_reads,
            reachable=online if is_now else None,
        )

    def for_code(self, code: SmartPin, moment: datetime) -> Door:
        """The same for a SmartPIN: one of a secret that is not proven yet goes by what was given with that secret."""
        door = self.at(code.lock_id, moment)
        lock = self.rows[code.lock_id]
        if code.incarnation == lock.incarnation:
            return door
        secret = self._secret(lock, code.incarnation)
        known = secret is not None and not door.has_network
        return replace(door, set_up=known, state_unknown=False, held=_as_provisioned(secret))

    def _secret(self, lock: Lock, incarnation: str | None) -> Provisioning | None:
        found = self._secrets[lock.id]
        return next((each for each in found if each.incarnation == incarnation), None)

    def _settings(self, lock: Lock) -> HeldSettings:
        entry = self._entries.get((lock.id, SETTINGS))
        told = settings_on_lock(lock, entry) if entry is not None else None
        if told is not None:
            return HeldSettings(ZoneInfo(told.zone), told.pin_enabled, told.smartpin_enabled)
        untold = entry is None or entry.applied_version is None
        if lock.state_unknown or not untold or (entry and self._on_their_way.get(entry.id)):
            return HeldSettings(None, None, None)
        newest = self._secrets[lock.id][-1] if self._secrets[lock.id] else None
        return _as_provisioned(self._secret(lock, lock.incarnation) or newest)

    def versions(self, lock_id: UUID, pin: Pin) -> list[HeldVersion]:
        """What the lock may hold of the PIN; more than one where something is on its way."""
        entry = self._of_pins.get((lock_id, pin.id))
        if entry is None:
            return [HeldVersion(None, live=False)]
        known = [(entry.applied_version, entry.applied_live)]
        known += sorted(self._on_their_way.get(entry.id, set()) - set(known))
        return [_version(entry, version, live, pin) for version, live in known]

    def wanted_version(self, lock_id: UUID, pin: Pin) -> int | None:
        """The version of the PIN's entry that the lock should hold; None: it never should."""
        entry = self._of_pins.get((lock_id, pin.id))
        return entry.version if entry is not None else None

    def sync_of(self, lock_id: UUID, pin: Pin) -> PinAtLock | None:
        """The PIN at the lock as its sync shows it; None: the lock never should hold it."""
        entry = self._of_pins.get((lock_id, pin.id))
        if entry is None:
            return None
        on_its_way = self._on_their_way.get(entry.id, set())
        return pin_at_lock(
            entry, self.rows[lock_id], {version for version, live in on_its_way if live}
        )

    def holds(self, lock_id: UUID, name: str) -> frozenset[bool]:
        """Whether the lock holds a live entry of this name; both where that is not known."""
        entry = self._entries.get((lock_id, name))
        if self.rows[lock_id].state_unknown:
            return frozenset({True, False})
        if entry is None:
            return frozenset({False})
        on_its_way = self._on_their_way.get(entry.id, set())
        return frozenset({entry.applied_live, *(live for _, live in on_its_way)})


def _as_provisioned(secret: Provisioning | None) -> HeldSettings:
    if secret is None:
        return HeldSettings(None, False, False)
    return HeldSettings(ZoneInfo(secret.zone), False, secret.smart_pin_enabled)


def _version(entry: LockEntry, version: int | None, live: bool, pin: Pin) -> HeldVersion:
    content = content_of_version(entry, version) if live else None
    if content is None:
        return HeldVersion(version, live, None, None)
    schedules = tuple(schedule_from_wire(each, "schedules") for each in content["schedules"])
    return HeldVersion(version, live, schedules, content["digits"] == pin.digits_version)
