"""Accepting a membership by the link that was mailed. A person without an account gets one only now."""

from datetime import datetime

from domain import topics
from domain.actors import Caller
from domain.audit.service import recorded
from domain.database import Conflict, lock_row, use_case
from domain.errors import LinkNotUsable, PolicyViolation
from domain.installation import Installation
from domain.people.mailed_links import consume_link, usable_link
from domain.people.passwords import LINKS_BY_ADDRESS, hashed
from domain.people.tables import Account, LinkPurpose, MailedLink, Member
from domain.throttling.service import count_address

CHOOSE_PASSWORD = "Choose a password for your new account."  # noqa: S105 - what is asked for, not one


async def accept_membership(
    installation: Installation, by: Caller, *, token: str, password: str | None, now: datetime
) -> Member:
    """Joins the site of a mailed link, which works once. Somebody without a password sets one here; somebody who has
    one keeps it. Raises LinkNotUsable, PolicyViolation, Throttled."""
    await count_address(installation, LINKS_BY_ADDRESS, by.address, now)
    link = await usable_link(installation, LinkPurpose.ACCEPT_MEMBERSHIP, token, now)
    invited = await Member.get(id=link.member_id)
    email = invited.invited_email
    if email is None or invited.removed_at is not None:
        raise LinkNotUsable
    encoded = None
    if not await Account.filter(email=email, password_hash__isnull=False).exists():
        if password is None:
            raise PolicyViolation("password", CHOOSE_PASSWORD)
        encoded = await hashed(installation, by, password, email=email, second_factor=False)
    return await _accept(installation, by, link, email, encoded, now)


@use_case
async def _accept(
    installation: Installation,
    by: Caller,
    link: MailedLink,
    email: str,
    encoded: str | None,
    now: datetime,
) -> Member:
    async with recorded(installation, by, "acceptMembership", now) as change:
        member = await lock_row(Member, link.member_id)
        if member is None or member.removed_at is not None or member.invited_email != email:
            raise LinkNotUsable
        await consume_link(link, now)
        account = await _account(email, encoded, now)
        member.account, member.invited_email, member.accepted_at = account, None, now
        await member.save(update_fields=["account_id", "invited_email", "accepted_at"])
        change.note("Member", member.id, chain=member.site_id, account=str(account.id))
        change.wake(topics.member(member.id), topics.account(account.id))
        return member


async def _account(email: str, encoded: str | None, now: datetime) -> Account:
    """The account of the address, created if there is none. Of two links used at once the first password stays."""
    if encoded is not None:
        made = Account(email=email, password_hash=encoded, created_at=now)
        await Account.bulk_create([made], ignore_conflicts=True)
    there = await Account.get_or_none(email=email)
    if there is None:  # it was erased since it was looked for
        raise PolicyViolation("password", CHOOSE_PASSWORD)
    account = await lock_row(Account, there.id)
    if account is None or account.email != email:
        raise Conflict("the account was erased in this moment")  # done again by `use_case`
    if account.password_hash is None and encoded is not None:
        account.password_hash = encoded
        await account.save(update_fields=["password_hash"])
    return account
