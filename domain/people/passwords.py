"""Setting a password: by its owner, or by whoever reads the owner's mail.

The dangerous direction: a password that changed while old sign-ins live on. Every change ends all sessions and phones
of the account but the one that asked. Hashing takes long, so it comes before the transaction and never holds a row.
"""

from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import F

from domain.audit.service import Deed, recorded
from domain.database import in_background, lock_row, use_case
from domain.errors import LinkNotUsable, MailNotSent, PolicyViolation, SignInFailed, Throttled
from domain.installation import Installation
from domain.mail import Letter, checked_email
from domain.people.actors import AccountActor, Caller
from domain.people.mailed_links import consume_link, link_letter, make_link, usable_link
from domain.people.tables import (
    Account,
    Device,
    LinkPurpose,
    MailedLink,
    Member,
    Session,
    SignInTicket,
)
from domain.security.password_rules import check_password
from domain.security.passwords import HasherBusy
from domain.throttling.service import Budget, count_try

CHANGES = Budget("password change", 10, timedelta(minutes=15))
RESETS_BY_ADDRESS = Budget("password reset by address", 20, timedelta(hours=1))
RESETS_BY_ACCOUNT = Budget("password reset by account", 3, timedelta(hours=1))
LINKS_BY_ADDRESS = Budget("mailed link by address", 50, timedelta(minutes=15))


async def password_holds(here: Installation, account: Account | None, password: str) -> bool:
    """Whether this is the account's password; no account, or one without a password, takes as long. Raises Throttled."""
    try:
        if account is None or account.password_hash is None:
            await here.passwords.waste()
            return False
        return await here.passwords.verify(account.password_hash, password)
    except HasherBusy:
        raise _too_many() from None


async def _hashed(here: Installation, account: Account, password: str) -> str:
    """The hash to keep. Raises PolicyViolation for a password that does not do, Throttled."""
    problem = check_password(
        password, second_factor=account.totp_confirmed_at is not None, context=(account.email,)
    )
    if problem is not None:
        raise PolicyViolation("password", _advice(problem.value))
    try:
        return await here.passwords.hash(password)
    except HasherBusy:
        raise _too_many() from None


def _too_many() -> Throttled:
    return Throttled(2, "Too many people sign in at this moment. Try again.")


def _advice(problem: str) -> str:
    return (
        f"This password does not do ({problem.lower().replace('_', ' ')}): "
        "take 15 characters or more, or 8 or more with a second factor, and nothing common."
    )


@use_case
async def renew_hash(here: Installation, account: Account, password: str) -> None:
    """After a right password: one whose hash was made with another profile is hashed anew.

    Else checking it would take another time than checking the password of nobody, and so tell who has an account.
    """
    old = account.password_hash
    if old is None or not here.passwords.needs_rehash(old):
        return
    try:
        new = await here.passwords.hash(password)
    except HasherBusy:
        return  # at the next sign-in, then
    if await Account.filter(id=account.id, password_hash=old).update(password_hash=new) == 1:
        account.password_hash = new


async def _end_sign_ins(
    deed: Deed, account: Account, now: datetime, keep_session: UUID | None, keep_device: UUID | None
) -> None:
    sessions = Session.filter(account_id=account.id, ended_at=None)
    if keep_session is not None:
        sessions = sessions.exclude(id=keep_session)
    await sessions.update(ended_at=now)
    devices = Device.filter(account_id=account.id, removed_at=None)
    if keep_device is not None:
        devices = devices.exclude(id=keep_device)
    await devices.update(removed_at=now, generation=F("generation") + 1)
    # What the old password had earned half-way, and links that others may have asked for.
    await SignInTicket.filter(account_id=account.id).delete()
    await MailedLink.filter(
        account_id=account.id, purpose=LinkPurpose.RESET_PASSWORD, used_at=None
    ).delete()
    deed.wake(f"account:{account.id}")


