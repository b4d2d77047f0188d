"""What of sync is not kept, or not in everybody's way: commands long after their end, what was sent to deleted locks, and
entries of which nothing can come back.
"""

from datetime import datetime, timedelta

from tortoise.expressions import F

from domain.database import Sweep, delete_some, lock_rows
from domain.database.rows import column
from domain.locks.tables import Lock
from domain.sync.tables import EntryState, LockDelivery, LockEntry, UnlockCommand

COMMANDS_KEPT = timedelta(days=90)
"""A lock that was away may tell after weeks what it did with a command, and the event names who gave it."""
DELIVERIES_KEPT = timedelta(days=1)
"""After the end of a lock, of which nobody will hear again."""


async def _old_commands(now: datetime, most: int) -> int:
    return await delete_some(UnlockCommand.filter(expires_at__lt=now - COMMANDS_KEPT), most)


async def _deliveries_to_gone_locks(now: datetime, most: int) -> int:
    gone = LockDelivery.filter(lock__deleted_at__lt=now - DELIVERIES_KEPT)
    return await delete_some(gone, most)


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


SWEEPS = (
    Sweep("lock_entries", _gone_entries),
    Sweep("unlock_commands", _old_commands),
    Sweep("lock_deliveries", _deliveries_to_gone_locks),
)
