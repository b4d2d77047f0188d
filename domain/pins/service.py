"""PINs as admins give them: create, change, block, reassign, delete.

The dangerous directions: digits that outlive the request, and an update that loosens a limit which nobody mentioned. What
an update leaves out stays; what became wider or narrower is in the answer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from domain.access.schedule import Schedule, Weekday
from domain.access.widening import compare
from domain.audit.service import recorded
from domain.columns import column, new_id, schedule_columns
from domain.database import DuplicateRow, lock_row, use_case
from domain.errors import (
    InvalidInput,
    InvalidSchedule,
    LockWithoutKeypad,
    NotFound,
    PinNotAcceptable,
)
from domain.installation import Installation
from domain.people.actors import Caller
from domain.people.tables import Member
from domain.pins.reservations import is_taken, reserve, retire
from domain.pins.rules import check_length, generate, is_weak
from domain.pins.tables import Pin, PinKind, PinLock, PinLockTag, PinStatus
from domain.pins.verifiers import derive, seal_verifier
from domain.pins.wanted import follow_pins, locks_with_keypad, withdraw
from domain.schedule_input import make_schedule
from domain.sites.tables import Site
from domain.tags.service import live_locks, live_tags, locks_of_tags
from domain.tags.tables import TaggedMember, TagTarget

LONGEST_NOTES = 500
GENERATED_TRIES = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A PIN with its digits, for the one answer that shows them."""

    pin: Pin
    digits: str

    def __repr__(self) -> str:
        return f"Shown(pin={self.pin.id})"


@dataclass(frozen=True, slots=True)
class Changed:
    """A PIN after an update: its digits if they are new, and the names of what became wider and narrower."""

    pin: Pin
    digits: str | None
    widened: tuple[str, ...]
    narrowed: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Changed(pin={self.pin.id})"


@dataclass(frozen=True, slots=True)
class _Digits:
    """Acceptable digits and their verifier, for the length of one use case."""

    digits: str
    verifier: bytes
    kind: PinKind

    def __repr__(self) -> str:
        return "_Digits()"


async def acceptable_digits(here: Installation, site: Site, asked: str | None) -> _Digits:
    """The digits asked for, or generated ones. The slow hash is spent before weak and taken are told apart by no one.

    Raises InvalidPin, PinTooShort, PolicyViolation, PinNotAcceptable, Throttled.
    """
    if asked is None:
        for _ in range(GENERATED_TRIES):
            digits = generate(site.pin_auto_length)
            verifier = await derive(here, site, digits)
            if not await is_taken(here, site, verifier):
                return _Digits(digits, verifier, PinKind.AUTO)
        raise PinNotAcceptable
    check_length(asked, site.pin_min_length, site.pin_max_length)
    verifier = await derive(here, site, asked)
    taken = await is_taken(here, site, verifier)
    if is_weak(asked) or taken:
        raise PinNotAcceptable
    return _Digits(asked, verifier, PinKind.CUSTOM)


async def _owner(by: Caller, owner_id: UUID | None, owner_tag_id: UUID | None) -> Member:
    """The one authorised member, by id or by default tag. Raises InvalidInput, NotFound."""
    if (owner_id is None) == (owner_tag_id is None):
        raise InvalidInput("ownerId", "Name the owner by ownerId or by ownerTagId.")
    field = "ownerId"
    if owner_tag_id is not None:
        field = "ownerTagId"
        (tag,) = await live_tags(by.site_id, [owner_tag_id], TagTarget.MEMBER, field)
        held = await column(TaggedMember.filter(tag_id=tag.id), "member_id")
        if len(held) != 1:
            raise InvalidInput(field, "A PIN belongs to one member: take a default tag.")
        owner_id = held[0]
    member = await Member.get_or_none(id=owner_id, site_id=by.site_id, removed_at=None)
    if member is None:
        raise NotFound(field)
    return member


async def _check_locks(
    by: Caller, lock_ids: Collection[UUID] | None, tag_ids: Collection[UUID] | None
) -> None:
    """Every chosen lock is the site's and has a keypad. Raises InvalidInput, NotFound, LockWithoutKeypad."""
    for field, given in (("lockIds", lock_ids), ("lockTagIds", tag_ids)):
        if given is not None and not given:
            raise InvalidInput(field, "Name at least one, or leave the field out.")
    locks = await live_locks(by.site_id, lock_ids or ())
    tags = await live_tags(by.site_id, tag_ids or (), TagTarget.LOCK, "lockTagIds")
    ids = {lock.id for lock in locks} | await locks_of_tags([tag.id for tag in tags])
    able = await locks_with_keypad(ids)
    without = await live_locks(by.site_id, ids - able)
    if without:
        raise LockWithoutKeypad(sorted(lock.name for lock in without))


