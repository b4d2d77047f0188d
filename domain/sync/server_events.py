"""Events that the server itself writes about a lock, in the same numbered log as the lock's own."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from domain import topics
from domain.database import Transaction
from domain.link.events import LockEventKind
from domain.locks.tables import Lock
from domain.sync.event_numbers import next_numbers
from domain.sync.tables import LockEvent


def server_event(lock: Lock, kind: LockEventKind, now: datetime, **fields: Any) -> LockEvent:
    """One event, not saved and without a number. It is under no state id of the lock's, unless `fields` say so."""
    told: dict[str, Any] = {"state_id": f"server-{uuid4().hex}", "sequence": 1, "at": now, **fields}
    return LockEvent(site_id=lock.site_id, lock_id=lock.id, kind=kind, recorded_at=now, **told)


async def record_server_event(
    tx: Transaction, lock: Lock, kind: LockEventKind, now: datetime
) -> None:
    """Within a transaction: one event, numbered in commit order like all of the site's."""
    event = server_event(lock, kind, now)
    (event.number,) = await next_numbers(lock.site_id, 1)
    await event.save(force_create=True)
    tx.wake(topics.events(lock.site_id))
