"""A lock's feed: what is handed to it over its own socket, sealed.

The feed only reads: the database says what the lock should get, a wake-up only says "look again". The newest feed of a
lock wins; an older one finds another id in the lock's row and ends. Whoever gave a command may have lost the right to it
since, so each is checked once more in the moment of handing it out.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from tortoise.expressions import RawSQL

from domain import topics
from domain.actors import LockActor
from domain.bus import listening
from domain.clock import Clock
from domain.database import Queue, Work, transaction, use_case
from domain.database.rows import saving
from domain.errors import InvalidInput, NotAllowed
from domain.installation import Installation
from domain.link.events import LockEventKind
from domain.link.keys import LinkKeys
from domain.link.messages import MAX_REVISION, SealedTimeBody, UnlockCommandBody
from domain.link.sealing import MessageKind, seal_message
from domain.locks.secrets import proven_keys
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.sync.connections import fit_to_firmware, hear, hear_claim, is_heard, present_lock
from domain.sync.deliveries import Behind, CutDelivery, cut_delivery
from domain.sync.events import record_server_event
from domain.sync.orders import sort_out
from domain.sync.payloads import TamperedEntry, log_tampered
from domain.sync.rules import DELIVERY_PATIENCE, LONGEST_PATIENCE, TIME_INTERVAL
from domain.sync.settling import FeedPosition, reconcile
from domain.sync.status import topics_of_pins_at
from domain.sync.tables import DeliveryAnswer, LockDelivery, UnlockCommand


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


def check_position(position: FeedPosition) -> None:
    """Raises InvalidInput for what no lock can be at. An epoch counts seconds, so the last one that fits is far off."""
    if not 0 <= position.epoch < MAX_REVISION:
        raise InvalidInput("epoch", "An epoch is counted from 0.")
    if not 0 <= position.applied_revision <= MAX_REVISION:
        raise InvalidInput("applied_revision", "Revisions are counted from 0.")


@use_case
async def _open(
    installation: Installation,
    actor: LockActor,
    feed_id: str,
    position: FeedPosition,
    now: datetime,
) -> bool:
    async with transaction(Queue(Work.LOCKS, actor.site_id)) as tx:
        lock = await present_lock(actor.lock_id, actor.incarnation)
        if lock is None or not is_heard(lock, actor):
            return False
        was_unknown = lock.state_unknown
        async with saving(lock):
            if await reconcile(lock, position):
                await record_server_event(tx, lock, LockEventKind.OUT_OF_STEP, now)
            hear(lock, actor)
            said_anew = hear_claim(lock, actor.claim)
            lock.feed_id, lock.last_contact_at = feed_id, now
        if lock.state_unknown and not was_unknown:
            tx.wake(*await topics_of_pins_at(lock.id))
        if said_anew:
            await fit_to_firmware(installation, tx, lock, now)
        tx.wake(topics.lock(lock.id), topics.site_sync(lock.site_id, lock.id))
    return True


@use_case
async def _close(lock_id: UUID, site_id: UUID, feed_id: str) -> None:
    async with transaction(Queue(Work.LOCKS, site_id)) as tx:
        closed = await Lock.filter(id=lock_id, feed_id=feed_id).update(feed_id=None)
        if closed:
            tx.wake(topics.site_sync(site_id, lock_id))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one feed looks for: its lock, and the delivery that it handed out last."""

    lock_id: UUID
    delivery_id: UUID | None
    now: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a feed goes by, as the database has it now; `lock` is None for one that was deleted."""

    lock: Lock | None
    commands: Sequence[UnlockCommand]
    """Those that have not expired, oldest first."""
    delivery: LockDelivery | None


async def _look(installation: Installation, asked: Sequence[_Asked]) -> list[_Seen]:
    """What each of these feeds goes by: in one statement, while no lock has a command or lacks anything."""
    now = min(each.now for each in asked)
    literal = now.astimezone(UTC).isoformat(" ")
    ordered = RawSQL(
        "EXISTS (SELECT 1 FROM unlock_commands"  # noqa: S608 - a moment of ours
        f" WHERE unlock_commands.lock_id = locks.id AND unlock_commands.expires_at > '{literal}')"
    )
    ids = [each.lock_id for each in asked]
    found: Any = await Lock.filter(id__in=ids, deleted_at=None).annotate(ordered=ordered)
    locks: dict[UUID, Lock] = {lock.id: lock for lock in found}
    commands: dict[UUID, list[UnlockCommand]] = {lock_id: [] for lock_id in ids}
    waiting = [lock.id for lock in found if lock.ordered]
    if waiting:
        rows = UnlockCommand.filter(lock_id__in=waiting, expires_at__gt=now).order_by("id")
        for command in await rows:
            commands[command.lock_id].append(command)
    handed_out = [
        each.delivery_id
        for each in asked
        if each.delivery_id and each.lock_id in locks and _lacks_something(locks[each.lock_id])
    ]
    deliveries = (
        {row.id: row for row in await LockDelivery.filter(id__in=handed_out)} if handed_out else {}
    )
    return [
        _Seen(
            locks.get(each.lock_id),
            commands[each.lock_id],
            deliveries.get(each.delivery_id) if each.delivery_id else None,
        )
        for each in asked
    ]


def _lacks_something(lock: Lock) -> bool:
    """Whether the lock has not acknowledged everything that is wanted of it."""
    return lock.snapshot_needed or lock.wanted_revision > lock.applied_revision


class Feed:
    """One feed of a lock, from its opening on. It acts when it is asked what is due, and never waits.

    `position` is what the lock says of itself; a fresh one says epoch 0, revision 0.
    """

    def __init__(
        self, installation: Installation, actor: LockActor, position: FeedPosition, now: datetime
    ) -> None:
        self.over = False
        """Whether a newer connection or feed has begun, the lock has another secret, or was deleted."""
        self.at_rest = False
        """Whether the lock has acknowledged everything: only a wake-up, or the next hour, brings it anything."""
        self._installation = installation
        self._actor = actor
        self._id = uuid4().hex
        self._position = position
        self._opened_at = now
        self._reported = position.applied_revision
        """The revision that the lock said it had."""
        self._commands_handed: set[UUID] = set()
        self._time_at: datetime | None = None
        self._handed: tuple[CutDelivery, datetime] | None = None
        """The last delivery and when it was handed out."""
        self._patience = DELIVERY_PATIENCE
        """How long it may stay unacknowledged: doubled each time, so that a deaf lock does not make the server busy."""
        self._again_at_once = True
        """Whether a lock that disagrees after a snapshot gets the next without a wait: once, until one settles."""

    @classmethod
    async def open(
        cls, installation: Installation, actor: LockActor, position: FeedPosition, now: datetime
    ) -> "Feed | None":
        """The newest feed of this lock, or None when its incarnation or its connection is over."""
        feed = cls(installation, actor, position, now)
        return feed if await feed.begin() else None

    async def begin(self) -> bool:
        """Makes it the newest feed; False when the lock's incarnation or its connection is over."""
        return await _open(
            self._installation, self._actor, self._id, self._position, self._opened_at
        )

    async def close(self) -> None:
        """The socket is gone."""
        await _close(self._actor.lock_id, self._actor.site_id, self._id)

    async def due(self, clock: Clock) -> AsyncGenerator[FeedItem, None]:
        """Everything that is to be handed out at this moment."""
        asked = _Asked(
            self._actor.lock_id, self._handed[0].id if self._handed is not None else None, clock()
        )
        seen = await self._installation.together.ask(
            _look, self._installation, self._actor.lock_id, asked
        )
        lock = seen.lock
        if lock is None or lock.feed_id != self._id or not is_heard(lock, self._actor):
            self.over = True
            return
        self.at_rest = not _lacks_something(lock) and bool(lock.nonces)
        # Somebody at the door comes first, and does not wait for a row that cannot be sent.
        for item in await self._commands(lock, seen.commands, clock()):
            yield item
        for item in await self._time(lock, clock()):
            yield item
        for item in await self._delivery(lock, seen.delivery, clock()):
            yield item

    async def _commands(
        self, lock: Lock, waiting: Sequence[UnlockCommand], now: datetime
    ) -> list[FeedItem]:
        new = [
            command
            for command in waiting
            if command.incarnation == lock.incarnation
            and command.dropped_at is None
            and command.id not in self._commands_handed
        ]
        if not new:
            return []
        keys = await proven_keys(self._installation, lock)
        if keys is None:
            return []
        standing = await self._installation.standing_commands(new, now)
        sent = await sort_out(new, standing, now)
        items = []
        for command in new:
            if command.id not in sent:
                continue
            self._commands_handed.add(command.id)
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

    async def _time(self, lock: Lock, now: datetime) -> list[FeedItem]:
        due = self._time_at is None or now - self._time_at >= TIME_INTERVAL
        keys = await proven_keys(self._installation, lock) if lock.nonces and due else None
        if keys is None:
            return []
        self._time_at = now
        body = SealedTimeBody(
            nonce=lock.nonces[0][0],
            unix_ms=int(now.timestamp() * 1000),
            event_floor=0,  # on a socket the answer to a report says it, with the state id
        )
        sealed = _seal(lock, keys, MessageKind.SEALED_TIME, body.encode())
        return [FeedItem(FeedItemKind.SEALED_TIME, uuid4().hex, sealed)]

    async def _delivery(
        self, lock: Lock, last: LockDelivery | None, now: datetime
    ) -> list[FeedItem]:
        """The next delivery, once the one before is acknowledged: one at a time."""
        if now - self._opened_at >= DELIVERY_PATIENCE:
            # What it has not acknowledged by now is told again, so that it answers.
            self._reported = 0
        behind = lock.wanted_revision > max(self._reported, lock.applied_revision)
        if not behind and not lock.snapshot_needed:
            return []
        if self._waits(lock, last, now):
            return []
        try:
            cut = await cut_delivery(self._installation, Behind(self._actor, self._reported, now))
        except TamperedEntry:
            # Nothing wrong is sent: the lock keeps what it has, and shows as not updated, until the rows are mended.
            log_tampered(lock)
            return []
        if cut is None:
            return []
        if cut.snapshot:
            self._reported = 0
        self._handed = cut, now
        return [FeedItem(FeedItemKind.DELIVERY, str(cut.id), sealed) for sealed in cut.sealed]

    def _waits(self, lock: Lock, last: LockDelivery | None, now: datetime) -> bool:
        """Whether the last delivery may still be acknowledged, so that no other is due.

        A lock that could not apply changes needs a snapshot at once; one that disagrees after a snapshot gets one more at
        once, the next only after a while, and the one after that later still.
        """
        if self._handed is None:
            return False
        cut, at = self._handed
        if lock.snapshot_needed and not cut.snapshot:
            return False
        if last is None or last.epoch != lock.epoch or last.settled_at is not None:
            self._patience, self._again_at_once = DELIVERY_PATIENCE, True
            return False
        if last.answer is DeliveryAnswer.DIFFERS and self._again_at_once:
            self._again_at_once = False
            return False
        if now - at < self._patience:
            return True
        self._patience = min(2 * self._patience, LONGEST_PATIENCE)
        return False


