"""Default tags: each member and lock has one, made, renamed and deleted with it."""

from datetime import datetime

from domain.audit.service import RecordedChange
from domain.database.search_text import folded
from domain.installation import Installation
from domain.locks.facts import LockGone, LockMade, LockRenamed
from domain.locks.tables import Lock
from domain.people.facts import MemberGone, MemberMade, MemberRenamed
from domain.people.tables import Member
from domain.tags.tables import Tag, TaggedLock, TaggedMember, TagKind, TagTarget


async def add_default_tag(owner: Member | Lock, now: datetime) -> None:
    """Within a transaction: a DEFAULT tag of the same name that holds just this member or lock."""
    target = TagTarget.MEMBER if isinstance(owner, Member) else TagTarget.LOCK
    tag = await Tag.create(
        site_id=owner.site_id, kind=TagKind.DEFAULT, target=target, name=owner.name, created_at=now
    )
    if isinstance(owner, Member):
        await TaggedMember.create(tag=tag, member=owner)
    else:
        await TaggedLock.create(tag=tag, lock=owner)


async def default_tag(owner: Member | Lock) -> Tag:
    """The DEFAULT tag of a member or lock."""
    rows: list[Tag]
    if isinstance(owner, Member):
        held = await TaggedMember.filter(member_id=owner.id).values_list("tag_id", flat=True)
    else:
        held = await TaggedLock.filter(lock_id=owner.id).values_list("tag_id", flat=True)
    rows = await Tag.filter(id__in=list(held), kind=TagKind.DEFAULT)
    return rows[0]


async def _owner(
    fact: MemberMade | MemberRenamed | MemberGone | LockMade | LockRenamed | LockGone,
) -> Member | Lock:
    match fact:
        case MemberMade() | MemberRenamed() | MemberGone():
            return await Member.get(id=fact.member_id)
        case _:
            return await Lock.get(id=fact.lock_id)


async def make_default_tag(
    installation: Installation, change: RecordedChange, fact: MemberMade | LockMade, now: datetime
) -> None:
    """The new member or lock gets its DEFAULT tag."""
    await add_default_tag(await _owner(fact), now)


async def rename_default_tag(
    installation: Installation,
    change: RecordedChange,
    fact: MemberRenamed | LockRenamed,
    now: datetime,
) -> None:
    """The DEFAULT tag has the name of its member or lock."""
    owner = await _owner(fact)
    await Tag.filter(id=(await default_tag(owner)).id).update(
        name=owner.name, search_text=folded(owner.name)
    )


async def drop_default_tag(
    installation: Installation, change: RecordedChange, fact: MemberGone | LockGone, now: datetime
) -> None:
    """The DEFAULT tag goes with its member or lock, which leaves every SPECIAL one too. A person's name goes with it."""
    owner = await _owner(fact)
    gone: dict[str, object] = {"deleted_at": now}
    if isinstance(owner, Member):
        gone |= {"name": "", "search_text": ""}
    await Tag.filter(id=(await default_tag(owner)).id).update(**gone)
    if isinstance(owner, Member):
        await TaggedMember.filter(member_id=owner.id).delete()
    else:
        await TaggedLock.filter(lock_id=owner.id).delete()
