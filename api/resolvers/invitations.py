"""Operations on invitations."""

from api.context import Call
from api.operations import (
    AtSite,
    mutation,
)
from api.schema.errors import (
    FeatureNotInPlan,
    InvalidSchedule,
    InvitationNotRedeemable,
    MailNotSent,
    SeatLimitReached,
)
from api.schema.invitations import (
    CreatedInvitation,
    CreateInvitationInput,
    DeletedInvitation,
    DeleteInvitationInput,
    InvitationCode,
    RevealedInvitationCode,
    RevealInvitationCodeInput,
    SendInvitationInput,
    SentInvitation,
    invitation_type,
)
from api.schema.nodes import key_of, keys_of
from domain.invitations import service, sharing
from domain.invitations.tables import Invitation
from domain.people.rules import Permission
from domain.schedules.given import make_schedule_of_moments

_AT_SITE = AtSite(Permission.CREDENTIALS)
_AT_INVITATION = AtSite(Permission.CREDENTIALS, "invitation_id", "invitation", Invitation)
_AT_CODE = AtSite(Permission.READ_CODES, "invitation_id", "invitation", Invitation)


@mutation(_AT_SITE, InvalidSchedule, FeatureNotInPlan, SeatLimitReached)
async def create_invitation(call: Call, input: CreateInvitationInput) -> CreatedInvitation:
    """Makes an invitation and its code. It takes one of the site's seats until it ends, whatever its devices."""
    invitation, code = await service.create_invitation(
        call.installation,
        call.by,
        name=input.name,
        lock_ids=keys_of("lock", input.lock_ids, "lock_ids"),
        lock_tag_ids=keys_of("tag", input.lock_tag_ids, "lock_tag_ids"),
        schedule=make_schedule_of_moments(
            starts_at=input.starts_at,
            ends_at=input.ends_at,
            slot_start=input.slot_start,
            slot_end=input.slot_end,
            weekdays=input.weekdays,
        ),
        device_limit=input.device_limit,
        now=call.now,
    )
    return CreatedInvitation(
        invitation=invitation_type(invitation),
        invitation_code=InvitationCode(row=invitation, code=code),
    )


@mutation(_AT_INVITATION)
async def delete_invitation(call: Call, input: DeleteInvitationInput) -> DeletedInvitation:
    """Ends an invitation for good, and at once the access of every phone that redeemed it."""
    key = key_of("invitation", input.invitation_id, "invitation_id")
    invitation = await service.delete_invitation(
        call.installation, call.by, invitation_id=key, now=call.now
    )
    return DeletedInvitation(invitation=invitation_type(invitation))


@mutation(_AT_CODE, InvitationNotRedeemable)
async def reveal_invitation_code(
    call: Call, input: RevealInvitationCodeInput
) -> RevealedInvitationCode:
    """Shows the code of an invitation again, so that it can be shared. Each reading is audited."""
    invitation, code = await sharing.reveal_code(
        call.installation,
        call.by,
        invitation_id=key_of("invitation", input.invitation_id, "invitation_id"),
        now=call.now,
    )
    return RevealedInvitationCode(
        invitation=invitation_type(invitation),
        invitation_code=InvitationCode(row=invitation, code=code),
    )


@mutation(_AT_INVITATION, InvitationNotRedeemable, MailNotSent)
async def send_invitation(call: Call, input: SendInvitationInput) -> SentInvitation:
    """Mails the code, the link and its QR code to the guest. Tries are limited for each site and address."""
    key = key_of("invitation", input.invitation_id, "invitation_id")
    invitation = await sharing.send_invitation(
        call.installation, call.by, invitation_id=key, email=input.email, now=call.now
    )
    return SentInvitation(invitation=invitation_type(invitation))
