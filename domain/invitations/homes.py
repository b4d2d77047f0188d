"""What a guest's phone shows: the site, the doors of the invitation, when they open."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.access.schedule import Schedule
from domain.actors import InvitedDeviceActor
from domain.bus import changes, listening
from domain.clock import Clock
from domain.invitations.tables import Invitation, InvitationLock
from domain.locks.tables import Lock


@dataclass(frozen=True, slots=True)
class Home:
    """A guest's home screen; `locks` are (id, name). The invitation's name is for admins and is not here."""

    invitation_id: UUID
    site_id: UUID
    site_name: str
    timezone: str
    expires_at: datetime
    locks: tuple[tuple[UUID, str], ...]
    schedule: Schedule


async def home_of(invitation_id: UUID, now: datetime) -> Home | None:
    """The home screen of an invitation; None once it has ended or was deleted."""
    invitation = await Invitation.get_or_none(
        id=invitation_id, deleted_at=None, valid_until__gt=now
    ).select_related("site")
    if invitation is None:
        return None
    lock_ids = await InvitationLock.filter(invitation_id=invitation_id).values_list(
        "lock_id", flat=True
    )
    locks = await Lock.filter(id__in=list(lock_ids), deleted_at=None).order_by("id")
    return Home(
        invitation_id=invitation.id,
        site_id=invitation.site_id,
        site_name=invitation.site.name,
        timezone=invitation.site.timezone,
        expires_at=invitation.valid_until,
        locks=tuple((lock.id, lock.name) for lock in locks),
        schedule=invitation.schedule(),
    )


async def follow_home(actor: InvitedDeviceActor, clock: Clock) -> AsyncIterator[list[Home]]:
    """The home screen of a guest's phone as it is, then each time that it has changed; an empty list once it has ended."""

    async def read(_: object) -> dict[UUID, list[Home]]:
        home = await home_of(actor.invitation_id, clock())
        return {actor.invitation_id: [home] if home is not None else []}

    async with listening(
        topics.invitation(actor.invitation_id),
        topics.device(actor.device_id),
        topics.homes(actor.site_id),
    ) as wakeups:
        async for homes in changes(wakeups, read, tuple):
            yield homes
