"""Default and special tags, and what they stand for."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.actors import Caller
from domain.audit.service import RecordedChange, changing_access
from domain.database import lock_row, use_case
from domain.database.rows import column
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.facts import announce
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.locks.service import live_locks
from domain.people.members import live_members
from domain.sites.rules import checked_name
from domain.tags.facts import TagHolds
from domain.tags.tables import Tag, TaggedLock, TaggedMember, TagKind, TagTarget


async def live_tags(
    site_id: UUID, ids: Collection[UUID], target: TagTarget, field: str
) -> list[Tag]:
    """The site's tags of one target with these ids. Raises NotFound when one is missing, deleted or foreign."""
    wanted = set(ids)
    rows = await Tag.filter(id__in=wanted, site_id=site_id, target=target, deleted_at=None)
    if len(rows) != len(wanted):
        raise NotFound(field)
    return rows


async def locks_of_tags(tag_ids: Collection[UUID]) -> set[UUID]:
    """The ids of the locks that these tags hold now, deleted ones left out."""
    rows = TaggedLock.filter(tag_id__in=set(tag_ids), lock__deleted_at=None)
    return set(await column(rows, "lock_id"))


async def _fill(
    tag: Tag, member_ids: Collection[UUID] | None, lock_ids: Collection[UUID] | None
) -> None:
    """Makes the tag hold exactly these; removing a lock or member waits for its turn (`changing_access`), so none goes
    meanwhile. Raises InvalidInput, NotFound."""
    if tag.target is TagTarget.MEMBER:
        if lock_ids is not None:
            raise InvalidInput("lock_ids", "This tag holds members.")
        if member_ids is not None:
            members = await live_members(tag.site_id, member_ids)
            await TaggedMember.filter(tag_id=tag.id).delete()
            await TaggedMember.bulk_create([TaggedMember(tag=tag, member=m) for m in members])
    else:
        if member_ids is not None:
            raise InvalidInput("member_ids", "This tag holds locks.")
        if lock_ids is not None:
            locks = await live_locks(tag.site_id, lock_ids)
            await TaggedLock.filter(tag_id=tag.id).delete()
            await TaggedLock.bulk_create([TaggedLock(tag=tag, lock=lock) for lock in locks])


@use_case
async def create_tag(
    installation: Installation,
    by: Caller,
    *,
    name: str,
    target: TagTarget,
    member_ids: Collection[UUID] | None,
    lock_ids: Collection[UUID] | None,
    now: datetime,
) -> Tag:
    """A SPECIAL tag. Raises InvalidInput, NotFound."""
    name = checked_name(name)
    async with changing_access(installation, by, "createTag", now) as change:
        tag = await Tag.create(
            site_id=by.site_id, kind=TagKind.SPECIAL, target=target, name=name, created_at=now
        )
        await _fill(tag, member_ids, lock_ids)
        change.note("Tag", tag.id)
        return tag


@use_case
async def update_tag(
    installation: Installation,
    by: Caller,
    *,
    tag_id: UUID,
    fields: Fields,
    now: datetime,
) -> Tag:
    """Renames a SPECIAL tag or replaces what it holds (`name`, `member_ids`, `lock_ids`).

    Raises InvalidInput, NotFound, NotAllowed.
    """
    check_not_cleared(fields, "name", "member_ids", "lock_ids")
    async with changing_access(installation, by, "updateTag", now) as change:
        tag = await _held_special(by, tag_id)
        if "name" in fields:
            tag.name = checked_name(fields["name"])
            await tag.save(update_fields=["name"])
        held = await _members(tag)
        await _fill(tag, fields.get("member_ids"), fields.get("lock_ids"))
        await _announce(installation, change, tag, held | await _members(tag), now)
        change.note("Tag", tag.id, changed=sorted(fields))
        return tag


async def _members(tag: Tag) -> set[UUID]:
    return set(await column(TaggedMember.filter(tag_id=tag.id), "member_id"))


async def _announce(
    installation: Installation, change: RecordedChange, tag: Tag, members: set[UUID], now: datetime
) -> None:
    """What the tag stands for has changed, for those too who have just left it."""
    await announce(installation, change, TagHolds(tag.id, frozenset(members)), now)
    change.wake(*(topics.member(member_id) for member_id in members))


@use_case
async def delete_tag(installation: Installation, by: Caller, *, tag_id: UUID, now: datetime) -> Tag:
    """Deletes a SPECIAL tag. Raises NotFound, NotAllowed."""
    async with changing_access(installation, by, "deleteTag", now) as change:
        tag = await _held_special(by, tag_id)
        held = await _members(tag)
        await _fill(
            tag,
            [] if tag.target is TagTarget.MEMBER else None,
            [] if tag.target is TagTarget.LOCK else None,
        )
        tag.deleted_at = now
        await tag.save(update_fields=["deleted_at"])
        await _announce(installation, change, tag, held, now)
        change.note("Tag", tag.id)
        return tag


async def _held_special(by: Caller, tag_id: UUID) -> Tag:
    tag = await lock_row(Tag, tag_id)
    if tag is None or tag.site_id != by.site_id or tag.deleted_at is not None:
        raise NotFound("tag_id")
    if tag.kind is TagKind.DEFAULT:
        raise NotAllowed("A default tag belongs to its member or lock and cannot be changed.")
    return tag
