"""A lock's feed: what is handed to it over its own socket, sealed.

The feed only reads: the database says what the lock should get, a wake-up only says "look again". The newest feed of a
lock wins; an older one finds another id in the lock's row and ends. The dangerous direction: a command handed out after
its ground is gone, so each is checked once more in the moment of handing it out.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

import structlog

from domain.bus import listening
from domain.clock import Clock
from domain.database import lock_row, transaction, use_case
from domain.installation import Installation
from domain.link.events import LockEventKind
from domain.link.keys import LinkKeys
from domain.link.messages import SealedTimeBody, UnlockCommandBody
from domain.link.sealing import MessageKind, seal_message
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.people.actors import LockActor
from domain.security.sealing import SealBroken
from domain.sync.deliveries import CutDelivery, FeedPosition, cut_delivery, reconcile
from domain.sync.entries import TamperedEntry
from domain.sync.lock_keys import proven_keys
from domain.sync.rules import DELIVERY_PATIENCE, TIME_INTERVAL
from domain.sync.server_events import record_server_event
from domain.sync.tables import LockDelivery, UnlockCommand
from domain.sync.unlocking import still_stands

SLOW_POLL_SECONDS = 10.0

log = structlog.get_logger(__name__)


class FeedItemKind(StrEnum):
    """What a feed hands out."""

    DELIVERY = "DELIVERY"
    UNLOCK_COMMAND = "UNLOCK_COMMAND"
    SEALED_TIME = "SEALED_TIME"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One sealed message for the lock; `id` names it for logs and acknowledgements."""

    kind: FeedItemKind
    id: str
    sealed: bytes


@dataclass(slots=True)
class _Handed:
    """What one feed has handed out so far, and the revision that the lock said it had."""

    reported: int
    commands: set[UUID] = field(default_factory=set)
    time_at: datetime | None = None
    delivery: CutDelivery | None = None
    delivery_at: datetime | None = None

    def waits(self, lock: Lock, settled: bool, now: datetime) -> bool:
        """Whether the last delivery may still be acknowledged, so that no other is due.

        A lock that could not apply changes needs a snapshot at once; one that disagrees after a snapshot gets the next
        only after a while, so that a broken lock does not make the server busy.
        """
        if self.delivery is None or self.delivery_at is None or settled:
            return False
        refused = lock.snapshot_needed and not self.delivery.snapshot
        return not refused and now - self.delivery_at < DELIVERY_PATIENCE


@use_case
async def _open(actor: LockActor, position: FeedPosition, now: datetime) -> str | None:
    lock_id, incarnation = actor.lock_id, actor.incarnation
    feed_id = uuid4().hex
    async with transaction() as tx:
        lock = await lock_row(Lock, lock_id)
        if lock is None or lock.deleted_at is not None or lock.incarnation != incarnation:
            return None
        if await reconcile(lock, position):
            await record_server_event(tx, lock, LockEventKind.OUT_OF_STEP, now)
        # Nonces belong to one socket: those of an earlier one are void. One of this socket may be here already, since
        # a lock subscribes and reports at once, and the report can come first.
        fresh = [each for each in lock.nonces if datetime.fromisoformat(each[1]) >= actor.proven_at]
        lock.feed_id, lock.nonces, lock.last_contact_at = feed_id, fresh, now
        await lock.save(
            update_fields=[
                "feed_id",
                "nonces",
                "last_contact_at",
                "epoch",
                "applied_revision",
                "snapshot_needed",
                "state_unknown",
            ]
        )
        tx.wake(f"lock:{lock_id}", f"site-sync:{lock.site_id}")
    return feed_id


@use_case
async def _close(lock_id: UUID, site_id: UUID, feed_id: str) -> None:
    async with transaction() as tx:
        closed = await Lock.filter(id=lock_id, feed_id=feed_id).update(feed_id=None)
        if closed:
            tx.wake(f"site-sync:{site_id}")


