"""Operations on PINs, and the streams that say what has arrived."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import strawberry

from api.context import Call
from api.operations import AtSite, mutation, subscription
from api.resolvers.given_fields import given_fields
from api.schema.errors import (
    AlreadyExists,
    FeatureNotInPlan,
    InvalidPin,
    InvalidSchedule,
    LockWithoutKeypad,
    PinNotAcceptable,
    PinTooShort,
    PolicyViolation,
)
from api.schema.nodes import TheSite, chosen_key_of, key_of, keys_of
from api.schema.pins import (
    BlockedPin,
    BlockPinInput,
    CreatedPin,
    CreatePinInput,
    DeletedPin,
    DeletePinInput,
    LockSync,
    PinLockSync,
    ReassignedPin,
    ReassignPinInput,
    UnblockedPin,
    UnblockPinInput,
    UpdatedPin,
    UpdatePinInput,
    lock_sync_type,
    pin_lock_sync_type,
    pin_type,
)
from api.schema.schedules import schedule_of
from domain.people.rules import Permission
from domain.pins import service
from domain.pins.choices import NewPin
from domain.pins.tables import Pin
from domain.sync.streams import follow_locks, follow_pin

_AT_SITE = AtSite(Permission.CREDENTIALS)
_AT_PIN = AtSite(Permission.CREDENTIALS, "pin_id", "pin", Pin)
_DIGITS = (InvalidPin, PinTooShort, PinNotAcceptable, PolicyViolation, FeatureNotInPlan)


@mutation(_AT_SITE, *_DIGITS, InvalidSchedule, LockWithoutKeypad, AlreadyExists)
async def create_pin(call: Call, input: CreatePinInput) -> CreatedPin:
    """Gives a member a PIN: one with locks and a schedule of its own, or, without locks, a personal one.

    A member has one generated and one chosen personal PIN at most: AlreadyExists names the one that is there, and
    reassignPin gives it other digits. The digits are in this answer and never again."""
    new = NewPin(
        owner_id=chosen_key_of("member", input.owner.member_id, "owner.member_id"),
        owner_tag_id=chosen_key_of("tag", input.owner.member_tag_id, "owner.member_tag_id"),
        digits=input.digits,
        notes=input.notes,
        lock_ids=keys_of("lock", input.lock_ids, "lock_ids"),
        lock_tag_ids=keys_of("tag", input.lock_tag_ids, "lock_tag_ids"),
        schedule=schedule_of(input),
    )
    shown = await service.create_pin(call.installation, call.by, new, call.now)
    return CreatedPin(
        digits=shown.digits,
        pin=pin_type(shown.pin),
    )


@mutation(_AT_PIN, *_DIGITS, InvalidSchedule, LockWithoutKeypad)
async def update_pin(call: Call, input: UpdatePinInput) -> UpdatedPin:
    """Changes what the input names and nothing else; says what became wider or narrower by it."""
    changed = await service.update_pin(
        call.installation,
        call.by,
        pin_id=_key(input.pin_id),
        fields=given_fields(input, "pin_id"),
        now=call.now,
    )
    return UpdatedPin(
        pin=pin_type(changed.pin),
        digits=changed.digits,
        widened=list(changed.widened),
        narrowed=list(changed.narrowed),
    )


def _key(text: str) -> UUID:
    return key_of("pin", text, "pin_id")


@mutation(_AT_PIN, *_DIGITS)
async def reassign_pin(call: Call, input: ReassignPinInput) -> ReassignedPin:
    """Gives a PIN other digits, generated unless given; the old ones end at each lock as it hears of it."""
    shown = await service.reassign_pin(
        call.installation, call.by, pin_id=_key(input.pin_id), digits=input.digits, now=call.now
    )
    return ReassignedPin(
        digits=shown.digits,
        pin=pin_type(shown.pin),
    )


@mutation(_AT_PIN)
async def block_pin(call: Call, input: BlockPinInput) -> BlockedPin:
    """Blocks a PIN; its digits stay taken."""
    pin = await service.set_blocked(
        call.installation, call.by, pin_id=_key(input.pin_id), blocked=True, now=call.now
    )
    return BlockedPin(pin=pin_type(pin))


@mutation(_AT_PIN, PinTooShort)
async def unblock_pin(call: Call, input: UnblockPinInput) -> UnblockedPin:
    """Lets a blocked PIN open again."""
    pin = await service.set_blocked(
        call.installation, call.by, pin_id=_key(input.pin_id), blocked=False, now=call.now
    )
    return UnblockedPin(pin=pin_type(pin))


@mutation(_AT_PIN)
async def delete_pin(call: Call, input: DeletePinInput) -> DeletedPin:
    """Removes a PIN for good. Its digits are free again when the last lock has acknowledged the removal."""
    pin = await service.delete_pin(
        call.installation, call.by, pin_id=_key(input.pin_id), now=call.now
    )
    return DeletedPin(pin=pin_type(pin))


@subscription(AtSite(Permission.READ, "pin_id", "pin", Pin))
async def pin_sync(
    call: Call, pin_id: Annotated[strawberry.ID, strawberry.argument(description="The PIN.")]
) -> AsyncIterator[PinLockSync]:
    """What is known of a PIN: first the present state at every lock, then each change, the end of a lock too."""
    async for state in follow_pin(_key(pin_id)):
        yield pin_lock_sync_type(state, call.context.clock)


@subscription(AtSite(Permission.READ))
async def site_sync(call: Call, site_id: TheSite) -> AsyncIterator[LockSync]:
    """What is known of a site's locks: first the present state of each, then each change, its end too."""
    async for state in follow_locks(call.by.site_id, call.context.clock):
        yield lock_sync_type(state, call.context.clock)
