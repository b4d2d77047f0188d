"""Who is asking."""

from typing import cast

from api.context import Call
from api.operations import ANYONE, query
from api.schema.actor_nodes import actor_of
from api.schema.actors import Actor


@query(ANYONE)
async def me(call: Call) -> Actor | None:
    """Who is asking; null for whoever has not signed in, so that a page can ask at each start."""
    actor = await actor_of(call.context, call.by.actor_kind, call.by.actor_id)
    return cast(Actor | None, actor)
