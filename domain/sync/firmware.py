"""What a lock has said of its firmware, and what follows when it says something else than before.

A lock is updated, put back to older firmware, or replaced by another one with its secret. What it should hold is written
anew for what it reads now, before anything is handed out to it; the admins hear when that is less than what is wanted.
"""

from datetime import datetime

from domain.alerts.service import alert_of_old_lock
from domain.database import Transaction
from domain.installation import Installation
from domain.link.claims import Claim
from domain.locks.settings import unread_settings, write_settings
from domain.locks.tables import Lock, Reader
from domain.sites.tables import Site


def hear_claim(lock: Lock, claim: Claim) -> bool:
    """Under the lock's row, which is changed and not saved: what it says of itself; whether it is another than before."""
    said = claim.version, list(claim.reads)
    if (lock.link_version, lock.link_reads) == said:
        return False
    lock.link_version, lock.link_reads = said
    return True


async def fit_to_firmware(
    installation: Installation, tx: Transaction, lock: Lock, now: datetime
) -> None:
    """Within a transaction, once the lock's row with its new claim is saved."""
    await write_settings(installation, tx, [lock.id], now)
    readers = await Reader.filter(lock_id=lock.id, deleted_at=None)
    if unread_settings(lock, await Site.get(id=lock.site_id), readers):
        await alert_of_old_lock(tx, lock, now)
