"""Members of a site: making, changing and removing them, within what the giver may give.

The dangerous direction: a role handed out by somebody who does not hold it, and a site without an owner.
"""

from datetime import datetime
from uuid import UUID

from domain.access_rules.tables import AccessRule
from domain.audit.service import Deed, recorded
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, MailNotSent, NotAllowed, NotFound
from domain.installation import Installation
from domain.mail import Letter, checked_email
from domain.partial_updates import Fields, check_not_cleared
from domain.people.actors import COMMAND_LINE, Caller, Role
from domain.people.api_tokens import end_tokens_of
from domain.people.mailed_links import link_letter, make_link
from domain.people.rules import Grade, Permission, grade, may_give
from domain.people.standings import still_standing
from domain.people.tables import Account, LinkPurpose, MailedLink, Member
from domain.pins.tables import Pin, PinStatus
from domain.pins.wanted import changing_access, withdraw
from domain.sites.rules import checked_name
from domain.sites.service import take_seat
from domain.sites.tables import Site
from domain.tags.service import drop_default_tag, make_default_tag, rename_default_tag


def _check_giving(by: Caller, given: Grade) -> None:
    if by.actor_kind is COMMAND_LINE.actor_kind:
        return
    assert by.standing is not None
    if not may_give(grade(by.standing.role, by.standing.can_edit), given):
        raise NotAllowed(f"Your role may not give or take the role {given.value}.")


def _may_edit(role: Role, asked: bool) -> bool:
    """What is stored of `can_edit`: it is a LIMITED_ADMIN's to have or not; the role decides for all others."""
    return asked if role is Role.LIMITED_ADMIN else role is not Role.USER


async def _account_for(email: str, now: datetime) -> Account:
    account = await Account.get_or_none(email=email)
    return account or await Account.create(email=email, created_at=now)


@use_case
async def create_member(
    here: Installation,
    by: Caller,
    *,
    name: str,
    role: Role,
    can_edit: bool,
    email: str | None,
    now: datetime,
) -> Member:
    """A new member with a DEFAULT tag. With an e-mail a link goes out, and only its reader can accept.

    The answer is the same whether the account existed or not. Raises InvalidInput, NotAllowed, SeatLimitReached,
    MailNotSent (the member stays; `updateMember` with the same e-mail sends another link).
    """
    name = checked_name(name)
    address = checked_email(email) if email is not None else None
    if address is None and role is not Role.USER:
        raise InvalidInput("email", "An admin needs an e-mail address to sign in with.")
    _check_giving(by, grade(role, can_edit))
    letter = None
    async with recorded(here, by, "createMember", now) as deed:
        site = await take_seat(by.site_id, now)
        account = await _account_for(address, now) if address is not None else None
        if account is not None:
            await _check_not_member(site, account)
        member = await Member.create(
            site=site,
            account=account,
            name=name,
            role=role,
            can_edit=_may_edit(role, can_edit),
            created_at=now,
        )
        await make_default_tag(site.id, member, now)
        if account is not None:
            letter = await _invite(here, site, member, account, now)
        deed.note("Member", member.id, role=role.value, canEdit=member.can_edit)
    if letter is not None:
        await _send(here, letter)
    return member


async def _check_not_member(site: Site, account: Account) -> None:
    if await Member.filter(site_id=site.id, account_id=account.id, removed_at=None).exists():
        raise InvalidInput("email", "A member of this site has this e-mail address already.")


async def _invite(
    here: Installation, site: Site, member: Member, account: Account, now: datetime
) -> Letter:
    link = await make_link(here, LinkPurpose.ACCEPT_MEMBERSHIP, account, member, now)
    return link_letter(LinkPurpose.ACCEPT_MEMBERSHIP, account.email, site.name, link)


async def _send(here: Installation, letter: Letter) -> None:
    try:
        await here.mailer.send(letter)
    except MailNotSent:
        raise MailNotSent(
            "The member is saved, but the link could not be mailed. "
            "Send another with updateMember and the same e-mail."
        ) from None


async def held_member(by: Caller, member_id: UUID) -> Member:
    """The site's member, its row held. Raises NotFound."""
    member = await lock_row(Member, member_id)
    if member is None or member.site_id != by.site_id or member.removed_at is not None:
        raise NotFound("memberId")
    return member


async def _check_owner_stays(site_id: UUID, member: Member) -> None:
    """Under the site's row, so that two owners cannot remove each other at once. Raises NotAllowed."""
    others = Member.filter(
        site_id=site_id, role=Role.OWNER, removed_at=None, accepted_at__isnull=False
    ).exclude(id=member.id)
    if member.role is Role.OWNER and not await others.exists():
        raise NotAllowed("The last owner of a site stays its owner.")


