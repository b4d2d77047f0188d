"""What belongs to one lock: the fields that all of it has."""

from typing import Any

import strawberry
from strawberry.types import Info

from api.schema.nodes import Node, node_of, type_above
from api.schema.of_site import SITE, site_of


@strawberry.type
class OfLock:
    """What nodes have in common whose row has a `lock_id`; they belong to the lock's site."""

    row: strawberry.Private[Any]

    @strawberry.field(
        description="The lock that it belongs to.",
        graphql_type=type_above("api.schema.locks", "Lock"),
    )
    async def lock(self, info: Info) -> Node:
        context = info.context
        shown: Node = node_of(await context.loaders.lock.load(self.row.lock_id), context.clock)
        return shown

    @strawberry.field(description="The site that it belongs to.", graphql_type=SITE)
    async def site(self, info: Info) -> Node:
        lock = await info.context.loaders.lock.load(self.row.lock_id)
        return await site_of(info, lock.site_id)
