"""What a phone is given for a lock without a network: a bundle of all that the lock lacks, over the nonce of its hello.

The phone may never come back, so nothing is believed to have arrived until a receipt says so; and the hello may be an old
one that a phone says again, so nothing is believed to be lost because of it. What it says decides from where the
bundle is cut: one that was cut from elsewhere than the lock is does not apply.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.audit.service import RecordedChange
from domain.database import Transaction
from domain.database.rows import saving
from domain.errors import HelloNotAcceptable, LockNeverSetUp
from domain.installation import Installation
from domain.link.claims import UnknownLinkVersion
from domain.link.courier import (
    MAX_BUNDLE_DELIVERIES,
    MAX_BUNDLE_FRAME_BYTES,
    BundleBody,
    CarriedDelivery,
    Hello,
    HelloRefused,
)
from domain.link.events import LockEventKind
from domain.link.keys import LinkKeys
from domain.link.messages import DELIVERY_FRAME_BYTES, DeliveryBody
from domain.link.sealing import MAX_BODY_BYTES, MessageKind, seal_message
from domain.link.wire import canonical
from domain.locks.secrets import link_keys
from domain.locks.tables import Lock, Provisioning
from domain.node_ids import node_id
from domain.security import base64url
from domain.sync.connections import fit_to_firmware, hear_claim
from domain.sync.deliveries import next_delivery
from domain.sync.events import events_stored_up_to, record_server_event
from domain.sync.lock_identity import proven_secret, secrets_that_count
from domain.sync.payloads import TamperedEntry, log_tampered
from domain.sync.settling import FeedPosition, overtake
from domain.sync.status import topics_of_pins_at

_CARRIED_BYTES = 128
"""More than the id and the frame of one delivery in a bundle take, beyond its own frame."""


@dataclass(frozen=True, slots=True)
class HeardLock:
    """The secret that a lock has proven by its hello, or by which it is reached without one."""

    secret: Provisioning
    hello: Hello | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A sealed bundle, and what is in it."""

    sealed: bytes
    epoch: int
    required_revision: int
    """What the lock has applied with it; 0: nothing that can be asked for."""
    carried: int
    """Entries in it."""
    complete: bool
    """Whether the lock has everything with it; else the rest goes with the next hello."""


async def heard_lock(
    installation: Installation, lock: Lock, hello: str | None, now: datetime
) -> HeardLock:
    """Which life of the lock a phone speaks of. A hello that proves a pending secret begins that life.

    Without one it is the life in force, or, before any was, the newest that may begin. Raises HelloNotAcceptable and
    LockNeverSetUp.
    """
    if hello is None:
        secrets = await secrets_that_count(lock, now)
        in_force = [row for row in secrets if row.incarnation == lock.incarnation]
        if not secrets:
            raise LockNeverSetUp
        return HeardLock((in_force or secrets)[0], None)
    try:
        data = base64url.decode(hello)
        claimed = Hello.claimed(data)
    except (ValueError, HelloRefused, UnknownLinkVersion):
        raise HelloNotAcceptable from None
    if claimed.lock_id != node_id("lock", lock.id):
        raise HelloNotAcceptable

    def proves(row: Provisioning) -> bool:
        try:
            Hello.read(link_keys(installation, row), data)
        except HelloRefused:
            return False
        return row.incarnation == claimed.incarnation

    secret = await proven_secret(installation, lock, proves, now)
    if secret is None:
        raise HelloNotAcceptable
    return HeardLock(secret, claimed)


