"""Operations on hubs."""

from api.context import Call
from api.operations import AtSite, mutation
from api.schema.errors import StillInUse
from api.schema.hubs import (
    CreatedHub,
    CreateHubInput,
    DeletedHub,
    DeleteHubInput,
    UpdatedHub,
    UpdateHubInput,
    hub_type,
)
from api.schema.nodes import key_of
from domain.locks import hubs
from domain.locks.tables import Hub
from domain.people.rules import Permission

_AT_SITE = AtSite(Permission.DOORS)
_AT_HUB = AtSite(Permission.DOORS, "hub_id", "hub", Hub)


@mutation(_AT_SITE)
async def create_hub(call: Call, input: CreateHubInput) -> CreatedHub:
    """Adds a hub to a site."""
    hub = await hubs.create_hub(call.installation, call.by, name=input.name, now=call.now)
    return CreatedHub(hub=hub_type(hub))


@mutation(_AT_HUB)
async def update_hub(call: Call, input: UpdateHubInput) -> UpdatedHub:
    """Renames a hub."""
    key = key_of("hub", input.hub_id, "hub_id")
    hub = await hubs.update_hub(
        call.installation, call.by, hub_id=key, name=input.name, now=call.now
    )
    return UpdatedHub(hub=hub_type(hub))


@mutation(_AT_HUB, StillInUse)
async def delete_hub(call: Call, input: DeleteHubInput) -> DeletedHub:
    """Deletes a hub that connects no lock."""
    key = key_of("hub", input.hub_id, "hub_id")
    return DeletedHub(
        hub=hub_type(await hubs.delete_hub(call.installation, call.by, hub_id=key, now=call.now))
    )
