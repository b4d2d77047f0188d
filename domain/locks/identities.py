"""Whether a caller (person, phone, script or lock) is still valid: sockets and streams ask when it may have changed."""

from datetime import datetime

from domain.actors import Actor, LockActor
from domain.locks.tables import Lock
from domain.people.identities import refreshed_person


async def refreshed(actor: Actor, now: datetime) -> Actor | None:
    """The same actor as the database has it now; None when its sign-in, token, invitation or incarnation has ended."""
    if not isinstance(actor, LockActor):
        return await refreshed_person(actor, now)
    lock = await Lock.get_or_none(id=actor.lock_id, deleted_at=None)
    return actor if lock is not None and lock.incarnation == actor.incarnation else None
