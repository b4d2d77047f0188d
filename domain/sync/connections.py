"""Which connection of a lock counts: the newest on which it was heard. A late one before it changes nothing.

Connections are counted in the order in which they were proven, in the lock's row: processes' clocks differ.
"""

from domain.actors import LockActor
from domain.database import Queue, Work, lock_row, transaction, use_case
from domain.link.claims import Claim
from domain.locks.tables import Lock
from domain.sync.lock_identity import ProvenLock


@use_case
async def begin_connection(proven: ProvenLock, claim: Claim) -> LockActor | None:
    """The lock on a socket on which it has proven itself and said what it reads; None when this life of it is over."""
    async with transaction(Queue(Work.LOCKS, proven.site_id)):
        lock = await lock_row(Lock, proven.lock_id)
        if lock is None or lock.deleted_at is not None or lock.incarnation != proven.incarnation:
            return None
        lock.connections += 1
        await lock.save(update_fields=["connections"])
    return LockActor(lock.id, lock.site_id, lock.name, proven.incarnation, lock.connections, claim)


def is_heard(lock: Lock, actor: LockActor) -> bool:
    """Whether the lock is there, in this life, and was not heard of on a newer connection."""
    return (
        lock.deleted_at is None
        and lock.incarnation == actor.incarnation
        and lock.connection <= actor.connection
    )


def hear(lock: Lock, actor: LockActor) -> None:
    """Within a transaction, under the lock's row, which is changed and not saved: from here on this connection counts.

    Nonces belong to one socket: those of an earlier one are void.
    """
    if lock.connection != actor.connection:
        lock.connection, lock.nonces = actor.connection, []
