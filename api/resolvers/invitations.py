"""Operations on invitations."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Call
from api.operations import (
    AtSite,
    mutation,
    query,
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
    InvitationOccurrence,
    SendInvitationInput,
    SentInvitation,
    invitation_type,
    occurrence_type,
)
from api.schema.nodes import TheSite, key_of, keys_of
from api.schema.schedules import schedule_of
from domain.invitations import service
from domain.invitations.calendar import calendar
from domain.invitations.sharing import send_invitation as send
from domain.invitations.tables import Invitation
from domain.people.rules import Permission

_AT_SITE = AtSite(Permission.CREDENTIALS)
_AT_INVITATION = AtSite(Permission.CREDENTIALS, "invitation_id", "invitation", Invitation)


@mutation(_AT_SITE, InvalidSchedule, FeatureNotInPlan, SeatLimitReached)
async def create_invitation(call: Call, input: CreateInvitationInput) -> CreatedInvitation:
    """Makes an invitation and its code. It takes one of the site's seats until it ends, whatever its devices."""
    invitation, code = await service.create_invitation(
        call.installation,
        call.by,
        name=input.name,
        lock_ids=keys_of("lock", input.lock_ids, "lock_ids"),
        lock_tag_ids=keys_of("tag", input.lock_tag_ids, "lock_tag_ids"),
        schedule=schedule_of(input),
        device_limit=input.device_limit,
        now=call.now,
    )
    return CreatedInvitation(code=code, invitation=invitation_type(invitation, call.now))


@mutation(_AT_INVITATION)
async def delete_invitation(call: Call, input: DeleteInvitationInput) -> DeletedInvitation:
    """Ends an invitation for good, and at once the access of every phone that redeemed it."""
    key = key_of("invitation", input.invitation_id, "invitation_id")
    invitation = await service.delete_invitation(
        call.installation, call.by, invitation_id=key, now=call.now
    )
    return DeletedInvitation(invitation=invitation_type(invitation, call.now))


@mutation(_AT_INVITATION, InvitationNotRedeemable, MailNotSent)
async def send_invitation(call: Call, input: SendInvitationInput) -> SentInvitation:
    """Mails the code, the link and its QR code to the guest. Tries are limited for each site and address."""
    key = key_of("invitation", input.invitation_id, "invitation_id")
    invitation = await send(
        call.installation, call.by, invitation_id=key, email=input.email, now=call.now
    )
    return SentInvitation(invitation=invitation_type(invitation, call.now))


@query(AtSite(Permission.READ))
async def invitation_calendar(
    call: Call,
    site_id: TheSite,
    from_: Annotated[date, strawberry.argument(name="from", description="The first day.")],
    to: Annotated[date, strawberry.argument(description="The last day.")],
) -> list[InvitationOccurrence]:
    """When the doors of a site's invitations open, on the local days from the first to the last, both included.

    At most 62 days at once."""
    return [occurrence_type(item) for item in await calendar(call.by.site_id, from_, to)]