async def follow_feed(
    installation: Installation,
    actor: LockActor,
    *,
    incarnation: str,
    position: FeedPosition,
    clock: Clock,
) -> AsyncGenerator[FeedItem, None]:
    """What the lock should get, as it arises, until a newer feed or the end of this incarnation ends it.

    Raises InvalidInput, and NotAllowed for a feed that cannot begin.
    """
    check_position(position)
    if incarnation != actor.incarnation:
        raise NotAllowed(
            "This incarnation is not the one that the lock has proven: provision it anew."
        )
    async with listening(topics.lock(actor.lock_id)) as wakeups:
        feed = Feed(installation, actor, position, clock())
        opening = asyncio.create_task(feed.begin())
        try:
            if not await asyncio.shield(opening):
                raise NotAllowed(
                    "The lock is on a newer connection, has proven a later secret, or was deleted."
                )
            while True:
                async with aclosing(feed.due(clock)) as items:
                    async for item in items:
                        yield item
                if feed.over:
                    return
                await wakeups.wait(at_rest=feed.at_rest)
        finally:
            await _close_once_open(feed, opening)


@use_case
async def _close_once_open(feed: Feed, opening: asyncio.Task[bool]) -> None:
    """Whoever went away while it opened leaves an opening that goes on: a close before it would close nothing."""
    await asyncio.gather(opening, return_exceptions=True)
    await feed.close()


def _seal(lock: Lock, keys: LinkKeys, kind: MessageKind, body: bytes) -> bytes:
    assert lock.incarnation is not None
    return seal_message(
        keys.bundle, kind, node_id("lock", lock.id), lock.incarnation, lock.epoch, body
    )
