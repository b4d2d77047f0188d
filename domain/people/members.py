"""Creating, changing and removing the members of a site; nobody gives a role that is above what they may give.

A member with an e-mail address gets a letter, and an account once its link has been used; until then the address alone
is kept. So naming an address makes no account for it, and budgets limit how many letters an address gets.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from domain import topics
from domain.actors import COMMAND_LINE, Caller, Role, Standing
from domain.audit.service import RecordedChange, changing_access, recorded
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.facts import announce
from domain.inputs.partial_updates import Fields, check_not_cleared
from domain.installation import Installation
from domain.mail.addresses import checked_email
from domain.mail.budgets import count_letter
from domain.people.api_tokens import end_tokens_of
from domain.people.facts import DoorsLost, MemberGone, MemberMade, MemberRenamed
from domain.people.mailed_links import end_links, mail_membership_link, make_membership_link
from domain.people.rules import Grade, Permission, allows, grade, may_give
from domain.people.seats import take_seat
from domain.people.standings import still_standing
from domain.people.tables import Member
from domain.sites.rules import checked_name
from domain.sites.tables import Site


def _check_giving(by: Caller, given: Grade) -> None:
    if by.actor_kind is COMMAND_LINE.actor_kind:
        return
    assert by.standing is not None
    if not may_give(grade(by.standing.role, by.standing.can_edit), given):
        raise NotAllowed(f"Your role may not give or take the role {given.value}.")


def _may_edit(role: Role, asked: bool) -> bool:
    """What is stored as `can_edit`: for a LIMITED_ADMIN what was asked; for all others the role decides."""
    return asked if role is Role.LIMITED_ADMIN else role is not Role.USER


def _check_may_edit(role: Role, asked: bool) -> None:
    """Raises InvalidInput for a USER who is to edit, which the role never may. Higher roles may, asked for or not."""
    if asked and not _may_edit(role, asked):
        raise InvalidInput(
            "can_edit", "A USER edits nothing. Leave this out, or give the role LIMITED_ADMIN."
        )


async def create_member(
    installation: Installation,
    by: Caller,
    *,
    name: str,
    role: Role,
    can_edit: bool,
    email: str | None,
    now: datetime,
) -> Member:
    """A new member with a DEFAULT tag. With an e-mail address a letter is posted, and only its reader can accept.

    The answer is the same whether an account existed or not. Raises InvalidInput, NotAllowed, SeatLimitReached,
    Throttled, MailNotSent.
    """
    name = checked_name(name)
    address = checked_email(email) if email is not None else None
    if address is None and role is not Role.USER:
        raise InvalidInput("email", "An admin needs an e-mail address to sign in with.")
    _check_giving(by, grade(role, can_edit))
    _check_may_edit(role, can_edit)
    if address is not None:
        await count_letter(installation, by, address, now)
    return await _create_member(installation, by, name, role, can_edit, address, now)


@use_case
async def _create_member(
    installation: Installation,
    by: Caller,
    name: str,
    role: Role,
    can_edit: bool,
    address: str | None,
    now: datetime,
) -> Member:
    async with recorded(installation, by, "createMember", now) as change:
        site = await take_seat(installation, by.site_id, now)
        by = await still_standing(by, Permission.CREDENTIALS, now)
        _check_giving(by, grade(role, can_edit))
        member = await _add(installation, change, site, name, role, can_edit, address, now)
        if address is not None:
            await mail_membership_link(installation, by, site, member, now)
        change.note("Member", member.id, role=role.value, canEdit=member.can_edit)
        return member


async def _add(
    installation: Installation,
    change: RecordedChange,
    site: Site,
    name: str,
    role: Role,
    can_edit: bool,
    address: str | None,
    now: datetime,
) -> Member:
    """Within a transaction that holds the site's row."""
    if address is not None:
        await _check_not_member(site, address)
    member = await Member.create(
        site=site,
        invited_email=address,
        name=name,
        role=role,
        can_edit=_may_edit(role, can_edit),
        created_at=now,
    )
    await announce(installation, change, MemberMade(member.id), now)
    return member


async def _check_not_member(site: Site, address: str) -> None:
    """Raises InvalidInput if a member, or somebody invited to be one, has this address. The site's row is held, so that no
    two get the same one."""
    theirs = Q(invited_email=address) | Q(account__email=address)
    if await Member.filter(theirs, site_id=site.id, removed_at=None).exists():
        raise InvalidInput("email", "A member of this site has this e-mail address already.")


async def held_member(by: Caller, member_id: UUID) -> Member:
    """The site's member, its row held. Raises NotFound."""
    member = await lock_row(Member, member_id)
    if member is None or member.site_id != by.site_id or member.removed_at is not None:
        raise NotFound("member_id")
    return member


async def live_members(
    site_id: UUID, ids: Collection[UUID], field: str = "member_ids"
) -> list[Member]:
    """The site's members with these ids, in id order. Raises NotFound when one is missing, removed or foreign."""
    wanted = set(ids)
    rows = await Member.filter(id__in=wanted, site_id=site_id, removed_at=None).order_by("id")
    if len(rows) != len(wanted):
        raise NotFound(field)
    return rows


async def _check_owner_stays(site_id: UUID, member: Member) -> None:
    """Raises NotAllowed for the last owner. The site's row is held, so that two owners cannot remove each other at once."""
    others = Member.filter(
        site_id=site_id, role=Role.OWNER, removed_at=None, accepted_at__isnull=False
    ).exclude(id=member.id)
    if member.role is Role.OWNER and not await others.exists():
        raise NotAllowed("The last owner of a site stays its owner.")


