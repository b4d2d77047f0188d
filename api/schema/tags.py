"""Tags: by which members and locks are chosen."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from api.schema.locks import Lock, lock_type
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
from api.schema.of_site import OfSite
from api.schema.warnings import Warning_, warning_types
from domain.tags import tables
from domain.tags.tables import TagKind, TagTarget
from domain.warnings import changes


@strawberry.type(description="A named set of members or of locks.")
class Tag(Node, OfSite):
    row: strawberry.Private[tables.Tag]
    created_at: datetime = strawberry.field(description="When it was made.")
    name: str = strawberry.field(description="What people call it.")
    kind: TagKind = strawberry.field(description="DEFAULT stands for its one member or lock.")
    target: TagTarget = strawberry.field(description="What it holds.")

    @strawberry.field(description="The members it holds now.")
    async def members(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Member]:
        held = await info.context.loaders.members_of_tag.load(self.row.id)
        return page_of_loaded([each.member for each in held], member_type, first=first, after=after)

    @strawberry.field(description="The locks it holds now.")
    async def locks(
        self, info: Info, first: First = USUAL_PAGE, after: After = None
    ) -> Connection[Lock]:
        held = await info.context.loaders.locks_of_tag.load(self.row.id)
        return page_of_loaded(
            [each.lock for each in held],
            lambda row: lock_type(row, info.context.clock),
            first=first,
            after=after,
        )


def tag_type(row: tables.Tag) -> Tag:
    """A tag as the API shows it."""
    return Tag(
        id=global_id("tag", row.id),
        row=row,
        created_at=row.created_at,
        name=row.name,
        kind=row.kind,
        target=row.target,
    )


shows(tables.Tag, lambda row, _: tag_type(row))


@strawberry.input(description="A new SPECIAL tag.")
class CreateTagInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str = strawberry.field(description="What people call it.")
    target: TagTarget = strawberry.field(description="What it holds.")
    member_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The members it holds, for a tag of members."
    )
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The locks it holds, for a tag of locks."
    )


@strawberry.input(
    description="Changes to a SPECIAL tag. An omitted field keeps its value; lists replace."
)
class UpdateTagInput:
    tag_id: strawberry.ID = strawberry.field(description="The tag.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Its new name.")
    member_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All the members it holds from now on."
    )
    lock_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All the locks it holds from now on."
    )


@strawberry.input(description="A SPECIAL tag to delete.")
class DeleteTagInput:
    tag_id: strawberry.ID = strawberry.field(description="The tag.")


@strawberry.type(description="The new tag.")
class CreatedTag:
    tag: Tag = strawberry.field(description="The tag.")


@strawberry.type(description="The tag as it is now.")
class UpdatedTag:
    tag: Tag = strawberry.field(description="The tag.")

    @strawberry.field(
        description="Why the PINs and access rules that name the tag may not open by it; empty: nothing is known to "
        "be in the way, or none name it."
    )
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        return warning_types(await changes.of_tag(self.tag.row.id, clock()), clock)


@strawberry.type(description="The tag is gone; what it held stays.")
class DeletedTag:
    tag: Tag = strawberry.field(description="The tag as it was.")
