"""PINs as admins give them: create, change, block, reassign, delete.

What an update leaves out stays as it was, so that no limit goes which nobody meant; what became wider or narrower is in
the answer. `personal` has what members do with their own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.schedule import ALWAYS
from domain.actors import Caller
from domain.audit.service import changing_access
from domain.database import use_case
from domain.errors import InvalidInput, NotFound
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.pins.choices import (
    NewPin,
    check_custom_allowed,
    check_locks,
    checked_notes,
    chosen_owner,
    held_owner,
    locks_after_choice,
)
from domain.pins.digits import AcceptableDigits, acceptable_digits, writing_digits
from domain.pins.entries import follow_pins, locks_chosen, locks_of_pins
from domain.pins.personal import check_none_yet, locks_granted
from domain.pins.tables import Pin, PinKind, PinStatus
from domain.pins.writing import (
    PinWithDigits,
    add_pin,
    choose_locks,
    held_pin,
    replace_digits,
    withdraw,
)
from domain.schedules.changes import AccessLimit, changed_schedule, difference
from domain.schedules.columns import schedule_columns
from domain.sites.tables import Site


@dataclass(frozen=True, slots=True)
class UpdatedPin:
    """A PIN after an update: its digits if they are new, and the names of what became wider and narrower."""

    pin: Pin
    digits: str | None
    widened: tuple[AccessLimit, ...]
    narrowed: tuple[AccessLimit, ...]

    def __repr__(self) -> str:
        return f"UpdatedPin(pin={self.pin.id})"


@use_case
async def create_pin(
    installation: Installation, by: Caller, new: NewPin, now: datetime
) -> PinWithDigits:
    """An admin gives a member a PIN: a rule PIN, or, where no locks are named, a personal one.

    Raises InvalidInput, NotFound, LockWithoutKeypad, and what `acceptable_digits` does; for a personal PIN AlreadyExists
    where the member has one of this kind, FeatureNotInPlan with chosen digits outside the plan.
    """
    if new.personal and new.schedule != ALWAYS:
        raise InvalidInput(
            "lock_ids", "A PIN without locks follows its member's access rules: it has no schedule."
        )
    site = await Site.get(id=by.site_id)
    owner = await chosen_owner(by, new.owner_id, new.owner_tag_id)
    notes = checked_notes(new.notes)
    kind = PinKind.AUTO if new.digits is None else PinKind.CUSTOM
    if new.personal:
        if new.digits is not None:
            check_custom_allowed(site)
        await check_none_yet(owner, kind)
        locks = await locks_granted(owner, "owner")
    else:
        locks = await check_locks(by, new.lock_ids, new.lock_tag_ids)
    accepted = await acceptable_digits(installation, by, site, new.digits, locks, now)
    async with writing_digits(installation, by, "createPin", accepted, now) as change:
        owner = await held_owner(owner.id)
        if new.personal:
            await check_none_yet(owner, kind)
        columns = schedule_columns(new.schedule) | {"notes": notes, "personal": new.personal}
        pin = await add_pin(installation, site, owner, accepted, now, **columns)
        await choose_locks(pin, new.lock_ids, new.lock_tag_ids)
        await follow_pins(installation, change, [pin.id], now)
        said: dict[str, Any] = {"kind": kind.value} if new.personal else {}
        change.note("Pin", pin.id, owner=str(owner.id), **said)
    return PinWithDigits(pin, accepted.digits)


async def _present(by: Caller, pin_id: UUID) -> Pin:
    """The site's PIN as it is now; its row is locked later. Raises NotFound."""
    pin = await Pin.get_or_none(id=pin_id, site_id=by.site_id)
    if pin is None or pin.status is PinStatus.REMOVED:
        raise NotFound("pin_id")
    return pin


async def _others_for(
    installation: Installation,
    by: Caller,
    site: Site,
    pin: Pin,
    asked: str | None,
    locks: Collection[UUID],
    now: datetime,
) -> AcceptableDigits:
    """Digits in place of a PIN's own, for the locks that will hold them; generated unless asked for.

    Raises what `acceptable_digits` does, FeatureNotInPlan.
    """
    if asked is not None:
        if pin.personal:
            check_custom_allowed(site)
        if pin.status is not PinStatus.ACTIVE:
            locks = ()  # a blocked PIN leaves no more to guess at any lock
    return await acceptable_digits(installation, by, site, asked, locks, now, instead_of=pin.id)


