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

from domain.bus import listening
from domain.clock import Clock
from domain.database import lock_row, transaction, use_case
from domain.installation import Installation
from domain.link.keys import LinkKeys
from domain.link.messages import SealedTimeBody, UnlockCommandBody
from domain.link.sealing import MessageKind, seal_message
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.people.actors import LockActor
from domain.sync.lock_identity import proven_keys
from domain.sync.rules import TIME_INTERVAL
from domain.sync.tables import LockEvent, UnlockCommand
from domain.sync.unlocking import still_stands

SLOW_POLL_SECONDS = 10.0


class FeedItemKind(StrEnum):
    """What a feed hands out."""

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
    """What one feed has handed out so far."""

    commands: set[UUID] = field(default_factory=set)
    time_at: datetime | None = None


@use_case
async def _open(lock_id: UUID, incarnation: str, now: datetime) -> str | None:
    feed_id = uuid4().hex
    async with transaction() as tx:
        lock = await lock_row(Lock, lock_id)
        if lock is None or lock.deleted_at is not None or lock.incarnation != incarnation:
            return None
        # Nonces belong to one socket: those of an earlier one are void.
        lock.feed_id, lock.nonces, lock.last_contact_at = feed_id, [], now
        await lock.save(update_fields=["feed_id", "nonces", "last_contact_at"])
        tx.wake(f"lock:{lock_id}", f"site-sync:{lock.site_id}")
    return feed_id


@use_case
async def _close(lock_id: UUID, site_id: UUID, feed_id: str) -> None:
    async with transaction() as tx:
        closed = await Lock.filter(id=lock_id, feed_id=feed_id).update(feed_id=None)
        if closed:
            tx.wake(f"site-sync:{site_id}")


async def follow_feed(
    here: Installation, actor: LockActor, *, incarnation: str, clock: Clock
) -> AsyncIterator[FeedItem]:
    """What the lock should get, as it arises; ends when a newer feed opens or the lock's secret or place is gone."""
    if incarnation != actor.incarnation:
        return
    async with listening(f"lock:{actor.lock_id}") as wakeups:
        feed_id = await _open(actor.lock_id, incarnation, clock())
        if feed_id is None:
            return
        handed = _Handed()
        try:
            while True:
                lock = await Lock.get_or_none(id=actor.lock_id, deleted_at=None)
                if lock is None or lock.feed_id != feed_id or lock.incarnation != incarnation:
                    return
                keys = await proven_keys(here, lock)
                if keys is None:
                    return
                for item in await _commands(lock, keys, handed, clock()):
                    yield item
                timing = await _time(lock, keys, handed, clock())
                if timing is not None:
                    yield timing
                await wakeups.wait(SLOW_POLL_SECONDS)
        finally:
            await _close(actor.lock_id, actor.site_id, feed_id)


async def _commands(lock: Lock, keys: LinkKeys, handed: _Handed, now: datetime) -> list[FeedItem]:
    assert lock.incarnation is not None
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
        sealed = seal_message(
            keys.bundle,
            MessageKind.UNLOCK_COMMAND,
            node_id("lock", lock.id),
            lock.incarnation,
            lock.epoch,
            body.encode(),
        )
        items.append(FeedItem(FeedItemKind.UNLOCK_COMMAND, str(command.id), sealed))
    return items


async def _time(lock: Lock, keys: LinkKeys, handed: _Handed, now: datetime) -> FeedItem | None:
    due = handed.time_at is None or now - handed.time_at >= TIME_INTERVAL
    if not lock.nonces or not due:
        return None
    assert lock.incarnation is not None
    last = await LockEvent.filter(lock_id=lock.id).order_by("-number").first()
    handed.time_at = now
    body = SealedTimeBody(
        nonce=lock.nonces[0][0],
        unix_ms=int(now.timestamp() * 1000),
        event_floor=last.sequence if last is not None else 0,
    )
    sealed = seal_message(
        keys.bundle,
        MessageKind.SEALED_TIME,
        node_id("lock", lock.id),
        lock.incarnation,
        lock.epoch,
        body.encode(),
    )
    return FeedItem(FeedItemKind.SEALED_TIME, uuid4().hex, sealed)