async def _choose(
    pin: Pin, lock_ids: Collection[UUID] | None, tag_ids: Collection[UUID] | None
) -> None:
    """Replaces the choice of locks by id, of tags, or both; None keeps."""
    if lock_ids is not None:
        await PinLock.filter(pin_id=pin.id).delete()
        await PinLock.bulk_create([PinLock(pin=pin, lock_id=each) for each in set(lock_ids)])
    if tag_ids is not None:
        await PinLockTag.filter(pin_id=pin.id).delete()
        await PinLockTag.bulk_create([PinLockTag(pin=pin, tag_id=each) for each in set(tag_ids)])


def _checked_notes(notes: str) -> str:
    if len(notes) > LONGEST_NOTES:
        raise InvalidInput("notes", f"Notes have at most {LONGEST_NOTES} characters.")
    return notes


def check_dates(schedule: Schedule, today: date) -> None:
    """A past start is fine; an end before today can never open. Raises InvalidSchedule."""
    if isinstance(schedule.valid_until, date) and schedule.valid_until < today:
        raise InvalidSchedule("validUntil", "The end lies in the past.")


@use_case
async def create_pin(
    here: Installation,
    by: Caller,
    *,
    owner_id: UUID | None,
    owner_tag_id: UUID | None,
    digits: str | None,
    notes: str,
    lock_ids: Collection[UUID] | None,
    lock_tag_ids: Collection[UUID] | None,
    schedule: Schedule,
    now: datetime,
) -> Shown:
    """A rule PIN for one member. Raises what `acceptable_digits` does, InvalidInput, NotFound, LockWithoutKeypad."""
    site = await Site.get(id=by.site_id)
    owner = await _owner(by, owner_id, owner_tag_id)
    if lock_ids is None and lock_tag_ids is None:
        raise InvalidInput("lockIds", "Name the locks that the PIN opens.")
    await _check_locks(by, lock_ids, lock_tag_ids)
    accepted = await acceptable_digits(here, site, digits)
    try:
        async with recorded(here, by, "createPin", now) as deed:
            pin = Pin(
                id=new_id(),
                site=site,
                owner=owner,
                kind=accepted.kind,
                notes=_checked_notes(notes),
                length=len(accepted.digits),
                created_at=now,
                updated_at=now,
                **schedule_columns(schedule),
            )
            pin.verifier_sealed = seal_verifier(here, pin, accepted.verifier)
            await pin.save()
            await reserve(here, site, pin, accepted.verifier)
            await _choose(pin, lock_ids, lock_tag_ids)
            await follow_pins(here, deed, [pin.id], now)
            deed.note("Pin", pin.id, owner=str(owner.id))
    except DuplicateRow:
        raise PinNotAcceptable from None
    return Shown(pin, accepted.digits)


async def locked_pin(by: Caller, pin_id: UUID) -> Pin:
    """The site's PIN, its row locked. Raises NotFound."""
    pin = await lock_row(Pin, pin_id)
    if pin is None or pin.site_id != by.site_id or pin.status is PinStatus.REMOVED:
        raise NotFound("pinId")
    return pin


@dataclass(frozen=True, slots=True)
class PinUpdate:
    """What an update mentions: `fields` holds schedule fields, notes, digits, and the choice of locks; the rest stays."""

    fields: dict[str, Any]


def _new_schedule(old: Schedule, fields: dict[str, Any]) -> Schedule:
    """The old schedule with the mentioned fields replaced; None clears a limit. Raises InvalidSchedule."""

    def value(name: str, present: Any) -> Any:
        return fields.get(name, present)

    slot_start: time | None = value("slot_start", old.slot.start if old.slot else None)
    slot_end: time | None = value("slot_end", old.slot.end if old.slot else None)
    weekdays: Collection[Weekday] | None = value("weekdays", old.weekdays)
    return make_schedule(
        valid_from=value("valid_from", old.valid_from),
        valid_until=value("valid_until", old.valid_until),
        slot_start=slot_start,
        slot_end=slot_end,
        weekdays=weekdays,
    )


