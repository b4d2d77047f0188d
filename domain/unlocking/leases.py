"""Leases: opening a door that no network reaches, with a phone that carries the right to, and whatever the lock lacks.

A lease cannot be taken back: the lock hears of nothing. So it ends soon, and until then it is known that it may still
open. Whoever has lost the access gets no other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.access.decision import Denied
from domain.access.schedule import still_opens
from domain.actors import Caller, InvitedDeviceActor
from domain.audit.service import recorded
from domain.database import Queue, Work, lock_row, use_case
from domain.database.rows import new_id
from domain.errors import (
    HelloNotAcceptable,
    LockTooOld,
    NotAllowed,
    NotFound,
    ReceiptNotAcceptable,
)
from domain.installation import Installation
from domain.link.courier import LeaseBody
from domain.link.entries import MAX_SCHEDULES
from domain.link.features import Feature
from domain.link.sealing import MessageKind, seal_message
from domain.locks.secrets import courier_keys
from domain.locks.tables import Lock, Provisioning
from domain.node_ids import node_id
from domain.people.tables import Device
from domain.security import base64url
from domain.sync.bundles import Bundle, HeardLock, cut_bundle, heard_lock, take_hello
from domain.sync.receipts import take_receipt
from domain.sync.tables import OpenLease
from domain.throttling.service import Budget, count_address, count_try
from domain.unlocking.entitlement import Entitled, entitled_guest, entitled_member

LEASES = Budget("leases of one phone", 60, timedelta(minutes=10))
WRONG_RECEIPTS = Budget("wrong receipts by address", 60, timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class RequestedLease:
    """A lease, and what the phone carries to the lock with it."""

    lock: Lock
    sealed: bytes
    expires_at: datetime
    bundle: Bundle | None
    """None where the lock's hello was not given."""


async def request_open_lease(
    installation: Installation, by: Caller, *, lock_id: UUID, hello: str | None, now: datetime
) -> RequestedLease:
    """A lease for the calling phone, and, with the lock's hello, a bundle of what the lock lacks.

    With a hello the phone stands at the door, so it must open now; without, it is for later, and some schedule must still
    open one day. Raises AccessDenied, NotFound, HelloNotAcceptable, LockNeverSetUp, LockTooOld, Throttled, and NotAllowed
    for a caller without a phone.
    """
    actor = by.actor
    device_id = getattr(actor, "device_id", None)
    if device_id is None:
        raise NotAllowed("A lease is for a phone, which opens with its own key: ask with a phone.")
    site_id = actor.site_id if isinstance(actor, InvitedDeviceActor) else by.site_id
    await count_try(installation, LEASES, str(device_id), now)
    lock = await Lock.get_or_none(id=lock_id, site_id=site_id, deleted_at=None)
    if lock is None:
        raise NotFound("lock_id")
    heard = await heard_lock(installation, lock, hello, now)
    return await _lease(installation, by, site_id, device_id, lock_id, heard, now)


@use_case
async def _lease(
    installation: Installation,
    by: Caller,
    site_id: UUID,
    device_id: UUID,
    lock_id: UUID,
    heard: HeardLock,
    now: datetime,
) -> RequestedLease:
    queue = Queue(Work.OPENINGS, site_id)
    async with recorded(installation, by, "requestOpenLease", now, queue=queue) as change:
        entitled = await _entitled(by, lock_id)
        _check(entitled, at_the_door=heard.hello is not None, now=now)
        device = await Device.get_or_none(id=device_id, removed_at=None)
        lock = await lock_row(Lock, lock_id)
        if device is None or lock is None or lock.deleted_at is not None:
            raise NotFound("lock_id")
        bundle = None
        if heard.hello is not None:
            if lock.incarnation != heard.secret.incarnation:
                raise HelloNotAcceptable
            await take_hello(installation, change, lock, heard.hello, now)
        if lock.link_reads is not None and Feature.COURIER not in lock.link_reads:
            raise LockTooOld([lock], [Feature.COURIER])
        if heard.hello is not None:
            bundle = await cut_bundle(installation, lock, heard.secret, heard.hello, now)
        ends = [
            now + timedelta(minutes=entitled.site.lease_minutes),
            getattr(by.actor, "ends_at", None),
        ]
        expires_at = min(each for each in ends if each is not None)
        lease = OpenLease(
            id=new_id(),
            lock_id=lock.id,
            incarnation=heard.secret.incarnation,
            member_id=entitled.member_id,
            invitation_id=entitled.invitation_id,
            device_id=device.id,
            created_at=now,
            expires_at=expires_at,
        )
        await lease.save(force_create=True)
        body = LeaseBody(
            lease_id=str(lease.id),
            thumbprint=base64url.decode(device.thumbprint),
            schedules=tuple(entitled.schedules[:MAX_SCHEDULES]),
            until=expires_at,
            required_revision=bundle.required_revision if bundle is not None else 0,
        )
        change.note("Lock", lock.id, chain=lock.site_id, lease=str(lease.id))
        sealed = _sealed(installation, lock, heard.secret, body)
        return RequestedLease(lock, sealed, expires_at, bundle)


async def _entitled(by: Caller, lock_id: UUID) -> Entitled:
    if isinstance(by.actor, InvitedDeviceActor):
        return await entitled_guest(by.actor, lock_id)
    return await entitled_member(by, lock_id)


def _check(entitled: Entitled, *, at_the_door: bool, now: datetime) -> None:
    """Raises AccessDenied."""
    decision = entitled.decision(now)
    if not isinstance(decision, Denied):
        return
    later = any(still_opens(each, entitled.zone, now) for each in entitled.schedules)
    if at_the_door or not later:
        raise entitled.denied(decision, now)


def _sealed(installation: Installation, lock: Lock, secret: Provisioning, body: LeaseBody) -> bytes:
    return seal_message(
        courier_keys(installation, secret).lease,
        MessageKind.LEASE,
        node_id("lock", lock.id),
        secret.incarnation,
        lock.epoch,
        body.encode(),
    )


async def submit_receipt(
    installation: Installation, by: Caller, *, lock_id: UUID | None, receipt: str, now: datetime
) -> bool:
    """Takes what a lock said through a phone, from anyone: the seal proves it. Whether it told anything new.

    `receipt` is base64url; a lock that is not there answers like a receipt that is none. Wrong ones are counted by address.
    Raises ReceiptNotAcceptable, Throttled.
    """
    lock = await Lock.get_or_none(id=lock_id, deleted_at=None) if lock_id is not None else None
    try:
        if lock is None:
            raise ReceiptNotAcceptable
        return await take_receipt(installation, lock, receipt, now)
    except ReceiptNotAcceptable:
        await count_address(installation, WRONG_RECEIPTS, by.address, now)
        raise
