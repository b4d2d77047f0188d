"""Who a caller still is, be it a person, a phone, a script or a lock: what sockets and streams ask before every item."""

from datetime import datetime

from domain.actors import Actor, LockActor
from domain.locks.tables import Lock
from domain.people.identities import refreshed_person


async def refreshed(actor: Actor, now: datetime) -> Actor | None:
    """The same actor as the database knows it now, or None when what it stands on has ended."""
    if not isinstance(actor, LockActor):
        return await refreshed_person(actor, now)
    lock = await Lock.get_or_none(id=actor.lock_id, deleted_at=None)
    return actor if lock is not None and lock.incarnation == actor.incarnation else None