@use_case
async def update_pin(
    installation: Installation, by: Caller, *, pin_id: UUID, fields: Fields, now: datetime
) -> UpdatedPin:
    """Changes what `fields` mentions (schedule fields, notes, digits, the choice of locks), and nothing else.

    Raises what `create_pin` does; FeatureNotInPlan for chosen digits of a personal PIN outside the plan. A personal PIN
    has no locks and no schedule to change.
    """
    site = await Site.get(id=by.site_id)
    present = await _present(by, pin_id)
    check_not_cleared(fields, "lock_ids", "lock_tag_ids", "digits")
    choice = fields.keys() & {"lock_ids", "lock_tag_ids"}
    if choice:
        await check_locks(by, fields.get("lock_ids"), fields.get("lock_tag_ids"))
    if present.personal and fields.keys() - {"notes", "digits"}:
        raise InvalidInput("pin_id", "A personal PIN follows its member's access rules.")
    changed_schedule(present.schedule(), fields)
    notes = checked_notes(fields["notes"]) if "notes" in fields else None
    accepted = None
    if "digits" in fields:
        locks = (
            (await locks_of_pins([present]))[pin_id].keys()
            if present.personal
            else await locks_after_choice(
                present, fields.get("lock_ids"), fields.get("lock_tag_ids")
            )
        )
        accepted = await _others_for(installation, by, site, present, fields["digits"], locks, now)
    async with (
        writing_digits(installation, by, "updatePin", accepted, now)
        if accepted is not None
        else changing_access(installation, by, "updatePin", now)
    ) as change:
        pin = await held_pin(by, pin_id)
        old = pin.schedule()
        before = await locks_chosen(pin.id) if choice else set()
        new = changed_schedule(old, fields)
        columns = schedule_columns(new) | {"updated_at": now}
        if notes is not None:
            columns["notes"] = notes
        await pin.update_from_dict(columns).save(update_fields=list(columns))
        await choose_locks(pin, fields.get("lock_ids"), fields.get("lock_tag_ids"))
        if accepted is not None:
            await replace_digits(installation, change, pin, accepted, now)
        else:
            await follow_pins(installation, change, [pin.id], now)
        after = await locks_chosen(pin.id) if choice else before
        widened, narrowed = difference(old, new, before, after)
        change.note("Pin", pin.id, changed=sorted(fields), widened=widened, narrowed=narrowed)
    return UpdatedPin(pin, accepted.digits if accepted else None, tuple(widened), tuple(narrowed))


@use_case
async def reassign_pin(
    installation: Installation, by: Caller, *, pin_id: UUID, digits: str | None, now: datetime
) -> PinWithDigits:
    """New digits for a PIN, generated unless given; all else stays.

    Raises what `acceptable_digits` does, NotFound, FeatureNotInPlan for chosen digits of a personal PIN outside the plan.
    """
    site = await Site.get(id=by.site_id)
    present = await _present(by, pin_id)
    locks = (await locks_of_pins([present]))[pin_id].keys()
    accepted = await _others_for(installation, by, site, present, digits, locks, now)
    async with writing_digits(installation, by, "reassignPin", accepted, now) as change:
        pin = await held_pin(by, pin_id)
        await replace_digits(installation, change, pin, accepted, now)
        change.note("Pin", pin.id)
    return PinWithDigits(pin, accepted.digits)


@use_case
async def set_blocked(
    installation: Installation, by: Caller, *, pin_id: UUID, blocked: bool, now: datetime
) -> Pin:
    """Blocks a PIN, or lets it open again; its digits stay reserved. Raises NotFound, PinTooShort."""
    action = "blockPin" if blocked else "unblockPin"
    async with changing_access(installation, by, action, now) as change:
        pin = await held_pin(by, pin_id)
        wanted = PinStatus.BLOCKED if blocked else PinStatus.ACTIVE
        if pin.status is wanted and pin.blocked_by_admin == blocked:
            change.unchanged()
            return pin
        pin.status, pin.blocked_by_admin, pin.updated_at = wanted, blocked, now
        await pin.save(update_fields=["status", "blocked_by_admin", "updated_at"])
        await follow_pins(installation, change, [pin.id], now)
        change.note("Pin", pin.id)
        return pin


@use_case
async def delete_pin(installation: Installation, by: Caller, *, pin_id: UUID, now: datetime) -> Pin:
    """Removes a PIN from every lock; its digits are free when the last lock has said so. Raises NotFound."""
    async with changing_access(installation, by, "deletePin", now) as change:
        pin = await held_pin(by, pin_id)
        await withdraw(installation, change, [pin], now)
        change.note("Pin", pin.id)
        return pin
