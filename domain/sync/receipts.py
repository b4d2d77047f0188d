"""Receipts: what a lock without a network says, brought by any phone, at any time, in any order, any number of times.

The seal proves that the lock said it, and nothing that it still says so. So a receipt acknowledges what it names and brings
its events, once; nothing is taken back because of an old one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.database import Queue, Work, transaction, use_case
from domain.database.rows import saving
from domain.errors import ReceiptNotAcceptable
from domain.installation import Installation
from domain.link.courier import ReceiptBody
from domain.link.events import LockEventKind
from domain.link.sealing import MessageKind, Unreadable, unseal_message
from domain.link.wire import Malformed
from domain.locks.secrets import courier_keys
from domain.locks.tables import Lock, Provisioning
from domain.node_ids import node_id
from domain.security import base64url
from domain.sync.connections import present_lock
from domain.sync.events import record_server_event
from domain.sync.lock_identity import proven_secret
from domain.sync.reports import settle, shown, take_events
from domain.sync.settling import Acknowledgement, FeedPosition, overtake
from domain.sync.status import topics_of_pins_at
from domain.sync.told_events import read_events


@dataclass(frozen=True, slots=True)
class _Opened:
    incarnation: str
    epoch: int
    body: ReceiptBody


async def take_receipt(installation: Installation, lock: Lock, receipt: str, now: datetime) -> bool:
    """Takes one receipt, as base64url; whether it told anything that was not known.

    Raises ReceiptNotAcceptable for what this lock did not seal in its present life.
    """
    try:
        sealed = base64url.decode(receipt)
    except ValueError:
        raise ReceiptNotAcceptable from None
    opened = await _opened(installation, lock, sealed, now)
    return await _take(installation, lock, opened, now)


async def _opened(installation: Installation, lock: Lock, sealed: bytes, now: datetime) -> _Opened:
    found: list[tuple[int, bytes]] = []

    def proves(row: Provisioning) -> bool:
        name = node_id("lock", lock.id)
        key = courier_keys(installation, row).receipt
        try:
            found.append(unseal_message(key, MessageKind.RECEIPT, name, row.incarnation, sealed))
        except Unreadable:
            return False
        return True

    secret = await proven_secret(installation, lock, proves, now)
    if secret is None:
        raise ReceiptNotAcceptable
    epoch, data = found[-1]
    try:
        return _Opened(secret.incarnation, epoch, ReceiptBody.decode(data))
    except Malformed:
        raise ReceiptNotAcceptable from None


@use_case
async def _take(installation: Installation, found: Lock, opened: _Opened, now: datetime) -> bool:
    body = opened.body
    async with transaction(Queue(Work.LOCKS, found.site_id)) as tx:
        lock = await present_lock(found.id, opened.incarnation)
        if lock is None:
            raise ReceiptNotAcceptable
        before, was_unknown = shown(lock, now), lock.state_unknown
        async with saving(lock):
            at = FeedPosition(opened.epoch, body.applied_revision)
            if opened.epoch >= lock.epoch and await overtake(lock, at):
                await record_server_event(tx, lock, LockEventKind.OUT_OF_STEP, now)
            elif opened.epoch == lock.epoch:
                told = Acknowledgement(
                    lock, _as_uuid(body.delivery_id), body.applied_revision, body.state_sum
                )
                await settle(installation, tx, {lock.id: told}, now)
            events = replace(read_events(body.events), kept_from=body.events_from)
            new = await take_events(installation, tx, lock, events, body.applied_revision, now)
            news = new or shown(lock, now) != before
            if news and lock.feed_id is None:
                lock.last_contact_at = now
        if lock.state_unknown and not was_unknown:
            tx.wake(*await topics_of_pins_at(lock.id))
        if news:
            tx.wake(topics.site_sync(lock.site_id, lock.id))
    return news


def _as_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
