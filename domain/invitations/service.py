"""Invitations: making them, sharing their code again, redeeming, deleting.

No more phones redeem one than its limit: a place is taken by one guarded write. No access outlives a deletion: every use of
a phone's token reads the invitation anew.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import F

from domain import topics
from domain.access.schedule import Schedule
from domain.actors import ActorKind, Caller
from domain.audit.service import recorded
from domain.database import Queue, Work, lock_row, use_case
from domain.database.rows import new_id
from domain.errors import (
    DeviceLimitReached,
    FeatureNotInPlan,
    InvalidInput,
    InvitationNotRedeemable,
    NotFound,
)
from domain.installation import Installation
from domain.invitations.homes import Home, home_of
from domain.invitations.rules import check_new
from domain.invitations.tables import Invitation, InvitationLock
from domain.mail.outbox import end_letters
from domain.people.identities import device_token
from domain.people.seats import take_seat
from domain.people.tables import Device, Platform
from domain.schedules.columns import schedule_columns
from domain.security.codes import display_code, new_invitation_code, normalise_code
from domain.security.keys import KeyLabel
from domain.sites.rules import SiteFeature, checked_name
from domain.tags.choice import chosen_locks
from domain.throttling.service import Budget, count_address

WRONG_CODES = Budget("wrong invitation codes by address", 20, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A device's access token, and its home screen."""

    token: str
    device: Device
    home: Home

    def __repr__(self) -> str:
        return f"Redeemed(device={self.device.id})"


def code_identity(invitation_id: UUID) -> str:
    """The associated data of a sealed code: a row copied over another does not open."""
    return f"invitation-code:{invitation_id}"


@use_case
async def create_invitation(
    installation: Installation,
    by: Caller,
    *,
    name: str,
    lock_ids: Collection[UUID] | None,
    lock_tag_ids: Collection[UUID] | None,
    schedule: Schedule,
    device_limit: int,
    now: datetime,
) -> tuple[Invitation, str]:
    """A new invitation and its code, for display. Tags are resolved now, for good.

    Raises FeatureNotInPlan, SeatLimitReached, InvalidSchedule, InvalidInput, NotFound.
    """
    name = checked_name(name)
    check_new(schedule, device_limit, now)
    code = new_invitation_code()
    async with recorded(installation, by, "createInvitation", now) as change:
        site = await take_seat(installation, by.site_id, now)
        if not site.invitations_enabled:
            raise FeatureNotInPlan(SiteFeature.INVITATIONS, "invitations")
        locks = sorted(await chosen_locks(site.id, lock_ids, lock_tag_ids))
        if not locks:
            raise InvalidInput("lock_ids", "An invitation opens at least one lock.")
        key = new_id()
        invitation = await Invitation.create(
            id=key,
            site=site,
            name=name,
            code_tag=tag_of_code(installation, code),
            code_sealed=installation.keys.seal(code.encode(), code_identity(key)),
            device_limit=device_limit,
            created_at=now,
            **schedule_columns(schedule),
        )
        await InvitationLock.bulk_create(
            [InvitationLock(invitation=invitation, lock_id=each) for each in locks]
        )
        change.note("Invitation", invitation.id, locks=[str(each) for each in locks])
        return invitation, display_code(code)


def tag_of_code(installation: Installation, code: str, key_id: str | None = None) -> str:
    """The tag by which an invitation is found, under the key in front or the named one."""
    return installation.keys.tag(KeyLabel.CODES, "invitation", code, key_id=key_id)


async def held_invitation(by: Caller, invitation_id: UUID) -> Invitation:
    """The site's invitation, its row held. Raises NotFound."""
    invitation = await lock_row(Invitation, invitation_id)
    if invitation is None or invitation.site_id != by.site_id or invitation.deleted_at is not None:
        raise NotFound("invitation_id")
    return invitation


@use_case
async def delete_invitation(
    installation: Installation, by: Caller, *, invitation_id: UUID, now: datetime
) -> Invitation:
    """Ends an invitation for good: tokens, sockets and streams of its devices end with it. Raises NotFound."""
    async with recorded(installation, by, "deleteInvitation", now) as change:
        invitation = await held_invitation(by, invitation_id)
        invitation.deleted_at = now
        await invitation.save(update_fields=["deleted_at"])
        await end_letters([invitation.id])
        change.note("Invitation", invitation.id)
        change.wake(topics.invitation(invitation.id))
        return invitation


