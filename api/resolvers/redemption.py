"""Redeeming an invitation on a phone."""

from api.context import Call
from api.operations import ANYONE, mutation
from api.schema.devices import device_type
from api.schema.errors import DeviceLimitReached, InvitationNotRedeemable
from api.schema.homes import guest_home_type
from api.schema.redemption import RedeemedInvitation, RedeemInvitationInput
from domain.errors import NotAllowed
from domain.invitations import service


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
        access_token=done.token, device=device_type(done.device), home=guest_home_type(done.home)
    )
