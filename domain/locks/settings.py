"""The settings of a lock as one entry: its zone, PIN mode, SmartPINs; their rules and its paired card as others.

PIN mode is kept at the readers; for the lock it is on when it is on at any reader with a keypad. Where keypads differ, the
lock is told at which it is on, if its firmware reads that; else it is off at all.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.audit.service import RecordedChange
from domain.database import Transaction, lock_rows
from domain.errors import LockTooOld, LockWithoutKeypad
from domain.installation import Installation
from domain.link.entries import EntryKind, SettingsPayload, SmartPinRulesPayload
from domain.link.features import Feature, fitted, unread
from domain.locks.tables import Lock, Reader
from domain.node_ids import node_id
from domain.sites.tables import Site
from domain.sync.entries import CARD, SETTINGS, SMARTPIN_RULES, Wanted, write_entries
from domain.sync.tables import EntryState, LockEntry


async def write_settings(
    installation: Installation,
    change: RecordedChange | Transaction,
    lock_ids: Collection[UUID],
    now: datetime,
) -> set[UUID]:
    """Within a transaction: the settings of these locks as they now are become what they should hold, as far as they can.

    The locks' rows are held first, so that what is read here is what the last change of a lock, reader or site left.
    Whether any lock takes PINs stands on members' phones, so these are woken. Returns the locks that are told something
    else than before.
    """
    locks = await lock_rows(Lock, lock_ids)
    change.wake(*(topics.homes(lock.site_id) for lock in locks))
    wishes = await wanted_settings(locks)
    await _keep_acknowledged(wishes)
    return {entry.lock_id for entry in await write_entries(installation, change, wishes, now)}


async def wanted_settings(rows: Collection[Lock]) -> list[Wanted]:
    """The settings that these locks should hold, as their site, their readers and they themselves now are; nothing for
    deleted ones.
    """
    locks = [lock for lock in rows if lock.deleted_at is None]
    sites = {
        site.id: site for site in await Site.filter(id__in=list({lock.site_id for lock in locks}))
    }
    readers: dict[UUID, list[Reader]] = defaultdict(list)
    for reader in await Reader.filter(lock_id__in=[lock.id for lock in locks], deleted_at=None):
        readers[reader.lock_id].append(reader)
    wishes = [
        Wanted(
            lock_id=lock.id,
            name=SETTINGS,
            kind=EntryKind.SETTINGS,
            state=EntryState.LIVE,
            content=fitted(
                EntryKind.SETTINGS,
                _settings(lock, sites[lock.site_id], readers[lock.id]),
                lock.link_reads or (),
            ),
        )
        for lock in locks
    ]
    wishes += [
        Wanted(
            lock_id=lock.id,
            name=SMARTPIN_RULES,
            kind=EntryKind.SMARTPIN_RULES,
            # Locks that never had the rule need no word of it.
            state=EntryState.LIVE
            if sites[lock.site_id].smart_pin_activation
            else EntryState.REMOVED,
            content=SmartPinRulesPayload(activation_required=True).to_payload(),
        )
        for lock in locks
    ]
    return wishes


def _settings(lock: Lock, site: Site, readers: Collection[Reader]) -> dict[str, object]:
    """What is wanted of the lock, whether it can hold that or not."""
    return SettingsPayload(
        zone=site.timezone,
        pin_enabled=any(each.has_keypad and each.pin_enabled for each in readers),
        smartpin_enabled=lock.smart_pin_enabled,
        lockout_release_minutes=site.lockout_release_minutes,
        pin_readers=_pin_readers(readers),
    ).to_payload()


def _pin_readers(readers: Collection[Reader]) -> tuple[str, ...] | None:
    """At which keypads PIN mode is on, where it is off at others; None: there are no such others."""
    keypads = [each for each in readers if each.has_keypad]
    on = sorted(node_id("reader", each.id) for each in keypads if each.pin_enabled)
    return tuple(on) if 0 < len(on) < len(keypads) else None


def unread_settings(lock: Lock, site: Site, readers: Collection[Reader]) -> list[Feature]:
    """What the settings that are wanted of a lock need that its firmware does not read, or has not said to read."""
    return unread(EntryKind.SETTINGS, _settings(lock, site, readers), lock.link_reads or ())


async def refuse_unread_settings(lock_ids: Collection[UUID]) -> None:
    """Within a transaction, under the locks' rows: raises LockTooOld if one of them cannot hold what its readers say now.

    One that has never said what it reads is given the benefit of the doubt: it gets nothing before it has.
    """
    needs: set[str] = set()
    names = []
    for lock in await Lock.filter(id__in=list(lock_ids), link_version__isnull=False):
        readers = await Reader.filter(lock_id=lock.id, deleted_at=None)
        if missing := unread_settings(lock, await Site.get(id=lock.site_id), readers):
            needs |= set(missing)
            names.append(lock.name)
    if names:
        raise LockTooOld(
            sorted(names),
            sorted(needs),
            "PIN mode is one for all keypads of these locks, so switch it for the whole lock",
        )


async def _keep_acknowledged(wishes: Collection[Wanted]) -> None:
    """Under the rows of their locks: what the locks hold of their settings stays known until they hold others."""
    wanted = {wish.lock_id: wish.content for wish in wishes if wish.name == SETTINGS}
    rows = [
        row
        for row in await LockEntry.filter(lock_id__in=list(wanted), name=SETTINGS)
        if row.applied_live and row.applied_version == row.version
        if row.content != wanted[row.lock_id]
    ]
    for row in rows:
        row.acknowledged = {"version": row.version, "content": row.content}
    if rows:
        await LockEntry.bulk_update(rows, fields=["acknowledged"])


def settings_on_lock(lock: Lock, entry: LockEntry) -> SettingsPayload | None:
    """What the lock holds of its settings, as it has acknowledged them; None when that is not known."""
    if lock.state_unknown or not entry.applied_live:
        return None
    if entry.applied_version == entry.version:
        return SettingsPayload.from_payload(entry.content)
    kept = entry.acknowledged
    if kept is not None and kept["version"] == entry.applied_version:
        return SettingsPayload.from_payload(kept["content"])
    return None


async def switch_smart_pins(lock: Lock, *, enabled: bool) -> None:
    """Switches SmartPINs at a lock whose row is held; the row is changed, not saved. Raises LockWithoutKeypad."""
    keypads = Reader.filter(lock_id=lock.id, has_keypad=True, deleted_at=None)
    if enabled and not await keypads.exists():
        raise LockWithoutKeypad([lock.name])
    lock.smart_pin_enabled = enabled


async def write_card(
    installation: Installation, change: RecordedChange, lock: Lock, generation: int, now: datetime
) -> None:
    """Within a transaction: the lock's paired card. `generation` tells one pairing from the next."""
    wish = Wanted(lock.id, CARD, EntryKind.CARD, EntryState.LIVE, {"pairing": generation})
    await write_entries(installation, change, [wish], now)
