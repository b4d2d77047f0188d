"""What phones show and follow: the caller's homes."""

from collections.abc import AsyncIterator, Iterable

from api.context import Call
from api.operations import INVITED_DEVICE, PERSON, Either, query, subscription
from api.schema.homes import AccessChange, Home, guest_home_type, member_home_type
from domain.actors import AccountActor, InvitedDeviceActor
from domain.homes.member_homes import follow_homes, homes_of
from domain.invitations.homes import follow_home, home_of

_PHONE = Either(INVITED_DEVICE, PERSON)


@query(_PHONE)
async def homes(call: Call) -> list[Home]:
    """What the caller may open, site by site; empty where there is nothing."""
    actor = call.by.actor
    if isinstance(actor, AccountActor):
        return [member_home_type(home) for home in await homes_of(actor.account_id)]
    assert isinstance(actor, InvitedDeviceActor)
    guest_home = await home_of(actor.invitation_id, call.now)
    return [guest_home_type(guest_home)] if guest_home is not None else []


@subscription(_PHONE)
async def my_access(call: Call) -> AsyncIterator[AccessChange]:
    """The caller's access: first as it is, then each change. The stream ends when the access does."""
    actor = call.by.actor
    if isinstance(actor, AccountActor):
        async for member_homes in follow_homes(actor.account_id):
            yield _access(map(member_home_type, member_homes))
    else:
        assert isinstance(actor, InvitedDeviceActor)
        async for guest_homes in follow_home(actor, call.context.clock):
            yield _access(map(guest_home_type, guest_homes))


def _access(homes: Iterable[Home]) -> AccessChange:
    shown = list(homes)
    return AccessChange(active=bool(shown), homes=shown)
