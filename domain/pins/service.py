"""PINs as admins give them: create, change, block, reassign, delete.

The dangerous directions: digits that outlive the request, and an update that loosens a limit which nobody mentioned. What
an update leaves out stays; what became wider or narrower is in the answer.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.schedule import Schedule
from domain.actors import Caller
from domain.audit.service import RecordedChange, changing_access
from domain.database import Conflict, DatabaseUnavailable, DuplicateRow, lock_row, use_case
from domain.database.rows import new_id
from domain.errors import FeatureNotInPlan, InvalidInput, NotFound, PinNotAcceptable, PinTooShort
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.people.tables import Member
from domain.pins.choices import (
    check_locks,
    checked_notes,
    choose_locks,
    chosen_owner,
    held_owner,
    locks_after_choice,
)
from domain.pins.digits import (
    AcceptableDigits,
    chosen_digits,
    generated_digits,
    give_try_back,
)
from domain.pins.reservations import reserve, retire
from domain.pins.tables import Pin, PinStatus
from domain.pins.verifiers import seal_verifier
from domain.pins.wanted import (
    follow_pins,
    locks_chosen,
    locks_of_pins,
    withdraw,
)
from domain.schedules.changes import changed_schedule, difference
from domain.schedules.columns import schedule_columns
from domain.sites.tables import Site


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


@asynccontextmanager
async def setting_digits(
    installation: Installation, by: Caller, action: str, now: datetime, *, chosen: bool
) -> AsyncIterator[RecordedChange]:
    """As `changing_access`, for a use case that reserves digits.

    Whoever commits second is refused like anybody else; generated digits are made anew, since they meet no refusal. The
    try at chosen ones is given back when they are set, and when the database could not do it.
    """
    try:
        async with changing_access(installation, by, action, now) as change:
            yield change
    except (DuplicateRow, PinNotAcceptable, PinTooShort) as refusal:
        if not chosen:
            raise Conflict("somebody else was first") from None  # done again by `use_case`
        raise (refusal if isinstance(refusal, PinTooShort) else PinNotAcceptable()) from None
    except DatabaseUnavailable:  # a deadlock, too, after which `use_case` does all of it again
        if chosen:
            await give_try_back(installation, by)
        raise
    if chosen:
        await give_try_back(installation, by)


@use_case
async def create_pin(
    installation: Installation,
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
    """A rule PIN for one member. Raises what `chosen_digits` does, InvalidInput, NotFound, LockWithoutKeypad."""
    site = await Site.get(id=by.site_id)
    owner = await chosen_owner(by, owner_id, owner_tag_id)
    notes = checked_notes(notes)
    locks = await check_locks(by, lock_ids, lock_tag_ids)
    accepted = (
        await chosen_digits(installation, by, site, digits, locks, now)
        if digits is not None
        else await generated_digits(installation, by, site, locks, now)
    )
    async with setting_digits(
        installation, by, "createPin", now, chosen=digits is not None
    ) as change:
        owner = await held_owner(owner.id)
        pin = new_pin(installation, site, owner, accepted, now)
        pin.notes = notes
        pin.update_from_dict(schedule_columns(schedule))
        await pin.save(force_create=True)
        await reserve(installation, site, pin, accepted.verifier)
        await choose_locks(pin, lock_ids, lock_tag_ids)
        await follow_pins(installation, change, [pin.id], now)
        change.note("Pin", pin.id, owner=str(owner.id))
    return Shown(pin, accepted.digits)


def new_pin(
    installation: Installation, site: Site, owner: Member, accepted: AcceptableDigits, now: datetime
) -> Pin:
    """A PIN that is not saved yet."""
    pin = Pin(
        id=new_id(),
        site=site,
        owner=owner,
        kind=accepted.kind,
        length=len(accepted.digits),
        created_at=now,
        updated_at=now,
    )
    pin.verifier_sealed = seal_verifier(installation, pin, accepted.verifier)
    return pin


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
    digits: str,
    locks: Collection[UUID],
    now: datetime,
) -> AcceptableDigits:
    """Chosen digits in place of a PIN's own, judged after all else, for the locks that will hold them.

    Raises what `chosen_digits` does, FeatureNotInPlan.
    """
    if pin.personal:
        check_custom_allowed(site)
    open_at = locks if pin.status is PinStatus.ACTIVE else ()
    return await chosen_digits(installation, by, site, digits, open_at, now, instead_of=pin.id)


def check_custom_allowed(site: Site) -> None:
    """Whether personal PINs may be chosen at this site. Raises FeatureNotInPlan."""
    if not site.custom_pins_enabled:
        raise FeatureNotInPlan("custom PINs")


async def held_pin(by: Caller, pin_id: UUID) -> Pin:
    """The site's PIN, its row held. Raises NotFound."""
    pin = await lock_row(Pin, pin_id)
    if pin is None or pin.site_id != by.site_id or pin.status is PinStatus.REMOVED:
        raise NotFound("pin_id")
    return pin