async def update_member(
    installation: Installation,
    by: Caller,
    *,
    member_id: UUID,
    fields: Fields,
    now: datetime,
) -> Member:
    """Changes those given of `name`, `role`, `can_edit` and `email`, none of which can be cleared.

    An e-mail for a member who has not accepted ends the links that went out and has another one mailed. A caller who
    may not give the member's role may change nothing of them, not even the name. Raises InvalidInput, NotAllowed,
    NotFound, Throttled, MailNotSent.
    """
    check_not_cleared(fields, "name", "role", "can_edit", "email")
    address = checked_email(fields["email"]) if "email" in fields else None
    if address is not None:
        await count_letter(installation, by, address, now)
    return await _update_member(installation, by, member_id, fields, address, now)


@use_case
async def _update_member(
    installation: Installation,
    by: Caller,
    member_id: UUID,
    fields: Fields,
    address: str | None,
    now: datetime,
) -> Member:
    async with recorded(installation, by, "updateMember", now) as change:
        site = await lock_row(Site, by.site_id)
        assert site is not None
        by = await still_standing(by, Permission.CREDENTIALS, now)
        member = await held_member(by, member_id)
        _check_giving(by, grade(member.role, member.can_edit))
        if "name" in fields:
            member.name = checked_name(fields["name"])
        if fields.keys() & {"role", "can_edit"}:
            role = fields.get("role", member.role)
            if role is not member.role:
                await _check_owner_stays(site.id, member)
                member.role = role
            member.can_edit = _may_edit(role, fields.get("can_edit", member.can_edit))
            _check_giving(by, grade(member.role, member.can_edit))
            _check_may_edit(role, fields.get("can_edit", False))
            if member.role is not Role.USER and not (_has_address(member) or address):
                raise InvalidInput("email", "An admin needs an e-mail address to sign in with.")
        if address is not None:
            await _set_email(site, member, address)
        await member.save(update_fields=["name", "role", "can_edit", "invited_email"])
        if "name" in fields:
            await announce(installation, change, MemberRenamed(member.id), now)
        if address is not None:
            await mail_membership_link(installation, by, site, member, now)
        standing = Standing(site.id, member.role, member.can_edit, member.id)
        if member.account_id is not None and not allows(standing, Permission.DOORS):
            await announce(installation, change, DoorsLost(member.account_id, site.id), now)
        change.note("Member", member.id, changed=sorted(fields), role=member.role.value)
        _wake(change, member)
        return member


def _has_address(member: Member) -> bool:
    return member.account_id is not None or member.invited_email is not None


async def _set_email(site: Site, member: Member, address: str) -> None:
    if member.accepted_at is not None:
        raise InvalidInput("email", "This member has accepted; their account is theirs to change.")
    if member.invited_email != address:
        await _check_not_member(site, address)
        await end_links(member_id=member.id)
    member.invited_email = address


def _wake(change: RecordedChange, member: Member) -> None:
    change.wake(topics.member(member.id))
    if member.account_id is not None:
        change.wake(topics.account(member.account_id))


@use_case
async def remove_member(
    installation: Installation, by: Caller, *, member_id: UUID, now: datetime
) -> Member:
    """Removes a member from the site, with all of their access and the tokens that act for them there.

    Raises NotAllowed, NotFound.
    """
    async with changing_access(installation, by, "removeMember", now) as change:
        await lock_row(Site, by.site_id)  # before the member's row, as everywhere: no deadlock
        by = await still_standing(by, Permission.CREDENTIALS, now)
        member = await held_member(by, member_id)
        _check_giving(by, grade(member.role, member.can_edit))
        await _check_owner_stays(by.site_id, member)
        await _end(installation, change, member, now)
        change.note("Member", member.id)
        return member


async def end_membership(
    installation: Installation, change: RecordedChange, member: Member, now: datetime
) -> None:
    """Within a transaction that holds the rows of site and member: as `remove_member`, for an owner, as a part of more.

    Raises NotAllowed for the last owner.
    """
    await _check_owner_stays(member.site_id, member)
    await _end(installation, change, member, now)


async def _end(
    installation: Installation, change: RecordedChange, member: Member, now: datetime
) -> None:
    member.removed_at = now
    await member.save(update_fields=["removed_at"])
    await announce(installation, change, MemberGone(member.id), now)
    if member.account_id is not None and member.accepted_at is not None:
        await end_tokens_of(installation, change, member.account_id, member.site_id, now)
        await announce(installation, change, DoorsLost(member.account_id, member.site_id), now)
    await end_links(member_id=member.id)
    _wake(change, member)


@use_case
async def invite_owner(
    installation: Installation, by: Caller, *, site_id: UUID, email: str, now: datetime
) -> str:
    """The first owner of a site made on the command line: returns the one-time link, mails nothing.

    Raises InvalidInput, SeatLimitReached.
    """
    address = checked_email(email)
    async with recorded(installation, by, "inviteOwner", now) as change:
        site = await take_seat(installation, site_id, now)
        member = await _add(installation, change, site, address, Role.OWNER, True, address, now)
        change.note("Member", member.id, chain=site.id, role=Role.OWNER.value)
        _, link = await make_membership_link(installation, member, now)
        return link
