"""API tokens: the credentials of scripts."""

from datetime import datetime

import strawberry

from api.schema.nodes import Node, global_id
from domain.people import tables
from domain.people.actors import Role


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


@strawberry.type(description="The token has ended.")
class RevokedApiToken:
    api_token: ApiToken = strawberry.field(description="The token.")
