"""Operations on members."""

from api.context import Call
from api.operations import AtSite, mutation
from api.resolvers.given_fields import given_fields
from api.schema.erasing import ErasedMember, EraseMemberInput
from api.schema.errors import MailNotSent, PasswordNotConfirmed, SeatLimitReached
from api.schema.invitations import invitation_type
from api.schema.members import (
    CreatedMember,
    CreateMemberInput,
    RemovedMember,
    RemoveMemberInput,
    UpdatedMember,
    UpdateMemberInput,
    member_type,
)
from api.schema.nodes import key_of, keys_of
from domain.erasing.service import erase_member as erase
from domain.people import members
from domain.people.rules import Permission
from domain.people.tables import Member

_AT_SITE = AtSite(Permission.CREDENTIALS)
_AT_MEMBER = AtSite(Permission.CREDENTIALS, "member_id", "member", Member)


@mutation(_AT_SITE, SeatLimitReached, MailNotSent)
async def create_member(call: Call, input: CreateMemberInput) -> CreatedMember:
    """Adds a member. With an e-mail a letter with a link waits to be sent; only its reader can accept, with an account of
    their own."""
    member = await members.create_member(
        call.installation,
        call.by,
        name=input.name,
        role=input.role,
        can_edit=input.can_edit,
        email=input.email,
        now=call.now,
    )
    return CreatedMember(member=member_type(member))


@mutation(_AT_MEMBER, MailNotSent)
async def update_member(call: Call, input: UpdateMemberInput) -> UpdatedMember:
    """Changes what the input names; everything else stays."""
    member = await members.update_member(
        call.installation,
        call.by,
        member_id=key_of("member", input.member_id, "member_id"),
        fields=given_fields(input, "member_id"),
        now=call.now,
    )
    return UpdatedMember(member=member_type(member))


@mutation(_AT_MEMBER)
async def remove_member(call: Call, input: RemoveMemberInput) -> RemovedMember:
    """Removes a member and all of their access, at once."""
    key = key_of("member", input.member_id, "member_id")
    return RemovedMember(
        member=member_type(
            await members.remove_member(call.installation, call.by, member_id=key, now=call.now)
        )
    )


@mutation(AtSite(Permission.SITE_SETTINGS, "member_id", "member", Member), PasswordNotConfirmed)
async def erase_member(call: Call, input: EraseMemberInput) -> ErasedMember:
    """Removes a member, unless they were, and takes names, addresses and notes about them out of the site, for good. What
    was done stays in events, alerts and the audit, by ids. A person confirms their password first."""
    done = await erase(
        call.installation,
        call.by,
        member_id=key_of("member", input.member_id, "member_id"),
        invitation_ids=keys_of("invitation", input.invitation_ids, "invitation_ids") or [],
        now=call.now,
    )
    return ErasedMember(
        member=member_type(done.member),
        invitations=[invitation_type(each) for each in done.invitations],
        remains=list(done.remains),
    )
