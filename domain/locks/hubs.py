"""Hubs: the gateways through which wireless locks are connected."""

from datetime import datetime
from uuid import UUID

from domain.actors import Caller
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.errors import NotFound, StillInUse
from domain.installation import Installation
from domain.locks.tables import Hub, Lock
from domain.sites.rules import checked_name


async def held_hub(by: Caller, hub_id: UUID) -> Hub:
    """The site's hub, its row held. Raises NotFound."""
    hub = await lock_row(Hub, hub_id)
    if hub is None or hub.site_id != by.site_id or hub.deleted_at is not None:
        raise NotFound("hub_id")
    return hub


@use_case
async def create_hub(installation: Installation, by: Caller, *, name: str, now: datetime) -> Hub:
    """A new hub. Raises InvalidInput."""
    async with recorded(installation, by, "createHub", now) as change:
        hub = await Hub.create(site_id=by.site_id, name=checked_name(name), created_at=now)
        change.note("Hub", hub.id)
        return hub


@use_case
async def update_hub(
    installation: Installation, by: Caller, *, hub_id: UUID, name: str, now: datetime
) -> Hub:
    """Renames a hub. Raises InvalidInput, NotFound."""
    async with recorded(installation, by, "updateHub", now) as change:
        hub = await held_hub(by, hub_id)
        hub.name = checked_name(name)
        await hub.save(update_fields=["name"])
        change.note("Hub", hub.id, changed=["name"])
        return hub


@use_case
async def delete_hub(installation: Installation, by: Caller, *, hub_id: UUID, now: datetime) -> Hub:
    """Deletes a hub without locks. Raises NotFound, StillInUse."""
    async with recorded(installation, by, "deleteHub", now) as change:
        hub = await held_hub(by, hub_id)
        if await Lock.filter(hub_id=hub.id, deleted_at=None).exists():
            raise StillInUse("Locks are connected through this hub. Move or delete them first.")
        hub.deleted_at = now
        await hub.save(update_fields=["deleted_at"])
        change.note("Hub", hub.id)
        return hub
