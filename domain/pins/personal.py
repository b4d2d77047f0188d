"""Personal PINs: one CUSTOM and one AUTO a member, neither overriding the other; they open what the access rules grant.

Members assign, re-assign, block and delete their own. An admin gives one to a member who has none of its kind, so that a
script that runs twice changes nobody's digits. The dangerous direction: a member who undoes what an admin did. A PIN that
an admin blocked stays blocked, whatever its member asks.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.access.schedule import ALWAYS, Schedule
from domain.access_rules.grants import grants_of_members
from domain.actors import Caller
from domain.audit.service import changing_access
from domain.database import lock_row, use_case
from domain.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound
from domain.installation import Installation
from domain.locks.keypads import locks_with_keypad, sites_taking_pins
from domain.people.tables import Member
from domain.pins.choices import checked_notes, chosen_owner, held_owner
from domain.pins.digits import chosen_digits, generated_digits
from domain.pins.reservations import reserve
from domain.pins.service import (
    Shown,
    apply_digits,
    check_custom_allowed,
    create_pin,
    held_pin,
    new_pin,
    setting_digits,
)
from domain.pins.tables import Pin, PinKind, PinStatus
from domain.pins.wanted import (
    check_schedules,
    follow_pins,
    withdraw,
)
from domain.sites.tables import Site


async def pins_offered(site_id: UUID) -> bool:
    """Whether any lock of the site takes PINs: a keypad with PIN mode on."""
    return site_id in await sites_taking_pins([site_id])


async def give_pin(
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
    """An admin gives a member a PIN: a rule PIN, or, where no locks are named, a personal one.

    Raises what `create_pin` and `chosen_digits` do; for a personal PIN AlreadyExists where the member has one of this kind,
    InvalidInput with a schedule, FeatureNotInPlan with chosen digits outside the plan.
    """
    if lock_ids is not None or lock_tag_ids is not None:
        return await create_pin(
            installation,
            by,
            owner_id=owner_id,
            owner_tag_id=owner_tag_id,
            digits=digits,
            notes=notes,
            lock_ids=lock_ids,
            lock_tag_ids=lock_tag_ids,
            schedule=schedule,
            now=now,
        )
    if schedule != ALWAYS:
        raise InvalidInput(
            "lock_ids", "A PIN without locks follows its member's access rules: it has no schedule."
        )
    site = await Site.get(id=by.site_id)
    owner = await chosen_owner(by, owner_id, owner_tag_id)
    notes = checked_notes(notes)
    if digits is not None:
        check_custom_allowed(site)
    return await _assign(installation, by, site, owner, digits, notes=notes, own=False, now=now)


async def assign_my_pin(
    installation: Installation, by: Caller, *, kind: PinKind, digits: str | None, now: datetime
) -> Shown:
    """Gives the calling member a personal PIN of this kind, or other digits to the one they have.

    Raises FeatureNotInPlan for chosen digits outside the plan, NotAllowed where no lock takes PINs or an admin blocked
    the PIN, InvalidInput, and what `chosen_digits` does.
    """
    site = await Site.get(id=by.site_id)
    assert by.standing is not None
    member = await Member.get_or_none(id=by.standing.member_id, removed_at=None)
    if member is None:
        raise NotAllowed("Only a member has PINs of their own.")
    if kind is PinKind.CUSTOM:
        check_custom_allowed(site)
    if (kind is PinKind.CUSTOM) != (digits is not None):
        raise InvalidInput("digits", "Give digits for a CUSTOM PIN, and none for an AUTO one.")
    if not await pins_offered(site.id):
        raise NotAllowed("No lock of this site takes PINs.")
    return await _assign(installation, by, site, member, digits, notes="", own=True, now=now)


@use_case
async def _assign(
    installation: Installation,
    by: Caller,
    site: Site,
    member: Member,
    digits: str | None,
    *,
    notes: str,
    own: bool,
    now: datetime,
) -> Shown:
    """A member's personal PIN, CUSTOM with digits, AUTO without.

    `own` says that the member asks for themselves: then it comes in place of the digits of the one of its kind. Whether
    digits may be chosen here, the caller has checked. Raises NotAllowed, AlreadyExists, and what `chosen_digits` does.
    """
    present = await _present(member, PinKind.AUTO if digits is None else PinKind.CUSTOM)
    if present is not None:
        _check_replaceable(present, own)
    instead_of = present.id if present is not None else None
    granted = (await grants_of_members([member.id])).get(member.id, {})
    locks = await locks_with_keypad(granted.keys())
    check_schedules(
        {lock_id: granted[lock_id] for lock_id in locks}, "site_id" if own else "owner_id"
    )
    if digits is not None:
        accepted = await chosen_digits(
            installation, by, site, digits, locks, now, instead_of=instead_of
        )
    else:
        accepted = await generated_digits(installation, by, site, locks, now, instead_of=instead_of)
    action = "assignMyPin" if own else "createPin"
    async with setting_digits(installation, by, action, now, chosen=digits is not None) as change:
        # Under the member's row, so that two requests cannot both make the first PIN of a kind.
        await held_owner(member.id)
        present = await _present(member, accepted.kind)
        pin = await lock_row(Pin, present.id) if present is not None else None
        if pin is None:
            pin = new_pin(installation, site, member, accepted, now)
            pin.personal, pin.notes = True, notes
            await pin.save(force_create=True)
            await reserve(installation, site, pin, accepted.verifier)
            await follow_pins(installation, change, [pin.id], now)
        else:
            _check_replaceable(pin, own)
            pin.status, pin.updated_at = PinStatus.ACTIVE, now
            await pin.save(update_fields=["status", "updated_at"])
            await apply_digits(installation, change, site, pin, accepted, now)
        change.note("Pin", pin.id, owner=str(member.id), kind=pin.kind.value)
    return Shown(pin, accepted.digits)


async def _present(member: Member, kind: PinKind) -> Pin | None:
    """The member's personal PIN of this kind, if there is one."""
    rows = Pin.filter(owner_id=member.id, kind=kind, personal=True)
    return await rows.exclude(status=PinStatus.REMOVED).first()


