"""Who did something, for files that stand below those of the types that an actor may be."""

from uuid import UUID

from api.context import Context
from api.schema.nodes import Node, node_of, type_above
from domain.actors import ActorKind
from domain.database.rows import Row
from domain.people.erased import is_erased

ACTOR = type_above("api.schema.actors", "Actor") | None
"""The type of a field that shows an actor."""


async def actor_of(
    context: Context, kind: ActorKind | None, key: UUID | None, *, at: UUID | None = None
) -> Node | None:
    """The account, phone, lock or token; None for all other kinds, and for what was removed for good.

    `at` is the site in whose records the actor stands: an account is shown there while it was or is a member's, and not
    when that member was erased.
    """
    loaders = context.loaders
    if kind is None or key is None:
        return None
    row: Row | None = None
    match kind:
        case ActorKind.ACCOUNT:
            known = at is None or await loaders.member_account.load((at, key))
            account = await loaders.account.load(key) if known else None
            row = account if account is not None and not is_erased(account) else None
        case ActorKind.INVITED_DEVICE:
            row = await loaders.device.load(key)
        case ActorKind.LOCK:
            row = await loaders.lock.load(key)
        case ActorKind.TOKEN:
            row = await loaders.api_token.load(key)
    actor: Node | None = node_of(row, context.clock) if row is not None else None
    return actor
