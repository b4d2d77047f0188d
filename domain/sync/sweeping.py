"""What of sync is not kept: unlock commands long after their end, and what was sent to locks that are gone."""

from datetime import datetime, timedelta

from domain.database import Sweep, delete_some
from domain.sync.tables import LockDelivery, UnlockCommand

COMMANDS_KEPT = timedelta(days=90)
"""A lock that was away may tell after weeks what it did with a command, and the event names who gave it."""
DELIVERIES_KEPT = timedelta(days=1)
"""After the end of a lock, of which nobody will hear again."""


async def _old_commands(now: datetime, most: int) -> int:
    return await delete_some(UnlockCommand.filter(expires_at__lt=now - COMMANDS_KEPT), most)


async def _deliveries_to_gone_locks(now: datetime, most: int) -> int:
    gone = LockDelivery.filter(lock__deleted_at__lt=now - DELIVERIES_KEPT)
    return await delete_some(gone, most)


SWEEPS = (
    Sweep("unlock_commands", _old_commands),
    Sweep("lock_deliveries", _deliveries_to_gone_locks),
)
