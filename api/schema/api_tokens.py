"""API tokens: the credentials of scripts."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.actor_nodes import ACTOR, actor_of
from api.schema.nodes import Node, global_id, list_above, shows
from api.schema.of_site import site_of
from domain.actors import AccountActor, ActorKind, Role, TokenActor
from domain.errors import NotAllowed
from domain.people import tables
from domain.people.rules import Permission

_SHOWN_TO = "For whoever may manage the tokens of one of its sites, its maker and itself; null with an error for others."


@strawberry.type(description="A script's credential; the token itself is shown once.")
class ApiToken(Node):
    row: strawberry.Private[tables.ApiToken]
    name: str = strawberry.field(description="What people call it.")
    created_at: datetime = strawberry.field(description="When it was made.")

    async def _check_shown(self, info: Info) -> None:
        """Raises NotAllowed for whoever sees the token only as somebody who did something."""
        match info.context.actor:
            case TokenActor(token_id=self.row.id) | AccountActor(account_id=self.row.account_id):
                return
        for site_id in await info.context.loaders.sites_of_token.load(self.row.id):
            if await info.context.may(Permission.SITE_SETTINGS, site_id):
                return
        raise NotAllowed

    @strawberry.field(
        description="The most that it may do; never more than whoever made it may at the moment. "
        + _SHOWN_TO
    )
    async def role(self, info: Info) -> Role | None:
        await self._check_shown(info)
        return self.row.role

    @strawberry.field(description=f"Whether it may change things, as a LIMITED_ADMIN. {_SHOWN_TO}")
    async def can_edit(self, info: Info) -> bool | None:
        await self._check_shown(info)
        return self.row.can_edit

    @strawberry.field(description=f"When it ends by itself; null: never. {_SHOWN_TO}")
    async def expires_at(self, info: Info) -> datetime | None:
        await self._check_shown(info)
        return self.row.expires_at

    @strawberry.field(
        description="When it was last shown to the server, to the minute; null: never. " + _SHOWN_TO
    )
    async def last_used_at(self, info: Info) -> datetime | None:
        await self._check_shown(info)
        return self.row.last_used_at

    @strawberry.field(
        description=f"Who made it: a person or another token; null: the command line. {_SHOWN_TO}",
        graphql_type=ACTOR,
    )
    async def created_by(self, info: Info) -> Node | None:
        await self._check_shown(info)
        kind = ActorKind.ACCOUNT if self.row.parent_id is None else ActorKind.TOKEN
        return await actor_of(info.context, kind, self.row.parent_id or self.row.account_id)

    @strawberry.field(
        description=f"The sites on which it acts, those that the caller sees. At most 100. {_SHOWN_TO}",
        graphql_type=list_above("api.schema.sites", "Site") | None,
    )
    async def sites(self, info: Info) -> list[Node] | None:
        await self._check_shown(info)
        context = info.context
        keys = await context.loaders.sites_of_token.load(self.row.id)
        standings = await context.loaders.standing.load_many([(context.actor, key) for key in keys])
        seen = [key for key, standing in zip(keys, standings, strict=True) if standing is not None]
        return [await site_of(info, key) for key in seen[:100]]


def api_token_type(row: tables.ApiToken) -> ApiToken:
    """A token as the API shows it."""
    return ApiToken(
        id=global_id("api_token", row.id), row=row, name=row.name, created_at=row.created_at
    )


shows(tables.ApiToken, lambda row, _: api_token_type(row))


@strawberry.input(description="A new API token.")
class CreateApiTokenInput:
    site_id: strawberry.ID = strawberry.field(description="The site on which it acts.")
    name: str = strawberry.field(description="What people call it.")
    role: Role = strawberry.field(description="The most that it may do.")
    can_edit: bool = strawberry.field(
        default=True, description="For LIMITED_ADMIN: whether it may change things."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends by itself."
    )


@strawberry.type(description="The new token.")
class CreatedApiToken:
    token: str = strawberry.field(description="The token, shown this once.")
    api_token: ApiToken | None = strawberry.field(description="What the lists show of it.")


@strawberry.input(description="A token to end.")
class RevokeApiTokenInput:
    site_id: strawberry.ID = strawberry.field(description="A site on which it acts.")
    api_token_id: strawberry.ID = strawberry.field(description="The token.")


@strawberry.type(description="The token, and all that it made, has ended at the site.")
class RevokedApiToken:
    api_token: ApiToken = strawberry.field(description="The token.")
    everywhere: bool = strawberry.field(
        description="Whether it has ended for good; false: it goes on at sites of other owners."
    )
