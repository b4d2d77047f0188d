"""Setting a password: by its owner, or by a mailed link.

Every change ends all sessions and phones of the account but the one that asked, and a letter tells of it. Hashing is
slow, so it is done before the transaction, while no row is held.
"""

from datetime import datetime, timedelta
from uuid import UUID

from domain.actors import AccountActor, Caller
from domain.audit.service import recorded
from domain.database import in_background, lock_row, use_case
from domain.errors import PolicyViolation, SignInFailed, Throttled
from domain.installation import Installation
from domain.mail.addresses import checked_email
from domain.people.ending import end_sign_ins
from domain.people.mailed_links import consume_link, mail_reset_link, usable_link
from domain.people.notices import tell_password_changed
from domain.people.tables import Account, LinkPurpose, MailedLink
from domain.security.networks import networks_of
from domain.security.password_rules import check_password
from domain.security.passwords import Asker, HasherBusy
from domain.throttling.service import Budget, count_address, count_try, give_back

OWN_PASSWORD = Budget("own password", 10, timedelta(minutes=15))
"""Guesses by somebody who is signed in, when changing the password and when confirming it."""
RESETS_BY_ADDRESS = Budget("password reset by address", 20, timedelta(hours=1))
RESETS_BY_ACCOUNT = Budget("password reset by account", 3, timedelta(hours=1))
LINKS_BY_ADDRESS = Budget("mailed link by address", 50, timedelta(minutes=15))


async def password_holds(
    installation: Installation, account: Account | None, password: str, asker: Asker
) -> bool:
    """Whether this is the account's password; no account, or one without a password, takes as long. Raises Throttled."""
    try:
        if account is None or account.password_hash is None:
            await installation.passwords.waste(asker)
            return False
        return await installation.passwords.verify(account.password_hash, password, asker)
    except HasherBusy:
        raise _too_many() from None


async def check_own_password(
    installation: Installation, by: Caller, actor: AccountActor, password: str, now: datetime
) -> Account:
    """The caller's account, once they have typed its password again; a right one is no guess. Raises SignInFailed,
    Throttled.
    """
    subject = str(actor.account_id)
    await count_try(installation, OWN_PASSWORD, subject, now)
    account = await Account.get(id=actor.account_id)
    if not await password_holds(installation, account, password, recognised(by)):
        raise SignInFailed
    await give_back(installation, OWN_PASSWORD, subject)
    return account


def recognised(by: Caller) -> Asker:
    """A caller who is signed in, or has shown a mailed link, does not wait behind a flood of strangers."""
    return Asker(networks_of(by.address), recognised=True)


async def hashed(
    installation: Installation, by: Caller, password: str, *, email: str, second_factor: bool
) -> str:
    """The hash to store, for a recognised caller. Raises PolicyViolation for a password that may not be used, Throttled."""
    problem = check_password(password, second_factor=second_factor, context=(email,))
    if problem is not None:
        raise PolicyViolation("password", _advice(problem.value))
    try:
        return await installation.passwords.hash(password, recognised(by))
    except HasherBusy:
        raise _too_many() from None


def _too_many() -> Throttled:
    return Throttled(2, "Too many people sign in at this moment. Try again.")


def _advice(problem: str) -> str:
    return (
        f"This password cannot be used ({problem.lower().replace('_', ' ')}): "
        "take 15 characters or more, or 8 or more with a second factor, and nothing common."
    )


@use_case
async def renew_hash(
    installation: Installation, account: Account, password: str, asker: Asker
) -> None:
    """After a right password: hashes it anew if its hash was made with another profile.

    Otherwise checking it would take another time than for an unknown address, which would tell who has an account.
    """
    old = account.password_hash
    if old is None or not installation.passwords.needs_rehash(old):
        return
    try:
        new = await installation.passwords.hash(password, asker)
    except HasherBusy:
        return  # at the next sign-in, then
    if await Account.filter(id=account.id, password_hash=old).update(password_hash=new) == 1:
        account.password_hash = new


async def change_password(
    installation: Installation,
    by: Caller,
    actor: AccountActor,
    *,
    old: str,
    new: str,
    now: datetime,
) -> None:
    """Raises SignInFailed for a wrong old password, PolicyViolation, Throttled."""
    await count_try(installation, OWN_PASSWORD, str(actor.account_id), now)
    account = await Account.get(id=actor.account_id)
    if not await password_holds(installation, account, old, recognised(by)):
        raise SignInFailed
    encoded = await hashed(
        installation,
        by,
        new,
        email=account.email,
        second_factor=account.totp_confirmed_at is not None,
    )
    await _change(installation, by, actor, account, encoded, now)


@use_case
async def _change(
    installation: Installation,
    by: Caller,
    actor: AccountActor,
    account: Account,
    encoded: str,
    now: datetime,
) -> None:
    async with recorded(installation, by, "changePassword", now) as change:
        # Guarded: the password may have been reset since the old one was checked.
        unchanged = Account.filter(id=account.id, password_hash=account.password_hash)
        if await unchanged.update(password_hash=encoded) != 1:
            raise SignInFailed
        await end_sign_ins(
            change, account.id, now, keep_session=actor.session_id, keep_device=actor.device_id
        )
        await tell_password_changed(installation, by, account, now)
        change.note("Account", account.id, chain=account.id)


async def request_password_reset(
    installation: Installation, by: Caller, *, email: str, now: datetime
) -> None:
    """Mails a link, if there is such an account; the caller is not told. Raises InvalidInput, Throttled.

    The letter is written in the background: how long that takes would tell who has an account.
    """
    address = checked_email(email)
    await count_address(installation, RESETS_BY_ADDRESS, by.address, now)
    in_background(lambda: _mail_reset(installation, by, address, now), "mail_password_reset")


async def _mail_reset(installation: Installation, by: Caller, address: str, now: datetime) -> None:
    try:
        await count_try(installation, RESETS_BY_ACCOUNT, address, now)
    except Throttled:
        return
    await _write_reset(installation, by, address, now)


@use_case
async def _write_reset(installation: Installation, by: Caller, address: str, now: datetime) -> None:
    found = await Account.get_or_none(email=address)
    if found is None:
        return
    async with recorded(installation, by, "requestPasswordReset", now) as change:
        account = await _held(found.id)
        await mail_reset_link(installation, by, account, now)
        change.note("Account", account.id, chain=account.id)


async def reset_password(
    installation: Installation, by: Caller, *, token: str, password: str, now: datetime
) -> Account:
    """Sets a new password from a mailed link, once; a second factor stays. Raises LinkNotUsable, PolicyViolation,
    Throttled."""
    await count_address(installation, LINKS_BY_ADDRESS, by.address, now)
    link = await usable_link(installation, LinkPurpose.RESET_PASSWORD, token, now)
    account = await Account.get(id=link.account_id)
    encoded = await hashed(
        installation,
        by,
        password,
        email=account.email,
        second_factor=account.totp_confirmed_at is not None,
    )
    return await _reset(installation, by, link, encoded, now)


@use_case
async def _reset(
    installation: Installation, by: Caller, link: MailedLink, encoded: str, now: datetime
) -> Account:
    async with recorded(installation, by, "resetPassword", now) as change:
        assert link.account_id is not None
        account = await _held(link.account_id)
        await consume_link(link, now)
        account.password_hash = encoded
        await account.save(update_fields=["password_hash"])
        await end_sign_ins(change, account.id, now)
        await tell_password_changed(installation, by, account, now)
        change.note("Account", account.id, chain=account.id)
        return account


async def _held(account_id: UUID) -> Account:
    account = await lock_row(Account, account_id)
    assert account is not None
    return account
