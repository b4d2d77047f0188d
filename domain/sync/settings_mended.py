"""Locks that were told other settings than the tables say, as changes that crossed left them in earlier versions.

It is looked for at each start and hardly ever found. A lock that opens with PINs while the API says that PIN mode is off
would else do so until somebody changes its settings again.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.actors import command_line_at
from domain.audit.service import recorded
from domain.database import use_case
from domain.installation import Installation
from domain.locks.tables import Lock
from domain.sync.entries import SETTINGS, SMARTPIN_RULES
from domain.sync.lock_settings import settings_entries, write_settings
from domain.sync.tables import EntryState, LockEntry

_BATCH = 1_000


async def mend_settings(installation: Installation, now: datetime) -> None:
    """Tells each lock whose entries are not what its site, its readers and itself amount to."""
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
    for wish in await settings_entries(locks):
        content = wish.content if wish.state is EntryState.LIVE else {}
        told = present.get((wish.lock_id, wish.name), (EntryState.REMOVED, {}))
        if told != (wish.state, content):
            found[sites[wish.lock_id]].add(wish.lock_id)
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
