"""Erasing a person."""

import strawberry
from strawberry.types import Info

from api.schema.invitations import Invitation
from api.schema.members import Member
from api.schema.warnings import OF_LEASES, Warning_, warning_types
from domain.erasing.service import Remainder
from domain.warnings import leases


@strawberry.input(description="A person to erase from the site.")
class EraseMemberInput:
    member_id: strawberry.ID = strawberry.field(
        description="The member, who may have been removed before."
    )
    invitation_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Invitations that were this person's, as nothing else says: they end, and lose their names, their "
        "phones and those phones' names.",
    )


@strawberry.type(description="The person's names, addresses and notes are gone for good.")
class ErasedMember:
    member: Member = strawberry.field(description="The member as they read from now on.")
    invitations: list[Invitation] = strawberry.field(
        description="The invitations as they read from now on. At most 100."
    )

    @strawberry.field(description=OF_LEASES)
    async def warnings(self, info: Info) -> list[Warning_]:
        clock = info.context.clock
        invitations = [each.row.id for each in self.invitations]
        return warning_types(
            await leases.of_erased(self.member.row.id, invitations, clock()), clock
        )

    remains: list[Remainder] = strawberry.field(
        description="What is still somewhere. At most one of each."
    )
