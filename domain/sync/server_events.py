"""Events that the server itself writes about a lock, in the same numbered log as the lock's own."""

from datetime import datetime
from uuid import uuid4

from domain.database import Transaction
from domain.link.events import LockEventKind
from domain.locks.tables import Lock
from domain.sync.event_numbers import next_numbers
from domain.sync.tables import LockEvent

SERVER_EVENTS = frozenset({LockEventKind.OUT_OF_STEP})
"""What a lock cannot know, and so does not report."""


async def record_server_event(
    tx: Transaction, lock: Lock, kind: LockEventKind, now: datetime
) -> None:
    """Within a transaction: one event, numbered in commit order like all of the site's."""
    (number,) = await next_numbers(lock.site_id, 1)
    await LockEvent.create(
        site_id=lock.site_id,
        number=number,
        lock_id=lock.id,
        state_id=f"server-{uuid4().hex}",
        sequence=1,
        kind=kind,
        at=now,
        recorded_at=now,
    )
    tx.wake(f"events:{lock.site_id}")
