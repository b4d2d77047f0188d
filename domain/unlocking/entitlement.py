"""Who may open which door, whether the lock is reached over its socket or by the phone itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access.decision import Decision, DenialReason, Denied, decide
from domain.access.openings import next_opening
from domain.access.schedule import Schedule
from domain.access_rules.grants import grants_of_members
from domain.actors import AccountActor, Caller, InvitedDeviceActor
from domain.database import lock_row
from domain.errors import AccessDenied, NotAllowed, NotFound
from domain.invitations.tables import Invitation, InvitationLock
from domain.locks.tables import Lock
from domain.people.tables import Member
from domain.sites.service import zone_of
from domain.sites.tables import Site


@dataclass(frozen=True, slots=True)
class Entitled:
    """What lets a caller open a lock: schedules of a member's access rules, or of an invitation."""

    lock: Lock
    site: Site
    schedules: Sequence[Schedule]
    """It opens when any of them does; none: never."""
    member_id: UUID | None
    invitation_id: UUID | None
    device_id: UUID | None
    """The phone with which they ask; None: with none."""

    @property
    def zone(self) -> ZoneInfo:
        """In which the schedules are read."""
        return zone_of(self.site)

    def decision(self, now: datetime) -> Decision:
        """Whether it opens now."""
        return decide(self.schedules, self.zone, now)

    def denied(self, decision: Denied, now: datetime) -> AccessDenied:
        """The refusal of this decision, with the moment at which it opens next."""
        return AccessDenied(decision.reasons, next_opening(self.schedules, self.zone, now))


async def entitled_guest(actor: InvitedDeviceActor, lock_id: UUID) -> Entitled:
    """Within a transaction, the invitation held: what it says of this lock. Raises NotFound, AccessDenied once deleted."""
    invitation = await lock_row(Invitation, actor.invitation_id)
    lock = await Lock.get_or_none(id=lock_id, site_id=actor.site_id, deleted_at=None)
    chosen = InvitationLock.filter(invitation_id=actor.invitation_id, lock_id=lock_id)
    if invitation is None or lock is None or not await chosen.exists():
        raise NotFound("lock_id")
    if invitation.deleted_at is not None:
        raise AccessDenied([DenialReason.ENDED])
    site = await Site.get(id=invitation.site_id)
    return Entitled(lock, site, [invitation.schedule()], None, invitation.id, actor.device_id)


async def entitled_member(by: Caller, lock_id: UUID) -> Entitled:
    """Within a transaction, the member held: what their access rules say of this lock. Raises NotFound, and NotAllowed for a
    token, for which there are no rules."""
    assert by.standing is not None
    member_id = by.standing.member_id
    lock = await Lock.get_or_none(id=lock_id, site_id=by.site_id, deleted_at=None)
    if lock is None:
        raise NotFound("lock_id")
    if member_id is None:
        raise NotAllowed("No access rule is for a token: it opens doors with openLockRemotely.")
    await lock_row(Member, member_id)
    grants = await grants_of_members([member_id])
    device_id = by.actor.device_id if isinstance(by.actor, AccountActor) else None
    site = await Site.get(id=lock.site_id)
    schedules = grants.get(member_id, {}).get(lock.id, [])
    return Entitled(lock, site, schedules, member_id, None, device_id)