@use_case
async def change_password(
    here: Installation, by: Caller, actor: AccountActor, *, old: str, new: str, now: datetime
) -> None:
    """Raises SignInFailed for a wrong old password, PolicyViolation, Throttled."""
    await count_try(here, CHANGES, str(actor.account_id), now)
    account = await Account.get(id=actor.account_id)
    if not await password_holds(here, account, old):
        raise SignInFailed
    encoded = await _hashed(here, account, new)
    async with recorded(here, by, "changePassword", now) as deed:
        # Guarded: a password that was reset meanwhile is not the one that `old` was right about.
        unchanged = Account.filter(id=account.id, password_hash=account.password_hash)
        if await unchanged.update(password_hash=encoded) != 1:
            raise SignInFailed
        await _end_sign_ins(deed, account, now, actor.session_id, actor.device_id)
        deed.note("Account", account.id, chain=account.id)


async def request_password_reset(
    here: Installation, by: Caller, *, email: str, now: datetime
) -> None:
    """Mails a link, if there is such an account. Raises InvalidInput, Throttled; else tells nothing.

    The letter is made and sent in the background: how long that takes would tell who has an account.
    """
    address = checked_email(email)
    await count_try(here, RESETS_BY_ADDRESS, by.address, now)
    in_background(lambda: _mail_reset(here, by, address, now), "mail_password_reset")


async def _mail_reset(here: Installation, by: Caller, address: str, now: datetime) -> None:
    try:
        await count_try(here, RESETS_BY_ACCOUNT, address, now)
        letter = await _reset_letter(here, by, address, now)
        if letter is not None:
            await here.mailer.send(letter)
    except (Throttled, MailNotSent):
        return


@use_case
async def _reset_letter(
    here: Installation, by: Caller, address: str, now: datetime
) -> Letter | None:
    account = await Account.get_or_none(email=address)
    if account is None:
        return None
    async with recorded(here, by, "requestPasswordReset", now) as deed:
        link = await make_link(here, LinkPurpose.RESET_PASSWORD, account, None, now)
        deed.note("Account", account.id, chain=account.id)
    return link_letter(LinkPurpose.RESET_PASSWORD, account.email, "Latchwork", link)


@use_case
async def reset_password(
    here: Installation, by: Caller, *, token: str, password: str, now: datetime
) -> Account:
    """Sets a new password from a mailed link, once. Raises LinkNotUsable, PolicyViolation, Throttled."""
    await count_try(here, LINKS_BY_ADDRESS, by.address, now)
    link = await usable_link(here, LinkPurpose.RESET_PASSWORD, token, now)
    encoded = await _hashed(here, link.account, password)
    async with recorded(here, by, "resetPassword", now) as deed:
        await consume_link(link, now)
        account = await _locked_account(link.account_id)
        await _set_hash(account, encoded)
        await _end_sign_ins(deed, account, now, None, None)
        deed.note("Account", account.id, chain=account.id)
        return account


@use_case
async def accept_membership(
    here: Installation,
    by: Caller,
    *,
    token: str,
    password: str | None,
    now: datetime,
) -> Member:
    """Joins the site that a mailed link names, once. An account without a password sets one here; one that has a
    password keeps it. Raises LinkNotUsable, PolicyViolation, Throttled."""
    await count_try(here, LINKS_BY_ADDRESS, by.address, now)
    link = await usable_link(here, LinkPurpose.ACCEPT_MEMBERSHIP, token, now)
    encoded = None
    if link.account.password_hash is None:
        if password is None:
            raise PolicyViolation("password", "Choose a password for your new account.")
        encoded = await _hashed(here, link.account, password)
    async with recorded(here, by, "acceptMembership", now) as deed:
        await consume_link(link, now)
        member = await lock_row(Member, link.member_id)
        if member is None or member.removed_at or member.account_id != link.account_id:
            raise LinkNotUsable
        account = await _locked_account(link.account_id)
        if account.password_hash is None and encoded is not None:
            await _set_hash(account, encoded)
        member.accepted_at = now
        await member.save(update_fields=["accepted_at"])
        deed.note("Member", member.id, chain=member.site_id, account=str(account.id))
        deed.wake(f"member:{member.id}", f"account:{account.id}")
        return member


async def _locked_account(account_id: UUID) -> Account:
    account = await lock_row(Account, account_id)
    assert account is not None
    return account


async def _set_hash(account: Account, encoded: str) -> None:
    account.password_hash = encoded
    await account.save(update_fields=["password_hash"])
