"""A lock that may have been opened up."""

import strawberry

from api.schema.locks import Lock
from api.schema.pins import PinShown


@strawberry.input(description="A lock that somebody may have opened up.")
class MarkLockCompromisedInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")


@strawberry.type(
    description="A PIN that the lock held, with its new digits: to be handed to its owner anew."
)
class ReplacedPin(PinShown):
    pass


@strawberry.type(
    description="The lock is cut off: nothing is told to it, its SmartPINs are void. It opens with what it holds until it "
    "is provisioned anew."
)
class MarkedLockCompromised:
    lock: Lock | None = strawberry.field(description="The lock.")
    replaced_pins: list[ReplacedPin] = strawberry.field(
        description="The PINs that got other digits now, members' own ones among them. At most 50."
    )
    pins_left: int = strawberry.field(
        description="PINs that it held and that still have their digits: the same mutation again gives the next of them "
        "others, and changes nothing else."
    )
