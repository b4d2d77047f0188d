"""Whether a caller (a person, a phone, a script or a lock) is still valid: asked by sockets and streams before each item."""

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
