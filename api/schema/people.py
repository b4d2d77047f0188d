"""People: members, actors, sessions, phones, tokens, and signing in."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.types import Info

from api.schema.nodes import Node, global_id
from domain.people import tables
from domain.people.actors import AccountActor, InvitedDeviceActor, LockActor, Role, TokenActor
from domain.people.tables import Platform

if TYPE_CHECKING:
    from api.schema.homes import MemberHome
    from api.schema.tags import Tag

if TYPE_CHECKING:
    from api.schema.invitations import Home


@strawberry.type(description="A person on a site.")
class Member(Node):
    row: strawberry.Private[tables.Member]
    name: str = strawberry.field(description="What people call them.")
    role: Role = strawberry.field(description="What they are at the site.")
    can_edit: bool = strawberry.field(description="Whether a LIMITED_ADMIN may change things.")
    accepted_at: datetime | None = strawberry.field(
        description="When they accepted by their own account; null: not yet, or no account."
    )

    @strawberry.field(description="The e-mail address of their account, if any.")
    async def email(self, info: Info) -> str | None:
        if self.row.account_id is None:
            return None
        account = await info.context.loaders.account.load(self.row.account_id)
        return account.email if account else None

    @strawberry.field(
        description="Their tags, the default one among them; null for whoever may not read the site."
    )
    async def tags(
        self, info: Info
    ) -> list[Annotated["Tag", strawberry.lazy("api.schema.tags")]] | None:
        from api.schema.tags import tags_shown  # noqa: PLC0415 - the two files show each other

        return await tags_shown(
            info, self.row.site_id, info.context.loaders.tags_of_member, self.row.id
        )


def member_type(row: tables.Member) -> Member:
    """A member as the API shows it."""
    return Member(
        id=global_id("member", row.id),
        row=row,
        name=row.name,
        role=row.role,
        can_edit=row.can_edit,
        accepted_at=row.accepted_at,
    )


@strawberry.type(description="A phone, bound by its own key to an invitation or an account.")
class Device(Node):
    name: str = strawberry.field(description="How the phone called itself.")
    platform: Platform = strawberry.field(description="What kind of phone.")
    redeemed_at: datetime = strawberry.field(description="When it was bound.")


def device_type(row: tables.Device) -> Device:
    """A device as the API shows it."""
    return Device(
        id=global_id("device", row.id),
        name=row.name,
        platform=row.platform,
        redeemed_at=row.redeemed_at,
    )


@strawberry.type(description="A console sign-in.")
class Session(Node):
    created_at: datetime = strawberry.field(description="When it began.")
    expires_at: datetime = strawberry.field(description="When it ends by itself.")
    current: bool = strawberry.field(description="Whether it is the one that asks.")


@strawberry.interface(description="Who is asking.")
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
    async def homes(
        self,
    ) -> list[Annotated["MemberHome", strawberry.lazy("api.schema.homes")]]:
        from api.schema.homes import member_home_type  # noqa: PLC0415 - the two files show each other
        from domain.people.homes import homes_of  # noqa: PLC0415

        return [member_home_type(home) for home in await homes_of(self.account.account_id)]

    @strawberry.field(description="The person's console sign-ins that have not ended.")
    async def sessions(self, info: Info) -> list[Session]:
        now = info.context.clock()
        rows = await tables.Session.filter(
            account_id=self.account.account_id, ended_at=None, expires_at__gt=now
        ).order_by("id")
        return [
            Session(
                id=global_id("session", row.id),
                created_at=row.created_at,
                expires_at=row.expires_at,
                current=row.id == self.account.session_id,
            )
            for row in rows
        ]

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
    async def home(
        self, info: Info
    ) -> Annotated["Home", strawberry.lazy("api.schema.invitations")] | None:
        from api.schema.invitations import home_type  # noqa: PLC0415 - the two files show each other
        from domain.invitations.service import home_of  # noqa: PLC0415

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


@strawberry.type(description="A script's credential; the token itself is shown once.")
class ApiToken(Node):
    name: str = strawberry.field(description="What people call it.")
    role: Role = strawberry.field(description="The most that it may do.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")


def api_token_type(row: tables.ApiToken) -> ApiToken:
    """A token as the API shows it."""
    return ApiToken(
        id=global_id("api_token", row.id), name=row.name, role=row.role, expires_at=row.expires_at
    )
