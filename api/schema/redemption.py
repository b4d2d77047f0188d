"""Redeeming an invitation: what a phone gives, and what it gets."""

import strawberry

from api.schema.devices import Device
from api.schema.homes import Home
from domain.people.tables import Platform


@strawberry.input(
    description="A code, and the phone that redeems it; the DPoP header carries the phone's key."
)
class RedeemInvitationInput:
    code: str = strawberry.field(
        description="As shown or typed: case, spaces and hyphens do not matter."
    )
    device_name: str = strawberry.field(description="How the phone calls itself.")
    platform: Platform = strawberry.field(default=Platform.OTHER, description="What kind of phone.")


@strawberry.type(description="Redeemed: the phone is bound and can open.")
class RedeemedInvitation:
    access_token: str = strawberry.field(description="Worth nothing without the phone's key.")
    device: Device | None = strawberry.field(description="The phone.")
    home: Home | None = strawberry.field(description="All that the home screen shows.")