def _check_replaceable(pin: Pin, own: bool) -> None:
    """Raises AlreadyExists for whoever gives a PIN to somebody else, NotAllowed for one that an admin blocked."""
    if not own:
        raise AlreadyExists(
            pin,
            f"This member has a PIN of this kind ({pin.kind.value}) already. Nothing was changed: "
            "reassignPin gives it other digits, unblockPin lets a blocked one open again.",
        )
    _check_not_blocked(pin)


def _check_not_blocked(pin: Pin) -> None:
    if pin.blocked_by_admin:
        raise NotAllowed("An administrator has blocked this PIN. Ask them to let it open again.")


async def _own_pin(by: Caller, pin_id: UUID) -> Pin:
    """The caller's own personal PIN, its row held. Raises NotFound, also for anybody else's."""
    pin = await held_pin(by, pin_id)
    member = by.standing.member_id if by.standing else None
    if member is None or pin.owner_id != member or not pin.personal:
        raise NotFound("pin_id")
    return pin


@use_case
async def block_my_pin(
    installation: Installation, by: Caller, *, pin_id: UUID, now: datetime
) -> Pin:
    """Blocks one's own PIN; assigning another of its kind lets it open again. Raises NotFound."""
    async with changing_access(installation, by, "blockMyPin", now) as change:
        pin = await _own_pin(by, pin_id)
        if pin.status is PinStatus.BLOCKED:
            change.unchanged()
            return pin
        pin.status, pin.updated_at = PinStatus.BLOCKED, now
        await pin.save(update_fields=["status", "updated_at"])
        await follow_pins(installation, change, [pin.id], now)
        change.note("Pin", pin.id)
        return pin


@use_case
async def delete_my_pin(
    installation: Installation, by: Caller, *, pin_id: UUID, now: datetime
) -> Pin:
    """Removes one's own PIN. Raises NotFound, NotAllowed for one that an admin blocked."""
    async with changing_access(installation, by, "deleteMyPin", now) as change:
        pin = await _own_pin(by, pin_id)
        _check_not_blocked(pin)
        await withdraw(installation, change, [pin], now)
        change.note("Pin", pin.id)
        return pin
