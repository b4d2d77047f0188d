"""Accounts: what a person signs in with, and what only they see of it."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.devices import Device, device_type
from api.schema.members import Member, member_type
from api.schema.nodes import (
    USUAL_PAGE,
    After,
    Connection,
    First,
    Node,
    global_id,
    page_of_loaded,
    shows,
)
from api.schema.sessions import Session, session_type
from domain.actors import AccountActor
from domain.errors import NotAllowed
from domain.people import tables
from domain.people.second_factor import second_factor_of


@strawberry.type(description="The second factor of an account that is in force.")
class SecondFactor:
    confirmed_at: datetime = strawberry.field(description="Since when it is asked for.")
    recovery_codes_left: int = strawberry.field(
        description="How many recovery codes have not been used."
    )


@strawberry.type(description="A person's sign-in; it belongs to the person, not to a site.")
class Account(Node):
    row: strawberry.Private[tables.Account]
    person: strawberry.Private[AccountActor | None]
    email: str = strawberry.field(description="With which the person signs in.")
    created_at: datetime = strawberry.field(description="When it was made.")

    def _owner(self, info: Info) -> AccountActor:
        """The person, if it is they who ask, or have signed in just now. Raises NotAllowed."""
        actor = self.person or info.context.actor
        if not isinstance(actor, AccountActor) or actor.account_id != self.row.id:
            raise NotAllowed
        return actor

    @strawberry.field(
        description="What the person is at each of their sites. For themselves; null with an error for others."
    )
    async def members(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Member] | None:
        self._owner(info)
        rows = await info.context.loaders.members_of_account.load(self.row.id)
        return page_of_loaded(rows, member_type, first=first, after=after)

    @strawberry.field(
        description="Their console sign-ins that have not ended. For themselves; null with an error for others."
    )
    async def sessions(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Session] | None:
        owner, now = self._owner(info), info.context.clock()
        rows = await info.context.loaders.sessions_of_account.load(self.row.id)
        return page_of_loaded(
            [row for row in rows if row.expires_at > now],
            lambda row: session_type(row, owner),
            first=first,
            after=after,
        )

    @strawberry.field(
        description="The phones that are signed in as this person. For themselves; null with an error for others."
    )
    async def devices(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Device] | None:
        self._owner(info)
        rows = await info.context.loaders.devices_of_account.load(self.row.id)
        return page_of_loaded(rows, device_type, first=first, after=after)

    @strawberry.field(
        description="Their second factor; null: none. For themselves; null with an error for others."
    )
    async def second_factor(self, info: Info) -> SecondFactor | None:
        self._owner(info)
        found = await second_factor_of(self.row)
        if found is None:
            return None
        return SecondFactor(
            confirmed_at=found.confirmed_at, recovery_codes_left=found.recovery_codes_left
        )


def account_type(row: tables.Account, person: AccountActor | None = None) -> Account:
    """An account as the API shows it; `person` where they ask although the request was nobody's yet."""
    return Account(
        id=global_id("account", row.id),
        row=row,
        person=person,
        email=row.email,
        created_at=row.created_at,
    )


shows(tables.Account, lambda row, _: account_type(row))
