"""Removing phones: one's own, or those of a site's invitations."""

from datetime import datetime
from uuid import UUID

from domain.audit.service import recorded
from domain.database import use_case
from domain.errors import NotFound
from domain.installation import Installation
from domain.invitations.service import remove_invited_device
from domain.invitations.tables import Invitation
from domain.people.actors import AccountActor, Caller
from domain.people.identities import standing_at
from domain.people.rules import Permission, allows
from domain.people.tables import Device


async def remove_device(
    here: Installation, by: Caller, *, device_id: UUID, now: datetime
) -> Device:
    """Ends a phone's access at once. Raises NotFound for a phone that is not the caller's to remove."""
    device = await Device.get_or_none(id=device_id, removed_at=None)
    if device is None:
        raise NotFound("deviceId")
    if isinstance(by.actor, AccountActor) and device.account_id == by.actor.account_id:
        return await _remove_own(here, by, device, now)
    if device.invitation_id is not None:
        invitation = await Invitation.get(id=device.invitation_id)
        standing = await standing_at(by.actor, invitation.site_id)
        if standing is not None and allows(standing, Permission.CREDENTIALS):
            caller = Caller(by.actor_kind, by.actor_id, standing, by.actor, by.address)
            return await remove_invited_device(here, caller, device_id=device_id, now=now)
    raise NotFound("deviceId")


@use_case
async def _remove_own(here: Installation, by: Caller, device: Device, now: datetime) -> Device:
    async with recorded(here, by, "removeDevice", now) as deed:
        removed = await Device.filter(id=device.id, removed_at=None).update(removed_at=now)
        if removed != 1:
            raise NotFound("deviceId")
        deed.note("Device", device.id, chain=device.account_id)
        deed.wake(f"device:{device.id}")
        device.removed_at = now
        return device