@use_case
async def update_member(
    here: Installation,
    by: Caller,
    *,
    member_id: UUID,
    fields: Fields,
    now: datetime,
) -> Member:
    """Changes the mentioned ones of `name`, `role`, `can_edit` and `email`, none of which can be cleared.

    An e-mail for a member without an account, or not yet accepted, sends a link. Whoever may not give the member's role
    changes nothing of them, the name neither. Raises InvalidInput, NotAllowed,
    NotFound, MailNotSent.
    """
    check_not_cleared(fields, "name", "role", "can_edit", "email")
    address = checked_email(fields["email"]) if "email" in fields else None
    letter = None
    async with recorded(here, by, "updateMember", now) as deed:
        site = await lock_row(Site, by.site_id)
        assert site is not None
        by = await still_standing(by, Permission.CREDENTIALS, now)
        member = await held_member(by, member_id)
        _check_giving(by, grade(member.role, member.can_edit))
        if "name" in fields:
            member.name = checked_name(fields["name"])
            await rename_default_tag(member)
        if fields.keys() & {"role", "can_edit"}:
            role = fields.get("role", member.role)
            if role is not member.role:
                await _check_owner_stays(site.id, member)
                member.role = role
            member.can_edit = _may_edit(role, fields.get("can_edit", member.can_edit))
            _check_giving(by, grade(member.role, member.can_edit))
            if member.role is not Role.USER and member.account_id is None and address is None:
                raise InvalidInput("email", "An admin needs an e-mail address to sign in with.")
        if address is not None:
            letter = await _set_email(here, site, member, address, now)
        await member.save(update_fields=["name", "role", "can_edit", "account_id"])
        deed.note("Member", member.id, changed=sorted(fields), role=member.role.value)
        _wake(deed, member)
    if letter is not None:
        await _send(here, letter)
    return member


async def _set_email(
    here: Installation, site: Site, member: Member, address: str, now: datetime
) -> Letter:
    if member.accepted_at is not None:
        raise InvalidInput("email", "This member has accepted; their account is theirs to change.")
    account = await _account_for(address, now)
    if member.account_id != account.id:
        await _check_not_member(site, account)
        await MailedLink.filter(member_id=member.id, used_at=None).delete()
    member.account = account
    return await _invite(here, site, member, account, now)


def _wake(deed: Deed, member: Member) -> None:
    deed.wake(f"member:{member.id}")
    if member.account_id is not None:
        deed.wake(f"account:{member.account_id}")


@use_case
async def remove_member(
    here: Installation, by: Caller, *, member_id: UUID, now: datetime
) -> Member:
    """Takes a member off the site, with all of their access and the tokens that act for them there.

    Raises NotAllowed, NotFound.
    """
    async with changing_access(here, by, "removeMember", now) as deed:
        await lock_row(Site, by.site_id)  # before the member's, as everywhere
        by = await still_standing(by, Permission.CREDENTIALS, now)
        member = await held_member(by, member_id)
        _check_giving(by, grade(member.role, member.can_edit))
        await _check_owner_stays(by.site_id, member)
        await drop_default_tag(member, now)
        pins = await Pin.filter(owner_id=member.id).exclude(status=PinStatus.REMOVED)
        await withdraw(here, deed, pins, now)
        await AccessRule.filter(member_id=member.id, deleted_at=None).update(deleted_at=now)
        if member.account_id is not None and member.accepted_at is not None:
            await end_tokens_of(deed, member.account_id, by.site_id, now)
        member.removed_at = now
        await member.save(update_fields=["removed_at"])
        deed.note("Member", member.id)
        _wake(deed, member)
        return member


@use_case
async def invite_owner(
    here: Installation, by: Caller, *, site_id: UUID, email: str, now: datetime
) -> str:
    """The first owner of a site made on the command line: returns the one-time link, mails nothing."""
    address = checked_email(email)
    async with recorded(here, by, "inviteOwner", now) as deed:
        site = await take_seat(site_id, now)
        account = await _account_for(address, now)
        await _check_not_member(site, account)
        member = await Member.create(
            site=site, account=account, name=address, role=Role.OWNER, can_edit=True, created_at=now
        )
        await make_default_tag(site.id, member, now)
        deed.note("Member", member.id, chain=site.id, role=Role.OWNER.value)
        return await make_link(here, LinkPurpose.ACCEPT_MEMBERSHIP, account, member, now)
