"""Personal PINs: one CUSTOM and one AUTO a member, neither overriding the other; they open what the access rules grant.

Members assign, re-assign, block and delete their own, but what an admin did they do not undo: a PIN that an admin blocked
stays blocked. An admin gives one to a member who has none of its kind, so that a script that runs twice changes nobody's
digits.
"""

from datetime import datetime
from uuid import UUID

from domain.access_rules.grants import grants_of_members
from domain.actors import Caller
from domain.audit.service import changing_access
from domain.database import lock_row, use_case
from domain.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound
from domain.installation import Installation
from domain.locks.keypads import locks_with_keypad, sites_taking_pins
from domain.people.tables import Member
from domain.pins.choices import check_custom_allowed, held_owner
from domain.pins.digits import acceptable_digits, writing_digits
from domain.pins.entries import check_schedules, follow_pins
from domain.pins.tables import Pin, PinKind, PinStatus
from domain.pins.writing import (
    PinWithDigits,
    add_pin,
    held_pin,
    replace_digits,
    withdraw,
)
from domain.sites.tables import Site


@use_case
async def assign_my_pin(
    installation: Installation, by: Caller, *, kind: PinKind, digits: str | None, now: datetime
) -> PinWithDigits:
    """Gives the calling member a personal PIN of this kind, or other digits to the one they have.

    Raises FeatureNotInPlan for chosen digits outside the plan, NotAllowed where no lock takes PINs or an admin blocked
    the PIN, InvalidInput, and what `acceptable_digits` does.
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
    if site.id not in await sites_taking_pins([site.id]):
        raise NotAllowed("No lock of this site takes PINs.")
    present = await personal_pin(member, kind)
    if present is not None:
        _check_not_blocked(present)
    accepted = await acceptable_digits(
        installation,
        by,
        site,
        digits,
        await locks_granted(member, "site_id"),
        now,
        instead_of=present.id if present is not None else None,
    )
    async with writing_digits(installation, by, "assignMyPin", accepted, now) as change:
        # Under the member's row, so that two requests cannot both make the first PIN of a kind.
        await held_owner(member.id)
        present = await personal_pin(member, kind)
        pin = await lock_row(Pin, present.id) if present is not None else None
        if pin is None:
            pin = await add_pin(installation, site, member, accepted, now, personal=True)
            await follow_pins(installation, change, [pin.id], now)
        else:
            _check_not_blocked(pin)
            pin.status, pin.updated_at = PinStatus.ACTIVE, now
            await pin.save(update_fields=["status", "updated_at"])
            await replace_digits(installation, change, pin, accepted, now)
        change.note("Pin", pin.id, owner=str(member.id), kind=pin.kind.value)
    return PinWithDigits(pin, accepted.digits)


async def locks_granted(member: Member, named_by: str) -> set[UUID]:
    """The locks where a personal PIN of this member can be typed. Raises InvalidInput, naming the field that led to them."""
    granted = (await grants_of_members([member.id])).get(member.id, {})
    locks = await locks_with_keypad(granted.keys())
    check_schedules({lock_id: granted[lock_id] for lock_id in locks}, named_by)
    return locks


async def personal_pin(member: Member, kind: PinKind) -> Pin | None:
    """The member's personal PIN of this kind, if there is one."""
    rows = Pin.filter(owner_id=member.id, kind=kind, personal=True)
    return await rows.exclude(status=PinStatus.REMOVED).first()


async def check_none_yet(member: Member, kind: PinKind) -> None:
    """Whether an admin may give the member a personal PIN of this kind. Raises AlreadyExists."""
    present = await personal_pin(member, kind)
    if present is not None:
        raise AlreadyExists(
            present,
            f"This member has a PIN of this kind ({kind.value}) already. Nothing was changed: "
            "reassignPin gives it other digits, unblockPin lets a blocked one open again.",
        )


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