@use_case
async def redeem_invitation(
    installation: Installation,
    by: Caller,
    *,
    code: str,
    thumbprint: str,
    device_name: str,
    platform: Platform,
    now: datetime,
) -> Redeemed:
    """Binds the phone's key to the invitation and returns all that its home screen shows.

    A retry with the same key gets the same token and takes no second place. Wrong codes are counted by address, a right
    one never. A phone that an admin took off the invitation does not come back with the same key.
    Raises InvitationNotRedeemable, DeviceLimitReached, Throttled, InvalidInput.
    """
    device_name = checked_name(device_name, "device_name")
    found = await _find(installation, code, now)
    if found is None:
        await count_address(installation, WRONG_CODES, by.address, now)
        raise InvitationNotRedeemable
    phone: dict[str, Any] = {"invitation_id": found.id, "thumbprint": thumbprint}
    known = await Device.get_or_none(**phone)
    key = known.id if known is not None else new_id()
    caller = Caller(ActorKind.INVITED_DEVICE, key)
    queue = Queue(Work.CHANGES, found.site_id)
    async with recorded(installation, caller, "redeemInvitation", now, queue=queue) as change:
        # A phone's retries, and phones that race, wait for each other at the invitation's row.
        await lock_row(Invitation, found.id)
        device = await Device.get_or_none(**phone)
        if device is not None and device.barred:
            raise InvitationNotRedeemable
        if device is not None and device.removed_at is None:
            change.unchanged()
        else:
            await _take_place(found, now)
            device = await _bound(device, key, phone, device_name, platform, now)
            change.note("Invitation", found.id, chain=found.site_id, device=str(device.id))
            change.wake(topics.invitation(found.id))
        home = await home_of(found.id, now)
        if home is None:
            raise InvitationNotRedeemable
    return Redeemed(device_token(installation, device), device, home)


async def _bound(
    removed: Device | None,
    key: UUID,
    phone: dict[str, Any],
    name: str,
    platform: Platform,
    now: datetime,
) -> Device:
    """The phone's row, made or, where it was removed before, begun anew with a token of another generation."""
    columns: dict[str, Any] = {
        "removed_at": None,
        "redeemed_at": now,
        "name": name,
        "platform": platform,
    }
    if removed is None:
        return await Device.create(id=key, generation=1, **phone, **columns)
    columns["generation"] = removed.generation + 1
    await removed.update_from_dict(columns).save(update_fields=list(columns))
    return removed


async def _find(installation: Installation, code: str, now: datetime) -> Invitation | None:
    normal = normalise_code(code)
    if normal is None:
        return None
    tags = installation.keys.candidate_tags(KeyLabel.CODES, "invitation", normal)
    return await Invitation.get_or_none(code_tag__in=tags, deleted_at=None, valid_until__gt=now)


async def _take_place(invitation: Invitation, now: datetime) -> None:
    taken = await Invitation.filter(
        id=invitation.id,
        deleted_at=None,
        valid_until__gt=now,
        devices_used__lt=F("device_limit"),
    ).update(devices_used=F("devices_used") + 1)
    if taken == 1:
        return
    if await Invitation.filter(id=invitation.id, deleted_at=None, valid_until__gt=now).exists():
        raise DeviceLimitReached(invitation.device_limit)
    raise InvitationNotRedeemable


@use_case
async def remove_invited_device(
    installation: Installation, by: Caller, *, device_id: UUID, now: datetime
) -> Device:
    """Takes one phone off an invitation for good and frees its place for others. Raises NotFound."""
    async with recorded(installation, by, "removeDevice", now) as change:
        device = await Device.get_or_none(id=device_id, removed_at=None)
        if device is None or device.invitation_id is None:
            raise NotFound("device_id")
        await held_invitation(by, device.invitation_id)
        present = Device.filter(id=device_id, removed_at=None)
        removed = await present.update(removed_at=now, barred=True)
        if removed != 1:
            raise NotFound("device_id")
        await Invitation.filter(id=device.invitation_id).update(devices_used=F("devices_used") - 1)
        change.note("Device", device.id, invitation=str(device.invitation_id))
        change.wake(topics.device(device.id))
        device.removed_at = now
        return device
