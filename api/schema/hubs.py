"""Hubs: what connects locks by radio."""

from datetime import datetime

import strawberry

from api.schema.nodes import Node, global_id
from api.schema.of_site import OfSite
from domain.locks import tables


@strawberry.type(description="Connects locks; topology only.")
class Hub(Node, OfSite):
    row: strawberry.Private[tables.Hub]
    created_at: datetime = strawberry.field(description="When it was added to the site.")
    name: str = strawberry.field(description="What people call it.")


def hub_type(row: tables.Hub) -> Hub:
    """A hub as the API shows it."""
    return Hub(id=global_id("hub", row.id), row=row, created_at=row.created_at, name=row.name)


@strawberry.input(description="A new hub.")
class CreateHubInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str = strawberry.field(description="What people call it.")


@strawberry.input(description="Changes to a hub.")
class UpdateHubInput:
    hub_id: strawberry.ID = strawberry.field(description="The hub.")
    name: str = strawberry.field(description="Its new name.")


@strawberry.input(description="A hub to delete.")
class DeleteHubInput:
    hub_id: strawberry.ID = strawberry.field(description="The hub; it must connect no lock.")


@strawberry.type(description="The new hub.")
class CreatedHub:
    hub: Hub = strawberry.field(description="The hub.")


@strawberry.type(description="The hub as it is now.")
class UpdatedHub:
    hub: Hub = strawberry.field(description="The hub.")


@strawberry.type(description="The hub is gone.")
class DeletedHub:
    hub: Hub = strawberry.field(description="The hub as it was.")
