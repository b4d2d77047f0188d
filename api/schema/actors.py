"""Who is asking: a person, an invited phone, a lock or a script."""

import strawberry
from strawberry.types import Info

from api.schema.devices import Device, device_type
from api.schema.growth import GROWS
from api.schema.homes import MemberHome, member_home_type
from api.schema.invitations import Home, home_type
from api.schema.members import Member, member_type
from api.schema.nodes import global_id
from api.schema.sessions import Session, session_type
from domain.actors import AccountActor, InvitedDeviceActor, LockActor, Role, TokenActor
from domain.homes.member_homes import homes_of
from domain.invitations.homes import home_of
from domain.people import tables


@strawberry.interface(description=f"Who is asking. {GROWS}")
class Actor:
    id: strawberry.ID = strawberry.field(
        description="The id of the account, device, lock or token."
    )
    name: str = strawberry.field(description="What to call them.")


@strawberry.type(description="A person who has signed in.")
class MemberActor(Actor):
    account: strawberry.Private[AccountActor]

    @strawberry.field(description="What the person is at each of their sites.")
    async def members(self) -> list[Member]:
        rows = await tables.Member.filter(
            account_id=self.account.account_id, removed_at=None, accepted_at__isnull=False
        ).order_by("id")
        return [member_type(row) for row in rows]

    @strawberry.field(description="What the person may open, site by site.")
    async def homes(self) -> list[MemberHome]:
        return [member_home_type(home) for home in await homes_of(self.account.account_id)]

    @strawberry.field(description="The person's console sign-ins that have not ended.")
    async def sessions(self, info: Info) -> list[Session]:
        now = info.context.clock()
        rows = await tables.Session.filter(
            account_id=self.account.account_id, ended_at=None, expires_at__gt=now
        ).order_by("id")
        return [session_type(row, self.account) for row in rows]

    @strawberry.field(description="The phones that are signed in as this person.")
    async def devices(self) -> list[Device]:
        rows = await tables.Device.filter(
            account_id=self.account.account_id, removed_at=None
        ).order_by("id")
        return [device_type(row) for row in rows]


@strawberry.type(description="A phone without an account, bound to one invitation.")
class InvitedDevice(Actor):
    device: strawberry.Private[InvitedDeviceActor]

    @strawberry.field(
        description="All that the home screen shows; null once the invitation has ended."
    )
    async def home(self, info: Info) -> Home | None:
        home = await home_of(self.device.invitation_id, info.context.clock())
        return home_type(home) if home is not None else None


@strawberry.type(name="LockActor", description="A lock on its own socket.")
class LockActorType(Actor):
    incarnation: str = strawberry.field(description="The life of the lock that proved itself.")


@strawberry.type(name="TokenActor", description="A script with an API token.")
class TokenActorType(Actor):
    role: Role = strawberry.field(description="The most that it may do.")


def actor_type(actor: AccountActor | InvitedDeviceActor | LockActor | TokenActor) -> Actor:
    """The caller as the API shows it."""
    match actor:
        case AccountActor():
            return MemberActor(
                id=global_id("account", actor.account_id), name=actor.email, account=actor
            )
        case InvitedDeviceActor():
            return InvitedDevice(
                id=global_id("device", actor.device_id), name=actor.name, device=actor
            )
        case LockActor():
            return LockActorType(
                id=global_id("lock", actor.lock_id), name=actor.name, incarnation=actor.incarnation
            )
        case TokenActor():
            return TokenActorType(
                id=global_id("api_token", actor.token_id), name=actor.name, role=actor.role
            )
