"""Operations between server and lock, and on what locks reported."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import strawberry

from api.context import Call
from api.operations import (
    ANYONE,
    INVITED_DEVICE,
    LOCK,
    AtSite,
    Either,
    mutation,
    query,
    subscription,
)
from api.schema.errors import (
    AccessDenied,
    HelloNotAcceptable,
    LockDidNotAnswer,
    LockNeverSetUp,
    LockOffline,
    LockTooOld,
    ReceiptNotAcceptable,
)
from api.schema.filters import AtLocks
from api.schema.locks import lock_type
from api.schema.nodes import TheSite, key_of, keys_of, number_at
from api.schema.scalars import Int64
from api.schema.sync import (
    Delivery,
    LockEvent,
    LockFeedMessage,
    LockReported,
    OpenedLock,
    OpenLockInput,
    OpenLockRemotelyInput,
    RefusedEvent,
    ReportLockInput,
    RequestedOpenLease,
    RequestOpenLeaseInput,
    SealedTime,
    SubmitReceiptInput,
    SubmittedReceipt,
    UnlockCommand,
    event_type,
)
from domain.actors import LockActor
from domain.errors import NotAllowed, NotFound
from domain.listing.site_lists import check_some
from domain.locks.tables import Lock
from domain.node_ids import read_node_id
from domain.people.rules import Permission
from domain.security import base64url
from domain.sync import feed, reports, streams
from domain.sync.lock_identity import make_challenge
from domain.sync.reports import Acknowledged
from domain.sync.settling import FeedPosition
from domain.unlocking import leases
from domain.unlocking import service as unlocking

_AT_LOCK = AtSite(Permission.CREDENTIALS, "lock_id", "lock", Lock)
_BY_GUEST_OR_MEMBER = Either(INVITED_DEVICE, AtSite(Permission.OWN_ACCESS, "lock_id", "lock", Lock))


# What locks ask stands in firmware word for word: docs/lock.md.
@query(ANYONE, nullable=False)
async def lock_challenge(
    call: Call,
    lock_id: Annotated[strawberry.ID, strawberry.argument(description="The lock that will prove.")],
) -> str:
    """A nonce over which a lock proves its secret within 60 seconds. It tells nothing, not even that there is a lock."""
    return make_challenge(call.installation, lock_id[:200], call.now)


@mutation(
    _BY_GUEST_OR_MEMBER,
    AccessDenied,
    LockOffline,
    LockDidNotAnswer,
)
async def open_lock(call: Call, input: OpenLockInput) -> OpenedLock:
    """Opens a door that the caller may open now, and waits for the lock's own word."""
    key = key_of("lock", input.lock_id, "lock_id")
    event = await unlocking.open_lock(call.installation, call.by, lock_id=key, now=call.now)
    return OpenedLock(event=event_type(event))


@mutation(_AT_LOCK, AccessDenied, LockOffline, LockDidNotAnswer)
async def open_lock_remotely(call: Call, input: OpenLockRemotelyInput) -> OpenedLock:
    """Opens a door from afar, whatever the schedules, and ends a lockout of its keypad."""
    key = key_of("lock", input.lock_id, "lock_id")
    event = await unlocking.open_lock_remotely(
        call.installation, call.by, lock_id=key, now=call.now
    )
    return OpenedLock(event=event_type(event))


@mutation(
    _BY_GUEST_OR_MEMBER,
    AccessDenied,
    LockTooOld,
    LockNeverSetUp,
    HelloNotAcceptable,
)
async def request_open_lease(call: Call, input: RequestOpenLeaseInput) -> RequestedOpenLease:
    """Lets the calling phone open a door that no network reaches, for some minutes; with the lock's hello also carries to it
    whatever it lacks. For phones alone: the lease is for the phone's key."""
    done = await leases.request_open_lease(
        call.installation,
        call.by,
        lock_id=key_of("lock", input.lock_id, "lock_id"),
        hello=input.hello,
        now=call.now,
    )
    bundle = done.bundle
    return RequestedOpenLease(
        lease=base64url.encode(done.sealed),
        lease_expires_at=done.expires_at,
        bundle=None if bundle is None else base64url.encode(bundle.sealed),
        carried=bundle.carried if bundle is not None else 0,
        complete=bundle.complete if bundle is not None else False,
        lock=lock_type(done.lock, call.context.clock),
    )


