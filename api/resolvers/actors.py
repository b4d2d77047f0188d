"""Who is asking."""

from api.context import Call
from api.operations import ANY_ACTOR, query
from api.schema.actors import Actor, actor_type


@query(ANY_ACTOR)
async def me(call: Call) -> Actor:
    """Who is asking."""
    assert call.by.actor is not None
    return actor_type(call.by.actor)
