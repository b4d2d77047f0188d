"""Whose a PIN is and which locks it names, as an input says it, checked against the caller's site."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from domain.access.schedule import ALWAYS, Schedule
from domain.actors import Caller
from domain.database import lock_row
from domain.database.rows import column
from domain.errors import FeatureNotInPlan, InvalidInput, LockWithoutKeypad, NotFound
from domain.locks.keypads import locks_with_keypad
from domain.locks.service import live_locks
from domain.people.tables import Member
from domain.pins.tables import Pin, PinLock, PinLockTag
from domain.sites.rules import SiteFeature
from domain.sites.tables import Site
from domain.tags.choice import chosen_locks
from domain.tags.service import live_tags, locks_of_tags
from domain.tags.tables import TaggedMember, TagKind, TagTarget

LONGEST_NOTES = 500


@dataclass(frozen=True, slots=True)
class NewPin:
    """A PIN as asked for: whose, by id or default tag; its digits, or None for generated ones; its locks, by id and by tag.

    Where no locks are named it is a personal one.
    """

    owner_id: UUID | None = None
    owner_tag_id: UUID | None = None
    digits: str | None = field(default=None, repr=False)
    notes: str = ""
    lock_ids: Collection[UUID] | None = None
    lock_tag_ids: Collection[UUID] | None = None
    schedule: Schedule = ALWAYS

    @property
    def personal(self) -> bool:
        """Whether it opens what its member's access rules grant."""
        return self.lock_ids is None and self.lock_tag_ids is None


async def chosen_owner(by: Caller, owner_id: UUID | None, owner_tag_id: UUID | None) -> Member:
    """The one authorised member, by id or by default tag. Raises InvalidInput, NotFound."""
    if (owner_id is None) == (owner_tag_id is None):
        raise InvalidInput("owner", "Name either a member or a member's default tag.")
    named_by = "owner.member_id"
    if owner_tag_id is not None:
        named_by = "owner.member_tag_id"
        (tag,) = await live_tags(by.site_id, [owner_tag_id], TagTarget.MEMBER, named_by)
        if tag.kind is not TagKind.DEFAULT:
            raise InvalidInput(named_by, "A PIN belongs to one member: take a default tag.")
        # nobody, where the member has been removed since the tag was read
        held = await column(TaggedMember.filter(tag_id=tag.id), "member_id")
        owner_id = held[0] if held else None
    member = await Member.get_or_none(id=owner_id, site_id=by.site_id, removed_at=None)
    if member is None:
        raise NotFound(named_by)
    return member


async def held_owner(member_id: UUID) -> Member:
    """Within a transaction: the member, whose row is held, so that it cannot be removed meanwhile. Raises NotFound."""
    member = await lock_row(Member, member_id)
    if member is None or member.removed_at is not None:
        raise NotFound("owner")
    return member


async def check_locks(
    by: Caller, lock_ids: Collection[UUID] | None, tag_ids: Collection[UUID] | None
) -> set[UUID]:
    """The chosen locks: each the site's, each with a keypad. Raises InvalidInput, NotFound, LockWithoutKeypad."""
    ids = await chosen_locks(by.site_id, lock_ids, tag_ids)
    without = await live_locks(by.site_id, ids - await locks_with_keypad(ids))
    if without:
        raise LockWithoutKeypad(without)
    return ids


async def locks_after_choice(
    pin: Pin, lock_ids: Collection[UUID] | None, tag_ids: Collection[UUID] | None
) -> set[UUID]:
    """The locks where a rule PIN can be typed once it names these locks and tags; None keeps what it names now."""
    if lock_ids is None:
        lock_ids = await column(PinLock.filter(pin_id=pin.id), "lock_id")
    if tag_ids is None:
        tag_ids = await column(PinLockTag.filter(pin_id=pin.id, tag__deleted_at=None), "tag_id")
    return await locks_with_keypad(set(lock_ids) | await locks_of_tags(tag_ids))


def checked_notes(notes: str | None) -> str:
    """The notes. Raises InvalidInput when they are too long, or hold what no keyboard types."""
    notes = notes or ""
    if len(notes) > LONGEST_NOTES:
        raise InvalidInput("notes", f"Notes have at most {LONGEST_NOTES} characters.")
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\r\t" for each in notes):
        raise InvalidInput("notes", "Notes are text: no control characters but new lines and tabs.")
    return notes


def check_custom_allowed(site: Site) -> None:
    """Whether personal PINs may be chosen at this site. Raises FeatureNotInPlan."""
    if not site.custom_pins_enabled:
        raise FeatureNotInPlan(SiteFeature.CUSTOM_PINS, "custom PINs")
