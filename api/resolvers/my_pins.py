"""Operations on one's own PINs, from the phone."""

from api.context import Call
from api.operations import AtSite, mutation
from api.schema.errors import (
    FeatureNotInPlan,
    InvalidPin,
    PinNotAcceptable,
    PinTooShort,
    PolicyViolation,
)
from api.schema.nodes import key_of
from api.schema.pins import (
    AssignedPin,
    AssignMyPinInput,
    BlockedPin,
    BlockMyPinInput,
    DeletedPin,
    DeleteMyPinInput,
    pin_type,
)
from domain.people.rules import Permission
from domain.pins import personal
from domain.pins.tables import Pin

_AT_SITE = AtSite(Permission.OWN_ACCESS)
_AT_PIN = AtSite(Permission.OWN_ACCESS, "pin_id", "pin", Pin)


@mutation(_AT_SITE, InvalidPin, PinTooShort, PinNotAcceptable, PolicyViolation, FeatureNotInPlan)
async def assign_my_pin(call: Call, input: AssignMyPinInput) -> AssignedPin:
    """Gives the caller a PIN of this kind, or other digits to the one they have. The other kind is left alone.

    The digits are in this answer and never again."""
    shown = await personal.assign_my_pin(
        call.installation, call.by, kind=input.kind, digits=input.digits, now=call.now
    )
    return AssignedPin(
        digits=shown.digits,
        pin=pin_type(shown.pin),
    )


@mutation(_AT_PIN)
async def block_my_pin(call: Call, input: BlockMyPinInput) -> BlockedPin:
    """Blocks the caller's own PIN; assigning another of its kind lets it open again."""
    key = key_of("pin", input.pin_id, "pin_id")
    return BlockedPin(
        pin=pin_type(
            await personal.block_my_pin(call.installation, call.by, pin_id=key, now=call.now)
        )
    )


@mutation(_AT_PIN)
async def delete_my_pin(call: Call, input: DeleteMyPinInput) -> DeletedPin:
    """Removes the caller's own PIN from every lock, for good."""
    key = key_of("pin", input.pin_id, "pin_id")
    return DeletedPin(
        pin=pin_type(
            await personal.delete_my_pin(call.installation, call.by, pin_id=key, now=call.now)
        )
    )
