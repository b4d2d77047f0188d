"""What belongs to one site: the field that all of it has, and the site as the caller may see it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.schema.nodes import Node, node_of, type_above
from domain.actors import Standing
from domain.sites.tables import Site

SITE = type_above("api.schema.sites", "Site")
"""The type of a field that shows a site."""


@dataclass(frozen=True, slots=True)
class SeenSite:
    """A site, and what whoever looks at it is there; None for a guest, who sees what place it is and no more."""

    row: Site
    standing: Standing | None


async def site_of(info: Info, site_id: UUID) -> Node:
    """The site as the caller may see it, for a field of what belongs to it."""
    context = info.context
    row = await context.loaders.site.load(site_id)
    standing = await context.loaders.standing.load((context.actor, site_id))
    shown: Node = node_of(SeenSite(row, standing), context.clock)
    return shown


@strawberry.type
class OfSite:
    """What nodes have in common that belong to a site: mostly one whose row has a `site_id`."""

    row: strawberry.Private[Any]

    def _site_id(self) -> UUID:
        key: UUID = self.row.site_id
        return key

    @strawberry.field(
        description="The site that it belongs to.",
        graphql_type=SITE,
    )
    async def site(self, info: Info) -> Node:
        return await site_of(info, self._site_id())
