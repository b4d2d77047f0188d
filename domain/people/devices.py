"""Removing one of the caller's own phones. Phones of invitations are removed by `domain.invitations`."""

from datetime import datetime
from uuid import UUID

from domain import topics
from domain.actors import AccountActor, Caller
from domain.audit.service import recorded
from domain.database import use_case
from domain.errors import NotFound
from domain.installation import Installation
from domain.people.tables import Device


@use_case
async def remove_own_device(
    installation: Installation, by: Caller, *, device_id: UUID, now: datetime
) -> Device:
    """Ends the access of one of the caller's phones at once. Raises NotFound for any other phone."""
    actor = by.actor
    assert isinstance(actor, AccountActor)
    async with recorded(installation, by, "removeDevice", now) as change:
        mine = Device.filter(id=device_id, account_id=actor.account_id, removed_at=None)
        if await mine.update(removed_at=now) != 1:
            raise NotFound("device_id")
        change.note("Device", device_id, chain=actor.account_id)
        change.wake(topics.device(device_id))
        return await Device.get(id=device_id)
