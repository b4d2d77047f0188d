"""What PINs do when something below them has changed: a tag, a lock's keypad, what access rules grant.

Tags count as they are now, so a PIN that names one opens whatever it holds. Whoever changes what a PIN stands on says so in
its own transaction, and the entries of the PINs concerned are written before the commit.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain import topics
from domain.access_rules.facts import GrantsChanged
from domain.access_rules.grants import members_of_rules, rules_naming_lock, rules_naming_tag
from domain.audit.service import RecordedChange
from domain.database import Transaction, lock_rows
from domain.database.rows import column
from domain.installation import Installation
from domain.locks.facts import KeypadsChanged, LockGone
from domain.locks.tables import Lock
from domain.people.facts import MemberGone
from domain.pins.digits import forget_lock, release
from domain.pins.entries import follow_pins
from domain.pins.tables import Pin, PinLock, PinLockTag, PinStatus
from domain.pins.writing import withdraw
from domain.sync.facts import EntriesSettled, IncarnationBegan
from domain.sync.tables import EntryState, LockEntry
from domain.tags.facts import TagHolds
from domain.tags.tables import TaggedLock


async def follow_keypads(
    installation: Installation, change: RecordedChange, fact: KeypadsChanged, now: datetime
) -> None:
    """The lock takes PINs or does so no more; the PINs that name it, or that it held, follow."""
    await lock_rows(Lock, [fact.lock_id])
    tags = await column(TaggedLock.filter(lock_id=fact.lock_id), "tag_id")
    members = await members_of_rules(await rules_naming_lock(fact.lock_id))
    await _follow_chosen(installation, change, {fact.lock_id}, set(tags), members, now)


async def follow_tag(
    installation: Installation, change: RecordedChange, fact: TagHolds, now: datetime
) -> None:
    """The PINs and rules that name the tag follow, and the personal PINs of its members."""
    members = await members_of_rules(await rules_naming_tag(fact.tag_id))
    await _follow_chosen(installation, change, set(), {fact.tag_id}, members, now)
    await follow_personal_pins(installation, change, fact.member_ids, now)


async def withdraw_pins_of_member(
    installation: Installation, change: RecordedChange, fact: MemberGone, now: datetime
) -> None:
    """The PINs of the member end."""
    pins = await Pin.filter(owner_id=fact.member_id).exclude(status=PinStatus.REMOVED)
    await withdraw(installation, change, pins, now)


async def forget_held_digits(
    installation: Installation,
    change: RecordedChange,
    fact: LockGone | IncarnationBegan,
    now: datetime,
) -> None:
    """The lock holds nothing any more."""
    await forget_lock(fact.lock_id)


async def free_settled_digits(
    installation: Installation, tx: Transaction, fact: EntriesSettled, now: datetime
) -> None:
    """The digits that no lock holds any more are free."""
    await release(fact.entry_ids)


async def _follow_chosen(
    installation: Installation,
    change: RecordedChange,
    lock_ids: set[UUID],
    tag_ids: set[UUID],
    member_ids: set[UUID],
    now: datetime,
) -> None:
    change.wake(*(topics.member(member_id) for member_id in member_ids))
    there = ~Q(pin__status=PinStatus.REMOVED)
    ids = set(await column(PinLock.filter(there, lock_id__in=list(lock_ids)), "pin_id"))
    ids |= set(await column(PinLockTag.filter(there, tag_id__in=list(tag_ids)), "pin_id"))
    ids |= set(
        await LockEntry.filter(
            lock_id__in=list(lock_ids),
            pin_id__isnull=False,
            state__not=EntryState.REMOVED,
            gone_at=None,
        ).values_list("pin_id", flat=True)
    )
    ids |= set(await column(_personal_pins_of(member_ids), "id"))
    if ids:
        await follow_pins(installation, change, ids, now)


def _personal_pins_of(member_ids: Collection[UUID]) -> Any:
    return Pin.filter(owner_id__in=list(member_ids), personal=True).exclude(
        status=PinStatus.REMOVED
    )


async def follow_grants(
    installation: Installation, change: RecordedChange, fact: GrantsChanged, now: datetime
) -> None:
    """These members' access rules are others than before; their personal PINs follow."""
    await follow_personal_pins(installation, change, fact.member_ids, now)


async def follow_personal_pins(
    installation: Installation, change: RecordedChange, member_ids: Collection[UUID], now: datetime
) -> None:
    """Within a transaction: these members' access rules are others than before; their personal PINs follow."""
    ids = await column(_personal_pins_of(member_ids), "id")
    if ids:
        await follow_pins(installation, change, ids, now)
