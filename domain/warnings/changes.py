"""Warnings after a change to a tag, a lock or its readers: what it puts in the way of existing credentials."""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import chain
from uuid import UUID

from domain.access_rules.grants import rules_naming_lock, rules_naming_tag
from domain.database.rows import column
from domain.inputs.partial_updates import Fields
from domain.locks.rules import is_online
from domain.locks.tables import Lock
from domain.pins.tables import PinLock, PinLockTag, PinStatus
from domain.tags.service import locks_of_tags
from domain.tags.tables import Tag, TaggedLock, TagTarget
from domain.warnings.credentials import lacks_of_rules, rules_with_pins
from domain.warnings.doors import Doors, Warned
from domain.warnings.rules import Lack, WarningCode, Way, lacks, too_old


async def of_tag(tag_id: UUID, now: datetime) -> list[Warned]:
    """Warnings for the credentials that name the tag: at the doors that it holds, or for the people in it."""
    tag = await Tag.get(id=tag_id)
    rules = await rules_naming_tag(tag.id)
    if tag.target is TagTarget.MEMBER:
        doors, found = await lacks_of_rules(rules, now)
        return doors.warnings(chain.from_iterable(found.values()))
    pins = PinLockTag.filter(tag_id=tag.id).exclude(pin__status=PinStatus.REMOVED)
    typed = await pins.exists() or bool(await rules_with_pins(rules))
    ways = [*([Way.PIN] if typed else []), *([Way.PHONE] if rules else [])]
    ids = await locks_of_tags([tag.id])
    doors = await Doors.of(ids)
    return doors.warnings(
        lack for door in doors.at(ids) for way in ways for lack in lacks(door, way)
    )


async def of_readers(lock_id: UUID) -> list[Warned]:
    """A warning if PINs name this lock and it has no keypad any more."""
    doors = await Doors.of([lock_id])
    without = [door for door in doors.at([lock_id]) if not door.has_keypad]
    if not without or not await _typed_at(lock_id):
        return []
    return doors.warnings((WarningCode.LOCK_WITHOUT_KEYPAD, door) for door in without)


async def of_pin_mode(lock_ids: Collection[UUID], *, enabled: bool, now: datetime) -> list[Warned]:
    """Warnings after switching PIN mode: locks that cannot hold it so, and locks that do not hear of it at once."""
    doors = await Doors.of(lock_ids)
    return doors.warnings(
        lack
        for door in doors.at(lock_ids)
        for lack in chain(
            () if door.too_old is False else (too_old(door),),
            _unheard(doors, door.lock_id, Way.PIN, now) if enabled else (),
        )
    )


async def _typed_at(lock_id: UUID) -> bool:
    there = {"pin__status__in": [PinStatus.ACTIVE, PinStatus.BLOCKED]}
    tags = await column(TaggedLock.filter(lock_id=lock_id), "tag_id")
    return (
        await PinLock.filter(lock_id=lock_id, **there).exists()
        or await PinLockTag.filter(tag_id__in=tags, **there).exists()
        or bool(await rules_with_pins(await rules_naming_lock(lock_id)))
    )


async def of_switching_on(lock_ids: Collection[UUID], way: Way, now: datetime) -> list[Warned]:
    """Warnings after switching PINs or SmartPINs on: those of these locks that do not hear of it at once."""
    doors = await Doors.of(lock_ids)
    return doors.warnings(
        lack for lock_id in lock_ids for lack in _unheard(doors, lock_id, way, now)
    )


def _unheard(doors: Doors, lock_id: UUID, way: Way, now: datetime) -> Iterator[Lack]:
    for door in doors.at([lock_id]):
        lock = doors.row(lock_id)
        on = door.takes_pins if way is Way.PIN else bool(door.smart_pins_of)
        if not door.set_up:
            yield WarningCode.LOCK_NEVER_SET_UP, door
        if not door.has_network:
            yield WarningCode.LOCK_HAS_NO_NETWORK, door
        if not on and not is_online(lock.feed_id, lock.nonces, lock.last_contact_at, now):
            yield WarningCode.SETTING_NOT_ON_LOCK, door


async def of_lock(lock: Lock, fields: Fields, now: datetime) -> list[Warned]:
    """Warnings after an update of these fields: SmartPINs on at a lock that does not hear of it, or no network."""
    if fields.get("smart_pin_enabled"):
        return await of_switching_on([lock.id], Way.SMART_PIN, now)
    if "connectivity" not in fields:
        return []
    doors = await Doors.of([lock.id])
    without = (door for door in doors.at([lock.id]) if not door.has_network)
    return doors.warnings((WarningCode.LOCK_HAS_NO_NETWORK, door) for door in without)
