"""Events that the server itself writes about a lock, in the same numbered log as the lock's own."""

from datetime import datetime
from uuid import uuid4

from domain.database import Transaction, lock_row
from domain.link.events import LockEventKind
from domain.locks.tables import Lock
from domain.sync.tables import EventHead, LockEvent

SERVER_EVENTS = frozenset({LockEventKind.OUT_OF_STEP})
"""What a lock cannot know, and so does not report."""


async def record_server_event(
    tx: Transaction, lock: Lock, kind: LockEventKind, now: datetime
) -> None:
    """Within a transaction: one event, numbered in commit order like all of the site's."""
    await EventHead.bulk_create([EventHead(id=lock.site_id)], ignore_conflicts=True)
    head = await lock_row(EventHead, lock.site_id)
    assert head is not None
    head.number += 1
    await head.save()
    await LockEvent.create(
        site_id=lock.site_id,
        number=head.number,
        lock_id=lock.id,
        state_id=f"server-{uuid4().hex}",
        sequence=1,
        kind=kind,
        at=now,
        recorded_at=now,
    )
    tx.wake(f"events:{lock.site_id}")
