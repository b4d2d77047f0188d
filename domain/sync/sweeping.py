"""What of sync is not kept, or not in everybody's way: commands and leases long after their end, what was sent to deleted
locks, entries of which nothing can come back, events that their sites do not keep so long.
"""

from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from tortoise.expressions import F, Q, Subquery

from domain.database import Sweep, delete_some, lock_row, lock_rows
from domain.database.rows import column
from domain.locks.tables import Lock
from domain.sites.tables import Site
from domain.sync.tables import (
    EntryState,
    EventHead,
    LockDelivery,
    LockEntry,
    LockEvent,
    OpenLease,
    UnlockCommand,
)

COMMANDS_KEPT = timedelta(days=90)
"""A lock that was away may tell after weeks what it did with a command or a lease, and the event names who gave it."""
DELIVERIES_KEPT = timedelta(days=1)
"""After the end of a lock, of which nobody will hear again."""


async def _old_commands(now: datetime, most: int) -> int:
    return await delete_some(UnlockCommand.filter(expires_at__lt=now - COMMANDS_KEPT), most)


async def _old_leases(now: datetime, most: int) -> int:
    return await delete_some(OpenLease.filter(expires_at__lt=now - COMMANDS_KEPT), most)


async def _deliveries_to_gone_locks(now: datetime, most: int) -> int:
    gone = Lock.filter(deleted_at__lt=now - DELIVERIES_KEPT).values("id")
    return await delete_some(LockDelivery.filter(lock_id__in=Subquery(gone)), most)


_LEAVING = """
SELECT lock_entries.id AS id, lock_id FROM lock_entries JOIN locks ON locks.id = lock_id
WHERE state = 'REMOVED' AND gone_at IS NULL AND applied_version = version AND NOT state_unknown
AND NOT EXISTS (SELECT 1 FROM lock_deliveries WHERE lock_deliveries.lock_id = locks.id AND settled_at IS NULL)
"""


async def _gone_entries(now: datetime, most: int) -> int:
    """Of a removal that its lock has acknowledged nothing can come back, unless what the lock holds is not known, or it may
    still apply something that it was sent.

    That is decided under the locks' rows; one that somebody holds has its turn later.
    """
    found: list[LockEntry] = await LockEntry.raw(f"{_LEAVING} LIMIT {most}")
    locks = await lock_rows(Lock, {entry.lock_id for entry in found}, free_only=True)
    known = {lock.id for lock in locks if not lock.state_unknown}
    unsettled = LockDelivery.filter(lock_id__in=list(known), settled_at=None)
    settled = known - set(await column(unsettled, "lock_id"))
    ids = [entry.id for entry in found if entry.lock_id in settled]
    removed = LockEntry.filter(id__in=ids, state=EntryState.REMOVED, applied_version=F("version"))
    return int(await removed.update(gone_at=now))


async def _old_events(now: datetime, most: int) -> int:
    """Events that their sites do not keep so long, in the order of their numbers."""
    looked = 0
    for site in await Site.filter(event_retention_days__isnull=False).order_by("id"):
        if looked < most:
            before = now - timedelta(days=site.event_retention_days or 0)
            looked += await _old_events_at(site.id, before, most - looked)
    return looked


async def _old_events_at(site_id: UUID, before: datetime, most: int) -> int:
    head = await lock_row(EventHead, site_id)
    if head is None:
        return 0
    rows = LockEvent.filter(site_id=site_id, number__gt=head.gone).order_by("number").limit(most)
    old = list(takewhile(lambda each: each.recorded_at < before, await rows))
    if not old:
        return 0
    head.gone = old[-1].number
    await head.save(update_fields=["gone"])
    for lock_id in {each.lock_id for each in old}:
        await _forget(lock_id, head.gone)
    return len(old)


async def _forget(lock_id: UUID, up_to: int) -> None:
    """Deletes a lock's events up to this number, but for the newest that it numbered itself: by that one it is known which
    numbers are missing. It names nobody from now on."""
    told = LockEvent.filter(lock_id=lock_id)
    own = told.exclude(Q(state_id__startswith="server-") | Q(state_id__startswith="refused-"))
    last = await own.order_by("-number").first()
    if last is not None:
        last = await told.filter(state_id=last.state_id).order_by("-sequence").first()
    rows = told.filter(number__lte=up_to)
    if last is not None and last.number <= up_to:
        rows = rows.exclude(id=last.id)
        nobody = dict.fromkeys(_NAMES)
        await LockEvent.filter(id=last.id).update(**nobody)
    await rows.delete()


_NAMES = ("entry_id", "command_id", "member_id", "invitation_id", "device_id", "smart_pin_id")
"""The columns of an event that say whose it was."""


SWEEPS = (
    Sweep("lock_events", _old_events),
    Sweep("lock_entries", _gone_entries),
    Sweep("unlock_commands", _old_commands),
    Sweep("open_leases", _old_leases),
    Sweep("lock_deliveries", _deliveries_to_gone_locks),
)