@use_case
async def update_pin(
    installation: Installation, by: Caller, *, pin_id: UUID, fields: Fields, now: datetime
) -> Changed:
    """Changes what `fields` mentions (schedule fields, notes, digits, the choice of locks), and nothing else.

    Raises what `create_pin` does; FeatureNotInPlan for chosen digits of a personal PIN outside the plan. A personal PIN
    has no locks and no schedule to change.
    """
    site = await Site.get(id=by.site_id)
    present = await _present(by, pin_id)
    check_not_cleared(fields, "lock_ids", "lock_tag_ids", "digits")
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
        setting_digits(installation, by, "updatePin", now, chosen=True)
        if accepted is not None
        else changing_access(installation, by, "updatePin", now)
    ) as change:
        pin = await held_pin(by, pin_id)
        before, old = await locks_chosen(pin.id), pin.schedule()
        new = changed_schedule(old, fields)
        columns = schedule_columns(new) | {"updated_at": now}
        if notes is not None:
            columns["notes"] = notes
        await pin.update_from_dict(columns).save(update_fields=list(columns))
        await choose_locks(pin, fields.get("lock_ids"), fields.get("lock_tag_ids"))
        await apply_digits(installation, change, site, pin, accepted, now)
        widened, narrowed = difference(old, new, before, await locks_chosen(pin.id))
        change.note("Pin", pin.id, changed=sorted(fields), widened=widened, narrowed=narrowed)
    return Changed(pin, accepted.digits if accepted else None, tuple(widened), tuple(narrowed))


async def apply_digits(
    installation: Installation,
    change: RecordedChange,
    site: Site,
    pin: Pin,
    accepted: AcceptableDigits | None,
    now: datetime,
) -> None:
    """Within a transaction: the locks follow the PIN as it is, with its new digits if there are any.

    The old digits are given up; they stay taken while a lock may hold them.
    """
    if accepted is not None:
        pin.verifier_sealed = seal_verifier(installation, pin, accepted.verifier)
        pin.length = len(accepted.digits)
        if not pin.personal:  # which stays of its kind: its member has at most one of each
            pin.kind = accepted.kind
        pin.digits_version += 1
        pin.updated_at = now
        await pin.save(
            update_fields=["verifier_sealed", "length", "kind", "digits_version", "updated_at"]
        )
    await follow_pins(installation, change, [pin.id], now)
    if accepted is not None:
        await retire(pin, now)
        await reserve(installation, site, pin, accepted.verifier)


@use_case
async def reassign_pin(
    installation: Installation, by: Caller, *, pin_id: UUID, digits: str | None, now: datetime
) -> Shown:
    """New digits for a PIN, generated unless given; all else stays.

    Raises what `chosen_digits` does, NotFound, FeatureNotInPlan for chosen digits of a personal PIN outside the plan.
    """
    site = await Site.get(id=by.site_id)
    present = await _present(by, pin_id)
    locks = (await locks_of_pins([present]))[pin_id].keys()
    if digits is not None:
        accepted = await _others_for(installation, by, site, present, digits, locks, now)
    else:
        accepted = await generated_digits(installation, by, site, locks, now, instead_of=pin_id)
    async with setting_digits(
        installation, by, "reassignPin", now, chosen=digits is not None
    ) as change:
        pin = await held_pin(by, pin_id)
        await apply_digits(installation, change, site, pin, accepted, now)
        change.note("Pin", pin.id)
    return Shown(pin, accepted.digits)


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