@use_case
async def update_pin(
    here: Installation, by: Caller, *, pin_id: UUID, update: PinUpdate, now: datetime
) -> Changed:
    """Changes what is mentioned, and nothing else. Raises what `create_pin` does."""
    fields = update.fields
    site = await Site.get(id=by.site_id)
    for field, name in (("lock_ids", "lockIds"), ("lock_tag_ids", "lockTagIds")):
        if field in fields and fields[field] is None:
            raise InvalidInput(name, "The locks cannot be cleared: name at least one.")
    await _check_locks(by, fields.get("lock_ids"), fields.get("lock_tag_ids"))
    accepted = (
        await acceptable_digits(here, site, fields["digits"]) if fields.get("digits") else None
    )
    try:
        async with recorded(here, by, "updatePin", now) as deed:
            pin = await locked_pin(by, pin_id)
            before = await _locks_now(pin)
            old = pin.schedule()
            new = _new_schedule(old, fields)
            if "notes" in fields:
                pin.notes = _checked_notes(fields["notes"] or "")
            pin.update_from_dict(schedule_columns(new))
            pin.updated_at = now
            await pin.save()
            await _choose(pin, fields.get("lock_ids"), fields.get("lock_tag_ids"))
            if accepted is not None:
                await _set_digits(here, site, pin, accepted)
            await follow_pins(here, deed, [pin.id], now)
            if accepted is not None:
                await _swap_reservation(here, site, pin, accepted, now)
            widened, narrowed = _difference(old, new, before, await _locks_now(pin))
            deed.note("Pin", pin.id, changed=sorted(fields), widened=widened, narrowed=narrowed)
    except DuplicateRow:
        raise PinNotAcceptable from None
    return Changed(pin, accepted.digits if accepted else None, tuple(widened), tuple(narrowed))


async def _locks_now(pin: Pin) -> set[UUID]:
    by_id = await column(PinLock.filter(pin_id=pin.id), "lock_id")
    tags = await column(PinLockTag.filter(pin_id=pin.id), "tag_id")
    return set(by_id) | await locks_of_tags(tags)


_API_NAMES = {
    "valid_from": "validFrom",
    "valid_until": "validUntil",
    "slot": "slot",
    "weekdays": "weekdays",
}


def _difference(
    old: Schedule, new: Schedule, before: set[UUID], after: set[UUID]
) -> tuple[list[str], list[str]]:
    compared = compare(old, new)
    widened = [_API_NAMES[name] for name in sorted(compared.widened)]
    narrowed = [_API_NAMES[name] for name in sorted(compared.narrowed)]
    if after - before:
        widened.append("locks")
    if before - after:
        narrowed.append("locks")
    return widened, narrowed


async def _set_digits(here: Installation, site: Site, pin: Pin, accepted: _Digits) -> None:
    pin.verifier_sealed = seal_verifier(here, pin, accepted.verifier)
    pin.length, pin.kind = len(accepted.digits), accepted.kind
    pin.digits_version += 1
    await pin.save()


async def _swap_reservation(
    here: Installation, site: Site, pin: Pin, accepted: _Digits, now: datetime
) -> None:
    """The new digits are reserved, the old ones given up; those stay taken while a lock holds them."""
    await retire(pin, now)
    await reserve(here, site, pin, accepted.verifier)


@use_case
async def reassign_pin(
    here: Installation, by: Caller, *, pin_id: UUID, digits: str | None, now: datetime
) -> Shown:
    """New digits for a PIN, generated unless given; all else stays. Raises what `acceptable_digits` does, NotFound."""
    site = await Site.get(id=by.site_id)
    accepted = await acceptable_digits(here, site, digits)
    try:
        async with recorded(here, by, "reassignPin", now) as deed:
            pin = await locked_pin(by, pin_id)
            pin.updated_at = now
            await _set_digits(here, site, pin, accepted)
            await follow_pins(here, deed, [pin.id], now)
            await _swap_reservation(here, site, pin, accepted, now)
            deed.note("Pin", pin.id)
    except DuplicateRow:
        raise PinNotAcceptable from None
    return Shown(pin, accepted.digits)


@use_case
async def set_blocked(
    here: Installation, by: Caller, *, pin_id: UUID, blocked: bool, now: datetime
) -> Pin:
    """Blocks a PIN, or lets it open again; its digits stay reserved. Raises NotFound."""
    action = "blockPin" if blocked else "unblockPin"
    async with recorded(here, by, action, now) as deed:
        pin = await locked_pin(by, pin_id)
        wanted = PinStatus.BLOCKED if blocked else PinStatus.ACTIVE
        if pin.status is wanted:
            deed.unchanged()
            return pin
        pin.status, pin.updated_at = wanted, now
        await pin.save()
        await follow_pins(here, deed, [pin.id], now)
        deed.note("Pin", pin.id)
        return pin


@use_case
async def delete_pin(here: Installation, by: Caller, *, pin_id: UUID, now: datetime) -> Pin:
    """Removes a PIN from every lock; its digits are free when the last lock has said so. Raises NotFound."""
    async with recorded(here, by, "deletePin", now) as deed:
        pin = await locked_pin(by, pin_id)
        await withdraw(here, deed, [pin], now)
        deed.note("Pin", pin.id)
        return pin
