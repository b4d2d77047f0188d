"""Members: what a person is at a site."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from api.schema.nodes import (
    USUAL_PAGE,
    After,
    Connection,
    First,
    Node,
    global_id,
    node_of,
    page_of_loaded,
    pages_above,
    shows,
)
from api.schema.of_site import OfSite
from api.schema.warnings import OF_LEASES, Warning_, warning_types
from domain.actors import AccountActor, Role
from domain.errors import NotAllowed
from domain.people import tables
from domain.people.erased import is_erased
from domain.people.rules import Permission
from domain.warnings import leases


@strawberry.type(description="A person on a site.")
class Member(Node, OfSite):
    row: strawberry.Private[tables.Member]
    created_at: datetime = strawberry.field(description="When they were added to the site.")
    name: str = strawberry.field(description="What people call them.")
    role: Role = strawberry.field(description="What they are at the site.")
    can_edit: bool = strawberry.field(description="Whether a LIMITED_ADMIN may change things.")
    accepted_at: datetime | None = strawberry.field(
        description="When they accepted by their own account; null: not yet, or no account."
    )

    erased_at: datetime | None = strawberry.field(
        description="When they were erased: the name is nobody's since. Null: they were not."
    )

    @strawberry.field(
        description="The e-mail address of their account, or the one that was asked to accept; null: neither. For whoever "
        "may read the site, and themselves; null with an error for others."
    )
    async def email(self, info: Info) -> str | None:
        actor = info.context.actor
        themselves = isinstance(actor, AccountActor) and actor.account_id == self.row.account_id
        if not themselves:
            await _check_read(info, self.row)
        if self.row.account_id is None:
            return self.row.invited_email
        account = await info.context.loaders.account.load(self.row.account_id)
        return account.email if account and not is_erased(account) else None

    @strawberry.field(
        description="Their tags, the default one among them. For whoever may read the site; null with an error for others.",
        graphql_type=pages_above("api.schema.tags", "Tag") | None,
    )
    async def tags(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Any] | None:
        await _check_read(info, self.row)
        held = await info.context.loaders.tags_of_member.load(self.row.id)
        return page_of_loaded(
            [each.tag for each in held],
            lambda tag: node_of(tag, info.context.clock),
            first=first,
            after=after,
        )


async def _check_read(info: Info, row: tables.Member) -> None:
    if not await info.context.may(Permission.READ, row.site_id):
        raise NotAllowed


def member_type(row: tables.Member) -> Member:
    """A member as the API shows it."""
    return Member(
        id=global_id("member", row.id),
        row=row,
        created_at=row.created_at,
        name=row.name,
        role=row.role,
        can_edit=row.can_edit,
        accepted_at=row.accepted_at,
        erased_at=row.erased_at,
    )


shows(tables.Member, lambda row, _: member_type(row))


@strawberry.input(description="A new member.")
class CreateMemberInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str = strawberry.field(description="What people call them.")
    role: Role = strawberry.field(default=Role.USER, description="What they will be.")
    can_edit: bool = strawberry.field(
        default=False, description="For LIMITED_ADMIN: whether they may change things."
    )
    email: str | None = strawberry.field(
        default=None,
        description="A letter with a link to accept with waits to be sent there; omitted: a member without an account.",
    )


@strawberry.input(description="Changes to a member. An omitted field keeps its value.")
class UpdateMemberInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Their new name.")
    role: Role | None = strawberry.field(default=strawberry.UNSET, description="Their new role.")
    can_edit: bool | None = strawberry.field(
        default=strawberry.UNSET, description="For LIMITED_ADMIN: whether they may change things."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="For one who has not accepted: where another letter is to go; links sent before end.",
    )


@strawberry.input(description="A member to remove.")
class RemoveMemberInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(
    description="The new member. With an e-mail a letter waits to be sent, which takes seconds as a rule; an alert tells "
    "if it never could be."
)
class CreatedMember:
    member: Member = strawberry.field(description="The member.")


@strawberry.type(description="The member as they are now.")
class UpdatedMember:
    member: Member = strawberry.field(description="The member.")


@strawberry.type(description="The member and all of their access is gone.")
class RemovedMember:
    member: Member = strawberry.field(description="The member as they were.")

    @strawberry.field(description=OF_LEASES)
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        return warning_types(await leases.of_holder(clock(), member_id=self.member.row.id), clock)
