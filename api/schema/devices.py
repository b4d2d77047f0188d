"""Phones."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.nodes import Node, global_id, node_of, shows, type_above
from api.schema.warnings import OF_LEASES, Warning_, warning_types
from domain.actors import AccountActor
from domain.errors import NotAllowed
from domain.people import tables
from domain.people.rules import Permission
from domain.people.tables import Platform
from domain.warnings import leases


@strawberry.type(description="A phone, bound by its own key to an invitation or an account.")
class Device(Node):
    row: strawberry.Private[tables.Device]
    name: str = strawberry.field(description="How the phone called itself.")
    platform: Platform = strawberry.field(description="What kind of phone.")
    created_at: datetime = strawberry.field(description="When it was bound.")

    @strawberry.field(
        description="The invitation that it has redeemed; null: it is signed in. For whoever may read the site; null "
        "with an error for others.",
        graphql_type=type_above("api.schema.invitations", "Invitation") | None,
    )
    async def invitation(self, info: Info) -> Node | None:
        context, key = info.context, self.row.invitation_id
        if key is None:
            return None
        row = await context.loaders.invitation.load(key)
        if not await context.may(Permission.READ, row.site_id):
            raise NotAllowed
        invitation: Node = node_of(row, context.clock)
        return invitation

    @strawberry.field(
        description="The account that it is signed in to; null: it is an invitation's. For the person themselves; null with "
        "an error for others.",
        graphql_type=type_above("api.schema.accounts", "Account") | None,
    )
    async def account(self, info: Info) -> Node | None:
        context, key = info.context, self.row.account_id
        if key is None:
            return None
        if not (isinstance(context.actor, AccountActor) and context.actor.account_id == key):
            raise NotAllowed
        account: Node = node_of(await context.loaders.account.load(key), context.clock)
        return account


def device_type(row: tables.Device) -> Device:
    """A device as the API shows it."""
    return Device(
        id=global_id("device", row.id),
        row=row,
        name=row.name,
        platform=row.platform,
        created_at=row.redeemed_at,
    )


shows(tables.Device, lambda row, _: device_type(row))


@strawberry.input(
    description="A phone to be removed: one of the caller's own, or, for an admin, an invitation's."
)
class RemoveDeviceInput:
    device_id: strawberry.ID = strawberry.field(description="The device.")


@strawberry.type(description="The phone has lost its access; an invitation's slot is free again.")
class RemovedDevice:
    device: Device = strawberry.field(description="The device.")

    @strawberry.field(description=OF_LEASES)
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        return warning_types(await leases.of_holder(clock(), device_id=self.device.row.id), clock)
