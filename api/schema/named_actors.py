"""Who did something, as others see them."""

from uuid import UUID

import strawberry
from strawberry.types import Info

from api.schema.nodes import global_id
from domain.actors import ActorKind

_KINDS_OF_IDS = {
    ActorKind.ACCOUNT: "account",
    ActorKind.INVITED_DEVICE: "device",
    ActorKind.LOCK: "lock",
    ActorKind.TOKEN: "api_token",
    ActorKind.COMMAND_LINE: "command_line",
    ActorKind.ANONYMOUS: "anonymous",
}
"""The kind in the ids that the rest of the API gives these actors."""


def actor_id(kind: ActorKind, key: UUID | None) -> strawberry.ID | None:
    """The id of an actor; None for one that has none, such as the command line."""
    return global_id(_KINDS_OF_IDS[kind], key) if key is not None else None


@strawberry.type(description="Who did something, as others see them.")
class NamedActor:
    key: strawberry.Private[UUID | None]
    kind: ActorKind = strawberry.field(description="What kind of caller.")
    id: strawberry.ID | None = strawberry.field(description="Which one; null for the command line.")

    @strawberry.field(
        description="The person's e-mail address or the token's name; null for all others."
    )
    async def name(self, info: Info) -> str | None:
        loaders = info.context.loaders
        if self.key is not None and self.kind is ActorKind.ACCOUNT:
            account = await loaders.account.load(self.key)
            return account.email if account is not None else None
        if self.key is not None and self.kind is ActorKind.TOKEN:
            token = await loaders.api_token.load(self.key)
            return token.name if token is not None else None
        return None


def named_actor(kind: ActorKind, key: UUID | None) -> NamedActor:
    """An actor as the API shows it to others."""
    return NamedActor(key=key, kind=kind, id=actor_id(kind, key))
