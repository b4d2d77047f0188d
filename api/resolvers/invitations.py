"""Operations on invitations."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated

import strawberry

from api.context import Call
from api.operations import (
    ANYONE,
    INVITED_DEVICE,
    PERSON,
    AtSite,
    Either,
    mutation,
    query,
    subscription,
)
from api.schema.devices import device_type
from api.schema.errors import (
    DeviceLimitReached,
    FeatureNotInPlan,
    InvalidSchedule,
    InvitationNotRedeemable,
    MailNotSent,
    SeatLimitReached,
)
from api.schema.homes import member_home_type
from api.schema.invitations import (
    AccessChange,
    CreatedInvitation,
    CreateInvitationInput,
    DeletedInvitation,
    DeleteInvitationInput,
    InvitationOccurrence,
    RedeemedInvitation,
    RedeemInvitationInput,
    SendInvitationInput,
    SentInvitation,
    home_type,
    invitation_type,
    occurrence_type,
)
from api.schema.nodes import TheSite, key_of, keys_of
from api.schema.schedules import schedule_of
from domain.actors import AccountActor, InvitedDeviceActor
from domain.errors import NotAllowed
from domain.homes.member_homes import MemberHome, follow_homes
from domain.invitations import service
from domain.invitations.calendar import calendar
from domain.invitations.homes import Home, follow_home
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


@mutation(ANYONE, InvitationNotRedeemable, DeviceLimitReached)
async def redeem_invitation(call: Call, input: RedeemInvitationInput) -> RedeemedInvitation:
    """Binds the phone, by the key in its DPoP header, to the invitation; answers all that its home screen shows.

    Asking again with the same key gives the same token and takes no second place."""
    thumbprint = call.context.identity.thumbprint
    if thumbprint is None:
        raise NotAllowed("Redeeming needs a DPoP header: it carries the phone's key.")
    done = await service.redeem_invitation(
        call.installation,
        call.by,
        code=input.code,
        thumbprint=thumbprint,
        device_name=input.device_name,
        platform=input.platform,
        now=call.now,
    )
    return RedeemedInvitation(
        access_token=done.token, device=device_type(done.device), home=home_type(done.home)
    )


@subscription(Either(INVITED_DEVICE, PERSON))
async def my_access(call: Call) -> AsyncIterator[AccessChange | None]:
    """The caller's access: first as it is, then each change. The stream ends when the access does."""
    actor = call.by.actor
    if isinstance(actor, AccountActor):
        async for member_homes in follow_homes(actor.account_id):
            yield _access(member_homes=member_homes) if member_homes is not None else None
    else:
        assert isinstance(actor, InvitedDeviceActor)
        async for homes in follow_home(actor, call.context.clock):
            yield _access(homes=homes) if homes is not None else None


def _access(*, homes: Sequence[Home] = (), member_homes: Sequence[MemberHome] = ()) -> AccessChange:
    return AccessChange(
        active=bool(homes or member_homes),
        home=home_type(homes[0]) if homes else None,
        member_homes=[member_home_type(home) for home in member_homes],
    )
