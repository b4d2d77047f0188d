"""The settings of a lock as one entry; the rules of its SmartPINs and its paired card as others."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.actors import command_line_at
from domain.audit.service import RecordedChange, recorded
from domain.database import Transaction, lock_rows, use_case
from domain.database.rows import column
from domain.installation import Installation
from domain.link.entries import EntryKind, SettingsPayload, SmartPinRulesPayload
from domain.link.features import fitted
from domain.locks.facts import CardPaired, LockSettingsChanged
from domain.locks.settings import wanted_settings
from domain.locks.tables import Lock, Reader
from domain.sites.facts import SiteSettingsChanged
from domain.sites.tables import Site
from domain.sync.entries import (
    CARD,
    SETTINGS,
    SMARTPIN_RULES,
    Wanted,
    content_of_version,
    write_entries,
)
from domain.sync.tables import EntryState, LockEntry

_BATCH = 1_000
"""Locks that are looked at together when a server starts."""


async def tell_settings(
    installation: Installation, change: RecordedChange, fact: LockSettingsChanged, now: datetime
) -> None:
    """These locks are told their settings."""
    await write_settings(installation, change, fact.lock_ids, now)


async def tell_settings_of_site(
    installation: Installation, change: RecordedChange, fact: SiteSettingsChanged, now: datetime
) -> None:
    """All locks of the site are told their settings."""
    locks = await column(Lock.filter(site_id=fact.site_id, deleted_at=None), "id")
    await write_settings(installation, change, locks, now)


async def tell_card(
    installation: Installation, change: RecordedChange, fact: CardPaired, now: datetime
) -> None:
    """The lock is told its paired card; the number of the pairing tells one from the next."""
    lock = await Lock.get(id=fact.lock_id)
    content = {"pairing": lock.card_pairings}
    card = Wanted(lock.id, CARD, EntryKind.CARD, EntryState.LIVE, content)
    await write_entries(installation, change, [card], now)


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
    wanted = await settings_entries(locks)
    return {entry.lock_id for entry in await write_entries(installation, change, wanted, now)}


async def settings_entries(rows: Collection[Lock]) -> list[Wanted]:
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
    settings = [
        Wanted(
            lock_id=lock.id,
            name=SETTINGS,
            kind=EntryKind.SETTINGS,
            state=EntryState.LIVE,
            content=fitted(
                EntryKind.SETTINGS,
                wanted_settings(lock, sites[lock.site_id], readers[lock.id]),
                lock.link_reads or (),
            ),
        )
        for lock in locks
    ]
    rules = [
        Wanted(
            lock_id=lock.id,
            name=SMARTPIN_RULES,
            kind=EntryKind.SMARTPIN_RULES,
            # Locks that never had the rule need not be told of it.
            state=EntryState.LIVE
            if sites[lock.site_id].smart_pin_activation
            else EntryState.REMOVED,
            content=SmartPinRulesPayload(activation_required=True).to_payload(),
        )
        for lock in locks
    ]
    return settings + rules


def settings_on_lock(lock: Lock, entry: LockEntry) -> SettingsPayload | None:
    """What the lock holds of its settings, as it has acknowledged them; None when that is not known."""
    if lock.state_unknown or not entry.applied_live:
        return None
    kept = content_of_version(entry, entry.applied_version)
    return None if kept is None else SettingsPayload.from_payload(kept)


async def mend_settings(installation: Installation, now: datetime) -> None:
    """Tells each lock whose entries are not what its site, its readers and itself amount to, when a server starts.

    Changes that crossed left such locks in earlier versions. One that opens with PINs while the API says that PIN mode is
    off would else do so until somebody changes its settings again.
    """
    after: UUID | None = None
    while True:
        rows = Lock.filter(deleted_at=None).order_by("id").limit(_BATCH)
        locks = await (rows if after is None else rows.filter(id__gt=after))
        if not locks:
            return
        after = locks[-1].id
        for site_id, lock_ids in (await _told_otherwise(locks)).items():
            await _tell(installation, site_id, lock_ids, now)


async def _told_otherwise(locks: Collection[Lock]) -> dict[UUID, set[UUID]]:
    """Those of these locks that were told something else, by site."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    sites = {lock.id: lock.site_id for lock in locks}
    present = {
        (row.lock_id, row.name): (row.state, row.content)
        for row in await LockEntry.filter(
            lock_id__in=list(sites), name__in=[SETTINGS, SMARTPIN_RULES]
        )
    }
    for each in await settings_entries(locks):
        content = each.content if each.state is EntryState.LIVE else {}
        told = present.get((each.lock_id, each.name), (EntryState.REMOVED, {}))
        if told != (each.state, content):
            found[sites[each.lock_id]].add(each.lock_id)
    return found


@use_case
async def _tell(
    installation: Installation, site_id: UUID, lock_ids: Collection[UUID], now: datetime
) -> None:
    async with recorded(installation, command_line_at(site_id), "mendSettings", now) as change:
        mended = await write_settings(installation, change, lock_ids, now)
        for lock_id in mended:
            change.note("Lock", lock_id)
        if not mended:  # somebody has changed them since they were looked at
            change.unchanged()