async def follow_feed(
    here: Installation,
    actor: LockActor,
    *,
    incarnation: str,
    position: FeedPosition,
    clock: Clock,
) -> AsyncIterator[FeedItem]:
    """What the lock should get, as it arises; ends when a newer feed opens or the lock's secret or place is gone.

    `position` is what the lock says of itself; a fresh one says epoch 0, revision 0.
    """
    if incarnation != actor.incarnation:
        return
    async with listening(f"lock:{actor.lock_id}") as wakeups:
        feed_id = await _open(actor, position, clock())
        if feed_id is None:
            return
        handed = _Handed(position.revision)
        try:
            while True:
                lock = await Lock.get_or_none(id=actor.lock_id, deleted_at=None)
                if lock is None or lock.feed_id != feed_id or lock.incarnation != incarnation:
                    return
                keys = await proven_keys(here, lock)
                if keys is None:
                    return
                # Somebody at the door comes first, and does not wait for a row that cannot be sent.
                for item in await _commands(lock, keys, handed, clock()):
                    yield item
                for item in await _time(lock, keys, handed, clock()):
                    yield item
                for item in await _delivery(here, lock, keys, handed, clock()):
                    yield item
                await wakeups.wait(SLOW_POLL_SECONDS)
        finally:
            await _close(actor.lock_id, actor.site_id, feed_id)


def _seal(lock: Lock, keys: LinkKeys, kind: MessageKind, body: bytes) -> bytes:
    assert lock.incarnation is not None
    return seal_message(
        keys.bundle, kind, node_id("lock", lock.id), lock.incarnation, lock.epoch, body
    )


async def _commands(lock: Lock, keys: LinkKeys, handed: _Handed, now: datetime) -> list[FeedItem]:
    waiting = await UnlockCommand.filter(
        lock_id=lock.id, incarnation=lock.incarnation, expires_at__gt=now
    ).order_by("id")
    items = []
    for command in waiting:
        if command.id in handed.commands or not await still_stands(command, now):
            continue
        handed.commands.add(command.id)
        body = UnlockCommandBody(
            command_id=str(command.id),
            nonce=command.nonce,
            seconds=command.nonce_seconds,
            releases_lockout=command.releases_lockout,
            opens=True,
        )
        sealed = _seal(lock, keys, MessageKind.UNLOCK_COMMAND, body.encode())
        items.append(FeedItem(FeedItemKind.UNLOCK_COMMAND, str(command.id), sealed))
    return items


async def _delivery(
    here: Installation, lock: Lock, keys: LinkKeys, handed: _Handed, now: datetime
) -> list[FeedItem]:
    """The next delivery, once the one before is acknowledged: one at a time."""
    assert lock.incarnation is not None
    settled = (
        handed.delivery is not None
        and await LockDelivery.filter(id=handed.delivery.id, settled_at__isnull=False).exists()
    )
    if handed.waits(lock, settled, now):
        return []
    behind = lock.wanted_revision > max(handed.reported, lock.applied_revision)
    if not behind and not lock.snapshot_needed:
        return []
    try:
        cut = await cut_delivery(here, lock.id, lock.incarnation, keys, handed.reported, now)
    except (TamperedEntry, SealBroken) as error:
        # Nothing wrong is sent: the lock keeps what it has, and shows as not updated, until the rows are mended.
        log.error(
            "a row of the database is not what was written",
            lock=node_id("lock", lock.id),
            error=type(error).__name__,
        )
        return []
    if cut is None:
        return []
    if cut.snapshot:
        handed.reported = 0
    handed.delivery, handed.delivery_at = cut, now
    return [FeedItem(FeedItemKind.DELIVERY, str(cut.id), sealed) for sealed in cut.sealed]


async def _time(lock: Lock, keys: LinkKeys, handed: _Handed, now: datetime) -> list[FeedItem]:
    due = handed.time_at is None or now - handed.time_at >= TIME_INTERVAL
    if not lock.nonces or not due:
        return []
    handed.time_at = now
    body = SealedTimeBody(
        nonce=lock.nonces[0][0],
        unix_ms=int(now.timestamp() * 1000),
        event_floor=0,  # on a socket the answer to a report says it, with the state id
    )
    sealed = _seal(lock, keys, MessageKind.SEALED_TIME, body.encode())
    return [FeedItem(FeedItemKind.SEALED_TIME, uuid4().hex, sealed)]
