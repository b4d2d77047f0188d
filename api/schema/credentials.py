"""What PINs, SmartPINs, invitations and access rules have in common."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import strawberry
from strawberry.types import Info

from api.schema.growth import GROWS
from api.schema.locks import Lock, lock_type
from api.schema.nodes import (
    USUAL_PAGE,
    After,
    Connection,
    First,
    Node,
    page_of_loaded,
)
from api.schema.of_site import OfSite
from api.schema.schedules import Schedule
from api.schema.warnings import OF_A_CREDENTIAL, Warning_
from domain.errors import NotAllowed
from domain.locks import tables
from domain.people.rules import Permission
from domain.schedules.states import CredentialState
from domain.sites.service import zone_of


@strawberry.interface(description=f"Something that opens locks for somebody, at times. {GROWS}")
class Credential(Node, OfSite):
    created_at: datetime = strawberry.field(description="When it was made.")
    schedule: Schedule | None = strawberry.field(
        description="When it opens; null for a personal PIN, which follows its member's access rules."
    )

    @strawberry.field(description="What to call it in a list: a name, not unique.")
    async def label(self, info: Info) -> str:
        raise NotImplementedError

    @strawberry.field(description="Where it is in its life, as far as the site wants.")
    async def state(self, info: Info) -> CredentialState:
        raise NotImplementedError

    @strawberry.field(description=OF_A_CREDENTIAL)
    async def warnings(self, info: Info) -> list[Warning_]:
        raise NotImplementedError

    @strawberry.field(description="The locks that it is for, as things are now.")
    async def locks(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Lock]:
        return page_of_loaded(
            await self.rows_of_locks(info),
            lambda row: lock_type(row, info.context.clock),
            first=first,
            after=after,
        )

    async def check_may_read(self, info: Info) -> None:
        """For what is for readers of the site: a PIN's own member sees that it is there, and where it opens.

        Raises NotAllowed.
        """
        if not await info.context.may(Permission.READ, self.row.site_id):
            raise NotAllowed

    async def rows_of_locks(self, info: Info) -> list[tables.Lock]:
        """The rows that `locks` shows."""
        raise NotImplementedError


async def zone_at(info: Info, row: Any) -> ZoneInfo:
    """The time zone of the row's site."""
    return zone_of(await info.context.loaders.site.load(row.site_id))
