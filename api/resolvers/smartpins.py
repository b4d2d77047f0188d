"""Operations on SmartPINs."""

from uuid import UUID

from api.context import Call
from api.operations import AtSite, mutation
from api.schema.errors import (
    InvalidWindow,
    LockTimezoneUnknown,
    LockWithoutKeypad,
    NoFreeWindow,
    SmartPinBlockedAtDoor,
    SmartPinsOff,
)
from api.schema.nodes import key_of
from api.schema.sharing import share_links_type
from api.schema.smartpins import (
    BlockedSmartPin,
    BlockSmartPinInput,
    CreatedSmartPin,
    CreateSmartPinInput,
    UnblockedSmartPin,
    UnblockSmartPinInput,
    smart_pin_type,
)
from domain.locks.tables import Lock
from domain.people.rules import Permission
from domain.smartpins import service
from domain.smartpins.tables import SmartPin

_AT_LOCK = AtSite(Permission.CREDENTIALS, "lock_id", "lock", Lock)
_AT_SMART_PIN = AtSite(Permission.CREDENTIALS, "smart_pin_id", "smart_pin", SmartPin)


@mutation(
    _AT_LOCK, InvalidWindow, NoFreeWindow, SmartPinsOff, LockTimezoneUnknown, LockWithoutKeypad
)
async def create_smart_pin(call: Call, input: CreateSmartPinInput) -> CreatedSmartPin:
    """Makes a ten-digit code that opens one lock for a time, also where there is no network. It is shown this once."""
    issued = await service.create_smart_pin(
        call.installation,
        call.by,
        lock_id=key_of("lock", input.lock_id, "lock_id"),
        guest_name=input.guest_name,
        starts_at=input.starts_at,
        ends_at=input.ends_at,
        incarnation=input.incarnation,
        now=call.now,
    )
    window = issued.window
    return CreatedSmartPin(
        digits=issued.code,
        window_widened=window.widened,
        starts_early_by_seconds=int(window.opens_early_by.total_seconds()),
        ends_late_by_seconds=int(window.closes_late_by.total_seconds()),
        activation_due_at=issued.activate_by,
        newer_secret_pending=issued.newer_secret_pending,
        share_links=share_links_type(issued.links),
        smart_pin=smart_pin_type(issued.smart_pin),
    )


@mutation(_AT_SMART_PIN)
async def block_smart_pin(call: Call, input: BlockSmartPinInput) -> BlockedSmartPin:
    """Blocks a SmartPIN: its lock refuses it from when it has heard of this. Its code is not given out again."""
    row = await service.set_blocked(
        call.installation,
        call.by,
        smart_pin_id=_key(input.smart_pin_id),
        blocked=True,
        now=call.now,
    )
    return BlockedSmartPin(smart_pin=smart_pin_type(row))


@mutation(_AT_SMART_PIN, SmartPinBlockedAtDoor)
async def unblock_smart_pin(call: Call, input: UnblockSmartPinInput) -> UnblockedSmartPin:
    """Lets a blocked SmartPIN open again, unless it was blocked at the lock's keypad."""
    row = await service.set_blocked(
        call.installation,
        call.by,
        smart_pin_id=_key(input.smart_pin_id),
        blocked=False,
        now=call.now,
    )
    return UnblockedSmartPin(smart_pin=smart_pin_type(row))


def _key(text: str) -> UUID:
    return key_of("smart_pin", text, "smart_pin_id")