@mutation(ANYONE, ReceiptNotAcceptable)
async def submit_receipt(call: Call, input: SubmitReceiptInput) -> SubmittedReceipt:
    """Hands in what a lock said through a phone: what it holds, and its events. Any phone may, at any time; in the order in
    which the lock gave them, if it can."""
    news = await leases.submit_receipt(
        call.installation,
        call.by,
        lock_id=read_node_id("lock", input.lock_id),
        receipt=input.receipt,
        now=call.now,
    )
    return SubmittedReceipt(news=news)


@mutation(LOCK, nullable=False)
async def report_lock(call: Call, input: ReportLockInput) -> LockReported:
    """A lock's word, on its own socket: its nonce, what it has applied, its events."""
    actor = call.by.actor
    assert isinstance(actor, LockActor)
    done = await reports.report_lock(
        call.installation,
        actor,
        lock_id=key_of("lock", input.lock_id, "lock_id"),
        applied_revision=input.applied_revision,
        acknowledged=(
            Acknowledged(_delivery_key(input.ack.delivery_id), input.ack.state_sum)
            if input.ack is not None
            else None
        ),
        nonce=input.nonce,
        events=input.events or [],
        now=call.now,
    )
    return LockReported(
        state_id=done.state_id,
        events_up_to=Int64(done.events_up_to),
        refused=[
            RefusedEvent(
                index=each.index,
                sequence=None if each.sequence is None else Int64(each.sequence),
                code=each.code,
                message=each.message,
            )
            for each in done.refused
        ],
    )


def _delivery_key(text: str) -> UUID | None:
    """The delivery's id; None for a text that cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        return None


@subscription(LOCK, nullable=False)
async def lock_feed(
    call: Call,
    lock_id: Annotated[strawberry.ID, strawberry.argument(description="The lock itself.")],
    incarnation: Annotated[str, strawberry.argument(description="The life that it is in.")],
    epoch: Annotated[int, strawberry.argument(description="Its epoch; 0 for a fresh lock.")],
    applied_revision: Annotated[
        int,
        strawberry.argument(description="The revision that it has applied; 0 for a fresh lock."),
    ],
) -> AsyncIterator[LockFeedMessage]:
    """What the lock should get, as it arises. The newest feed of a lock wins; an older one ends."""
    actor = call.by.actor
    assert isinstance(actor, LockActor)
    if key_of("lock", lock_id, "lock_id") != actor.lock_id:
        raise NotFound("lock_id")
    items = feed.follow_feed(
        call.installation,
        actor,
        incarnation=incarnation,
        position=FeedPosition(epoch, applied_revision),
        clock=call.context.clock,
    )
    try:
        async with aclosing(items):
            async for item in items:
                sealed = base64url.encode(item.sealed)
                message: LockFeedMessage = _MESSAGES[item.kind](
                    id=strawberry.ID(item.id), sealed=sealed
                )
                yield message
    except NotAllowed as refusal:
        # An item with an error, and then the end: firmware may know of no other way in which a feed ends.
        yield refusal  # type: ignore[misc]


_MESSAGES: dict[feed.FeedItemKind, Callable[..., LockFeedMessage]] = {
    feed.FeedItemKind.DELIVERY: Delivery,
    feed.FeedItemKind.UNLOCK_COMMAND: UnlockCommand,
    feed.FeedItemKind.SEALED_TIME: SealedTime,
}


@subscription(AtSite(Permission.READ))
async def lock_events(
    call: Call,
    site_id: TheSite,
    lock_ids: AtLocks = None,
    after: Annotated[
        str | None,
        strawberry.argument(
            description="The cursor of the last event seen, from here or from `Site.events`; omitted: from now on."
        ),
    ] = None,
) -> AsyncIterator[LockEvent]:
    """A site's events in order, from behind the cursor `after`, or from now on. Resumable: no gap, no double.

    A cursor that is ahead of the site's events is of another life of the server (a backup was restored): the error has
    the code CURSOR_AHEAD. One behind which events were deleted by the site's rule has CURSOR_EXPIRED. Read `Site.events`
    anew and go on from there."""
    check_some("lock_ids", lock_ids)
    keys = keys_of("lock", lock_ids, "lock_ids")
    start = number_at(after) if after is not None else None
    async for event in streams.follow_events(call.by.site_id, keys, start):
        yield event_type(event)
