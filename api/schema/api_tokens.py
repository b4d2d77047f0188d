"""API tokens: the credentials of scripts."""

from datetime import datetime

import strawberry

from api.schema.named_actors import NamedActor, named_actor
from api.schema.nodes import Node, global_id
from domain.actors import ActorKind, Role
from domain.people import tables


@strawberry.type(description="A script's credential; the token itself is shown once.")
class ApiToken(Node):
    name: str = strawberry.field(description="What people call it.")
    role: Role = strawberry.field(
        description="The most that it may do; never more than whoever made it may at the moment."
    )
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")
    created_at: datetime = strawberry.field(description="When it was made.")
    created_by: NamedActor = strawberry.field(
        description="Who made it: a person, another token, or the command line."
    )
    last_used_at: datetime | None = strawberry.field(
        description="When it was last shown to the server, to the minute; null: never."
    )


def api_token_type(row: tables.ApiToken) -> ApiToken:
    """A token as the API shows it."""
    return ApiToken(
        id=global_id("api_token", row.id),
        name=row.name,
        role=row.role,
        expires_at=row.expires_at,
        created_at=row.created_at,
        created_by=_maker(row),
        last_used_at=row.last_used_at,
    )


def _maker(row: tables.ApiToken) -> NamedActor:
    if row.parent_id is not None:
        return named_actor(ActorKind.TOKEN, row.parent_id)
    if row.account_id is not None:
        return named_actor(ActorKind.ACCOUNT, row.account_id)
    return named_actor(ActorKind.COMMAND_LINE, None)


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
    api_token: ApiToken = strawberry.field(description="What the lists show of it.")


@strawberry.input(description="A token to end.")
class RevokeApiTokenInput:
    site_id: strawberry.ID = strawberry.field(description="A site on which it acts.")
    token_id: strawberry.ID = strawberry.field(description="The token.")


@strawberry.type(description="The token, and all that it made, has ended at the site.")
class RevokedApiToken:
    api_token: ApiToken = strawberry.field(description="The token.")
    everywhere: bool = strawberry.field(
        description="Whether it has ended for good; false: it goes on at sites of other owners."
    )