async def take_hello(
    installation: Installation,
    change: RecordedChange | Transaction,
    lock: Lock,
    hello: Hello,
    now: datetime,
) -> None:
    """Within a transaction, under the lock's row: what follows at once from where a lock says it is.

    One that is ahead of the data gets an epoch above both; and it is told only what its firmware reads.
    """
    was_unknown = lock.state_unknown
    async with saving(lock):
        if await overtake(lock, FeedPosition(hello.epoch, hello.applied_revision)):
            await record_server_event(change, lock, LockEventKind.OUT_OF_STEP, now)
        said_anew = hear_claim(lock, hello.claim)
    if lock.state_unknown and not was_unknown:
        change.wake(*await topics_of_pins_at(lock.id), topics.site_sync(lock.site_id, lock.id))
    if said_anew:
        await fit_to_firmware(installation, change, lock, now)
        await lock.refresh_from_db()


async def cut_bundle(
    installation: Installation, lock: Lock, secret: Provisioning, hello: Hello, now: datetime
) -> Bundle:
    """Within a transaction, under the lock's row: what the lock lacks, as far as one bundle has room, sealed for it.

    Where a row of the database is not what was written, nothing is carried but the time.
    """
    keys = link_keys(installation, secret)
    try:
        carried, complete, required = await _deliveries(installation, lock, keys, hello, now)
    except TamperedEntry:
        log_tampered(lock)
        carried, complete, required = [], False, 0
    body = BundleBody(
        nonce=hello.nonce,
        deliveries=tuple(CarriedDelivery(str(key), each.to_wire()) for key, each in carried),
        unix_ms=int(now.timestamp() * 1000),
        state_id=hello.state_id,
        event_floor=await events_stored_up_to(lock, hello.state_id, hello.events_from),
    )
    sealed = seal_message(
        keys.bundle,
        MessageKind.BUNDLE,
        node_id("lock", lock.id),
        secret.incarnation,
        lock.epoch,
        body.encode(),
    )
    entries = sum(len(each.entries) for _, each in carried)
    return Bundle(sealed, lock.epoch, required, entries, complete)


_Carried = Sequence[tuple[UUID, DeliveryBody]]


async def _deliveries(
    installation: Installation, lock: Lock, keys: LinkKeys, hello: Hello, now: datetime
) -> tuple[_Carried, bool, int]:
    """Deliveries by their ids, one behind the other, whether they are all, and the revision that the lock has with them."""
    at, space = hello.applied_revision, MAX_BODY_BYTES - MAX_BUNDLE_FRAME_BYTES + _CARRIED_BYTES
    if hello.epoch != lock.epoch or at < lock.applied_revision:
        # It has lost something, or says what it said long ago: only a whole state applies wherever it is. Not saved.
        lock.snapshot_needed = True
    carried: list[tuple[UUID, DeliveryBody]] = []
    while len(carried) < MAX_BUNDLE_DELIVERIES:
        room = space - _CARRIED_BYTES
        following = await next_delivery(installation, lock, keys, at, now, space=room)
        if following is None:
            break
        if lock.snapshot_needed:
            parts = _parts(lock, hello, following.bodies, room)
            carried = [(following.id, part) for part in parts]
            whole = bool(parts) and parts[-1].part == parts[-1].parts
            return carried, whole, lock.wanted_revision if whole else 0
        (body,) = following.bodies
        carried.append((following.id, body))
        at, space = body.to_revision, room - len(canonical(body.to_wire()))
        if following.whole or space < 2 * DELIVERY_FRAME_BYTES:
            break
    return carried, at >= lock.wanted_revision, at if carried else 0


def _parts(
    lock: Lock, hello: Hello, bodies: Sequence[DeliveryBody], space: int
) -> list[DeliveryBody]:
    """The parts of a snapshot that fit, from the first that the lock lacks on."""
    here, first = hello.gathering, 1
    if here is not None and (here.epoch, here.to_revision, here.parts) == (
        lock.epoch,
        bodies[0].to_revision,
        len(bodies),
    ):
        first = here.next
    parts: list[DeliveryBody] = []
    for body in bodies[first - 1 :]:
        space -= len(canonical(body.to_wire())) + _CARRIED_BYTES
        if parts and (space < 0 or len(parts) == MAX_BUNDLE_DELIVERIES):
            break
        parts.append(body)
    return parts
