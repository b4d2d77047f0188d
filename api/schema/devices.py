"""Phones."""

from datetime import datetime

import strawberry

from api.schema.nodes import Node, global_id
from domain.people import tables
from domain.people.tables import Platform


@strawberry.type(description="A phone, bound by its own key to an invitation or an account.")
class Device(Node):
    name: str = strawberry.field(description="How the phone called itself.")
    platform: Platform = strawberry.field(description="What kind of phone.")
    redeemed_at: datetime = strawberry.field(description="When it was bound.")


def device_type(row: tables.Device) -> Device:
    """A device as the API shows it."""
    return Device(
        id=global_id("device", row.id),
        name=row.name,
        platform=row.platform,
        redeemed_at=row.redeemed_at,
    )


@strawberry.input(
    description="A phone to be removed: one of the caller's own, or, for an admin, an invitation's."
)
class RemoveDeviceInput:
    device_id: strawberry.ID = strawberry.field(description="The device.")


@strawberry.type(description="The phone has lost its access; an invitation's slot is free again.")
class RemovedDevice:
    device: Device = strawberry.field(description="The device.")
