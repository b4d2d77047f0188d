"""What locks report, and what is handed to them."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.types import Info

from api.schema.activities import Activity
from api.schema.activity_kinds import ActivityKind
from api.schema.credentials import Credential
from api.schema.devices import Device, device_type
from api.schema.explanations import AccessExplanation, explanation_type
from api.schema.invitations import invitation_type
from api.schema.locks import Lock, lock_type
from api.schema.members import Member, member_type
from api.schema.nodes import global_id, number_cursor
from api.schema.pins import pin_type
from api.schema.scalars import Int64, LockEventInput
from api.schema.smartpins import smart_pin_type
from domain.access.decision import DenialReason
from domain.actors import AccountActor, InvitedDeviceActor
from domain.errors import InvalidInput, NotAllowed
from domain.explaining.questions import question_of
from domain.link.events import EventRefusal, LockEventKind, OpeningMethod
from domain.node_ids import read_node_id
from domain.people.rules import Permission, allows
from domain.sync import tables


@strawberry.type(description="What a lock reported, once.")
class LockEvent(Activity):
    row: strawberry.Private[tables.LockEvent]
    cursor: str = strawberry.field(
        description="Give it as `after` to lockEvents to go on behind this event."
    )
    method: OpeningMethod | None = strawberry.field(description="With what somebody tried to open.")
    occurred_at: datetime | None = strawberry.field(
        description="When, by the lock's clock; null: the lock had no time."
    )
    reasons: list[DenialReason] = strawberry.field(description="Why a door stayed closed.")
    count: Int64 | None = strawberry.field(
        description="How many events the lock dropped, or never reported."
    )
    refusal: EventRefusal | None = strawberry.field(
        description="Of EVENT_REFUSED: why the lock's event could not be taken."
    )
    claimed_kind: ActivityKind | None = strawberry.field(
        description="Of EVENT_REFUSED: what the lock's event said had happened, if that could be read."
    )

    @strawberry.field(
        description="With which PIN, SmartPIN or invitation; null: with none that is known here. For whoever may read the "
        "site; null with an error for others."
    )
    async def credential(self, info: Info) -> Credential | None:
        row, context = self.row, info.context
        # Of the entries that a lock names only its own have a member.
        pin_id = read_node_id("pin", row.entry_id or "") if row.member_id is not None else None
        if row.smart_pin_id is None and row.invitation_id is None and pin_id is None:
            return None
        if not await context.may(Permission.READ, row.site_id):
            raise NotAllowed
        if row.smart_pin_id is not None:
            smart_pin = await context.loaders.smart_pin.load(row.smart_pin_id)
            return smart_pin_type(smart_pin) if smart_pin is not None else None
        if row.invitation_id is not None:
            invitation = await context.loaders.invitation.load(row.invitation_id)
            return invitation_type(invitation) if invitation is not None else None
        pin = await context.loaders.pin.load(pin_id)
        return pin_type(pin) if pin is not None else None

    @strawberry.field(
        description="Whose doing it was; null: no member's. For whoever may read the site, and the member; null with an "
        "error for others."
    )
    async def member(self, info: Info) -> Member | None:
        context, key = info.context, self.row.member_id
        if key is None:
            return None
        standing = await context.loaders.standing.load((context.actor, self.row.site_id))
        if standing is None or (
            standing.member_id != key and not allows(standing, Permission.READ)
        ):
            raise NotAllowed
        row = await context.loaders.member.load(key)
        return member_type(row) if row is not None else None

    @strawberry.field(
        description="With which phone; null: with none. For whoever may read the site, and whose phone it is; null with an "
        "error for others."
    )
    async def device(self, info: Info) -> Device | None:
        context, key = info.context, self.row.device_id
        if key is None:
            return None
        row = await context.loaders.device.load(key)
        if row is None:
            return None
        match context.actor:
            case InvitedDeviceActor(device_id=row.id) | AccountActor(account_id=row.account_id):
                return device_type(row)
        if not await context.may(Permission.READ, self.row.site_id):
            raise NotAllowed
        return device_type(row)

    @strawberry.field(
        description="Why what was tried opens this lock at the event's moment, or does not, as things are now; null: the "
        "event tells of no try, or names nothing that is still there. For whoever may read the site; null with an error for "
        "others."
    )
    async def explanation(self, info: Info) -> AccessExplanation | None:
        context = info.context
        if not await context.may(Permission.READ, self.row.site_id):
            raise NotAllowed
        question = question_of(self.row)
        if question is None:
            return None
        found = await context.loaders.explanation.load((question, context.clock()))
        return explanation_type(found, context.clock) if found is not None else None

    @strawberry.field(description="The lock.")
    async def lock(self, info: Info) -> Lock | None:
        row = await info.context.loaders.lock.load(self.row.lock_id)
        return lock_type(row, info.context.clock)


def event_type(row: tables.LockEvent) -> LockEvent:
    """An event as the API shows it."""
    return LockEvent(
        id=global_id("lock_event", row.id),
        row=row,
        cursor=number_cursor(row.number),
        kind=ActivityKind(row.kind.value),
        method=row.method,
        occurred_at=row.at,
        recorded_at=row.recorded_at,
        reasons=[DenialReason(each) for each in row.reasons],
        count=None if row.count is None else Int64(row.count),
        refusal=row.refusal,
        claimed_kind=None if row.claimed_kind is None else ActivityKind(row.claimed_kind.value),
    )


def reported_kinds(kinds: list[ActivityKind] | None) -> list[LockEventKind] | None:
    """The kinds of events to look for. Raises InvalidInput for one that no lock reports."""
    for kind in kinds or ():
        if kind.value not in LockEventKind.__members__:
            raise InvalidInput("kinds", f"No lock reports {kind.value}.")
    return None if kinds is None else [LockEventKind(kind.value) for kind in kinds]


@strawberry.input(description="A door to open.")
class OpenLockInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")


@strawberry.input(description="A door to open from afar, whatever the schedules.")
class OpenLockRemotelyInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")


@strawberry.type(description="The lock opened and said so.")
class OpenedLock:
    event: LockEvent = strawberry.field(description="The lock's own event.")


@strawberry.input(description="A lock that the calling phone is to open by itself.")
class RequestOpenLeaseInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")
    hello: str | None = strawberry.field(
        default=None,
        description="What the lock said to the phone at the door, base64url; omitted: a lease ahead, for a door without "
        "coverage.",
    )


@strawberry.type(
    description="What the phone hands to the lock. It can read none of it; docs/phone.md says how it is handed over."
)
class RequestedOpenLease:
    lease: str = strawberry.field(
        description="The right to open this lock with this phone, sealed; base64url."
    )
    lease_expires_at: datetime = strawberry.field(
        description="When the lease ends: from then on it opens nothing. It cannot be taken back before."
    )
    bundle: str | None = strawberry.field(
        description="What the lock lacks, and the time, sealed over the nonce of its hello; base64url. Null: there was no "
        "hello."
    )
    carried: int = strawberry.field(description="How many changes are in the bundle, for whomever.")
    complete: bool = strawberry.field(
        description="Whether the lock has everything with it; else the phone asks again with its next hello."
    )
    lock: Lock | None = strawberry.field(description="The lock.")


@strawberry.input(description="What a lock said through a phone.")
class SubmitReceiptInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock that said it.")
    receipt: str = strawberry.field(description="A receipt as the lock gave it, base64url.")


@strawberry.type(description="The receipt is taken: the phone forgets it.")
class SubmittedReceipt:
    news: bool = strawberry.field(
        description="Whether it told anything that was not known, such as by another phone."
    )


@strawberry.input(description="The acknowledgement of a delivery.")
class DeliveryAckInput:
    delivery_id: str = strawberry.field(description="The delivery.")
    state_sum: str = strawberry.field(description="The sum of the lock's own state, hexadecimal.")


@strawberry.input(description="What a lock has to say, on its own socket.")
class ReportLockInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock itself.")
    applied_revision: int = strawberry.field(description="The revision that it has applied.")
    nonce: str | None = strawberry.field(
        default=None, description="Its newest nonce: 32 random bytes, base64url."
    )
    ack: DeliveryAckInput | None = strawberry.field(
        default=None, description="The delivery that it applied last."
    )
    events: list[LockEventInput | None] | None = strawberry.field(
        default_factory=list, description="At most 200, in order, of one state id."
    )


@strawberry.type(
    description="An event of a report that is not taken; all the rest of the report is."
)
class RefusedEvent:
    index: int = strawberry.field(description="Its place in the report's events, from 0.")
    sequence: Int64 | None = strawberry.field(
        description="Its sequence; null: that cannot be read either."
    )
    code: EventRefusal = strawberry.field(description="Why.")
    message: str = strawberry.field(description="Which field is at fault and what it must be.")


@strawberry.type(description="The report is stored, whatever became of its events.")
class LockReported:
    state_id: str | None = strawberry.field(
        description="The state id of the events; null: there were none that have one."
    )
    events_up_to: Int64 = strawberry.field(
        description="The lock may forget its events up to this sequence; 0: there were none."
    )
    refused: list[RefusedEvent] = strawberry.field(
        description="The events that were not taken, in order; the lock forgets them, or says those of another state apart."
    )


@strawberry.type(description="An order to open, sealed for the lock.")
class UnlockCommand:
    id: strawberry.ID = strawberry.field(description="The command's id.")
    sealed: str = strawberry.field(description="Base64url; docs/lock.md says what is inside.")


@strawberry.type(description="The time, sealed for the lock over its own nonce.")
class SealedTime:
    id: strawberry.ID = strawberry.field(description="The message's id.")
    sealed: str = strawberry.field(description="Base64url; docs/lock.md says what is inside.")


@strawberry.type(description="Changes to apply, sealed for the lock.")
class Delivery:
    id: strawberry.ID = strawberry.field(description="The delivery's id, for its acknowledgement.")
    sealed: str = strawberry.field(description="Base64url; docs/lock.md says what is inside.")


LockFeedMessage = Annotated[
    Delivery | UnlockCommand | SealedTime,
    strawberry.union("LockFeedMessage", description="What is handed to a lock over its feed."),
]
