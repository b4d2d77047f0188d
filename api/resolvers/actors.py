"""Who is asking."""

from api.context import Call
from api.operations import ANYONE, query
from api.schema.actors import Actor, actor_type


@query(ANYONE)
async def me(call: Call) -> Actor | None:
    """Who is asking; null for whoever has not signed in, so that a page can ask at each start."""
    return actor_type(call.by.actor) if call.by.actor is not None else None
