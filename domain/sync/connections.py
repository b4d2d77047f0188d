"""A lock on its connection: whether it is still the lock that proved itself, and what it has said of its firmware.

Of several connections of a lock the newest on which it was heard counts; a late one before it changes nothing. They are
counted in the order in which they were proven, in the lock's row: processes' clocks differ.
"""

from datetime import datetime
from uuid import UUID

from domain.actors import LockActor
from domain.alerts.service import alert_of_old_lock
from domain.audit.service import RecordedChange
from domain.database import Queue, Transaction, Work, lock_row, transaction, use_case
from domain.installation import Installation
from domain.link.claims import Claim
from domain.locks.settings import unread_settings
from domain.locks.tables import Lock, Reader
from domain.sites.tables import Site
from domain.sync.lock_identity import ProvenLock
from domain.sync.lock_settings import write_settings


@use_case
async def begin_connection(proven: ProvenLock, claim: Claim) -> LockActor | None:
    """The lock on a socket on which it has proven itself and said what it reads; None when its incarnation is over."""
    async with transaction(Queue(Work.LOCKS, proven.site_id)):
        lock = await present_lock(proven.lock_id, proven.incarnation)
        if lock is None:
            return None
        lock.connections += 1
        await lock.save(update_fields=["connections"])
    return LockActor(lock.id, lock.site_id, lock.name, proven.incarnation, lock.connections, claim)


async def present_lock(lock_id: UUID, incarnation: str) -> Lock | None:
    """Within a transaction: the lock, its row held, if it is there and still in this incarnation."""
    lock = await lock_row(Lock, lock_id)
    return lock if lock is not None and is_present(lock, incarnation) else None


def is_present(lock: Lock, incarnation: str) -> bool:
    """Whether the lock is there, and still in this incarnation."""
    return lock.deleted_at is None and lock.incarnation == incarnation


def is_heard(lock: Lock, actor: LockActor) -> bool:
    """Whether the lock is there, in this incarnation, and was not heard on a newer connection."""
    return is_present(lock, actor.incarnation) and lock.connection <= actor.connection


def hear(lock: Lock, actor: LockActor) -> None:
    """Under the lock's row, which is changed and not saved: from here on this connection counts.

    Nonces belong to one socket: those of an earlier one are void.
    """
    if lock.connection != actor.connection:
        lock.connection, lock.nonces = actor.connection, []


def hear_claim(lock: Lock, claim: Claim) -> bool:
    """Under the lock's row, which is changed and not saved: what it says of itself; whether it is another than before."""
    said = claim.version, list(claim.reads)
    if (lock.link_version, lock.link_reads) == said:
        return False
    lock.link_version, lock.link_reads = said
    return True


async def fit_to_firmware(
    installation: Installation, tx: Transaction | RecordedChange, lock: Lock, now: datetime
) -> None:
    """Within a transaction, once the lock's row with its new claim is saved: it should hold what it reads now.

    A lock is updated, put back to older firmware, or replaced by another one with its secret. Its entries are written anew
    before anything is handed out to it; the admins are alerted when it reads less than what is wanted of it needs.
    """
    await write_settings(installation, tx, [lock.id], now)
    readers = await Reader.filter(lock_id=lock.id, deleted_at=None)
    if unread_settings(lock, await Site.get(id=lock.site_id), readers):
        await alert_of_old_lock(tx, lock, now)
