"""Operations on tags."""

from api.context import Call
from api.operations import AtSite, mutation
from api.resolvers.given_fields import given_fields
from api.schema.errors import PinTooShort
from api.schema.nodes import key_of, keys_of
from api.schema.tags import (
    CreatedTag,
    CreateTagInput,
    DeletedTag,
    DeleteTagInput,
    UpdatedTag,
    UpdateTagInput,
    tag_type,
)
from domain.people.rules import Permission
from domain.tags import service
from domain.tags.tables import Tag

_AT_SITE = AtSite(Permission.CREDENTIALS)
_AT_TAG = AtSite(Permission.CREDENTIALS, "tag_id", "tag", Tag)


@mutation(_AT_SITE)
async def create_tag(call: Call, input: CreateTagInput) -> CreatedTag:
    """Makes a SPECIAL tag of members or of locks."""
    tag = await service.create_tag(
        call.installation,
        call.by,
        name=input.name,
        target=input.target,
        member_ids=keys_of("member", input.member_ids, "member_ids"),
        lock_ids=keys_of("lock", input.lock_ids, "lock_ids"),
        now=call.now,
    )
    return CreatedTag(tag=tag_type(tag))


@mutation(_AT_TAG, PinTooShort)
async def update_tag(call: Call, input: UpdateTagInput) -> UpdatedTag:
    """Renames a SPECIAL tag or replaces what it holds."""
    tag = await service.update_tag(
        call.installation,
        call.by,
        tag_id=key_of("tag", input.tag_id, "tag_id"),
        fields=given_fields(input, "tag_id"),
        now=call.now,
    )
    return UpdatedTag(tag=tag_type(tag))


@mutation(_AT_TAG)
async def delete_tag(call: Call, input: DeleteTagInput) -> DeletedTag:
    """Deletes a SPECIAL tag; what it held stays."""
    key = key_of("tag", input.tag_id, "tag_id")
    return DeletedTag(
        tag=tag_type(await service.delete_tag(call.installation, call.by, tag_id=key, now=call.now))
    )
