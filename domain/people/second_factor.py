"""The second factor of an account: enrolling it, ending it, checking a code once, and the operator's way out.

A stolen cookie alone must not lock the owner out, nor take the second factor off: each change needs the password again,
the end and new recovery codes a code besides; other sign-ins end, and a letter tells of it. A mailed link sets a new
password and nothing else. Where the authenticator and the recovery codes are lost, the command line ends the second factor.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.actors import AccountActor, Caller
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, NotAllowed, PolicyViolation, SignInFailed
from domain.installation import Installation
from domain.people.confirming import check_confirmed
from domain.people.ending import end_sign_ins
from domain.people.notices import (
    tell_recovery_codes_renewed,
    tell_second_factor_disabled,
    tell_second_factor_ended,
    tell_second_factor_on,
)
from domain.people.passwords import check_own_password
from domain.people.sign_in_state import no_account
from domain.people.tables import Account, RecoveryCode
from domain.security.keys import KeyLabel
from domain.security.password_rules import check_password
from domain.security.totp import (
    display_recovery_code,
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    normalise_recovery_code,
    totp_uri,
)
from domain.throttling.service import Budget, count_try, forget_tries

SECOND_FACTOR = Budget("second factor", 10, timedelta(minutes=15))
"""Guesses at an account's codes, when signing in and when the second factor is changed."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new authenticator secret (base32) and its `otpauth://` address, shown once."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "Enrolment()"


def totp_identity(account_id: UUID) -> str:
    """The associated data of a sealed authenticator secret: a row copied over another does not open."""
    return f"totp:{account_id}"


def _recovery_tags(installation: Installation, account_id: UUID, code: str) -> list[str]:
    return installation.keys.candidate_tags(KeyLabel.TOKENS, "recovery", str(account_id), code)


@use_case
async def enroll_totp(
    installation: Installation, by: Caller, actor: AccountActor, *, now: datetime
) -> Enrolment:
    """Starts enrolment; nothing changes at sign-in until it is confirmed.

    Raises PasswordNotConfirmed, and NotAllowed when one is in force.
    """
    secret = new_totp_secret()
    async with recorded(installation, by, "enrollTotp", now) as change:
        account = await lock_row(Account, actor.account_id)
        assert account is not None
        await check_confirmed(actor, now)
        if account.totp_confirmed_at is not None:
            raise NotAllowed("This account has a second factor already.")
        account.totp_sealed = installation.keys.seal(secret.encode(), totp_identity(account.id))
        account.totp_last_step = None
        await account.save(update_fields=["totp_sealed", "totp_last_step"])
        change.note("Account", account.id, chain=account.id)
    return Enrolment(secret, totp_uri(secret, actor.email, "Latchwork"))


@use_case
async def confirm_totp(
    installation: Installation, by: Caller, actor: AccountActor, *, code: str, now: datetime
) -> list[str]:
    """Puts the second factor in force and ends all other sign-ins; returns ten recovery codes, shown once.

    Raises PasswordNotConfirmed, InvalidInput, NotAllowed.
    """
    async with recorded(installation, by, "confirmTotp", now) as change:
        account = await lock_row(Account, actor.account_id)
        assert account is not None
        await check_confirmed(actor, now)
        if account.totp_sealed is None or account.totp_confirmed_at is not None:
            raise NotAllowed("There is no enrolment to confirm.")
        secret = installation.keys.open(account.totp_sealed, totp_identity(account.id)).decode()
        step = matching_step(secret, code, now, last_step=account.totp_last_step)
        if step is None:
            raise InvalidInput("code", "This is not the authenticator's present code.")
        account.totp_last_step, account.totp_confirmed_at = step, now
        await account.save(update_fields=["totp_last_step", "totp_confirmed_at"])
        codes = await _write_recovery_codes(installation, account)
        await end_sign_ins(
            change, account.id, now, keep_session=actor.session_id, keep_device=actor.device_id
        )
        await tell_second_factor_on(installation, by, account, now)
        change.note("Account", account.id, chain=account.id)
    return codes


async def _write_recovery_codes(installation: Installation, account: Account) -> list[str]:
    """Ten new ones in place of those before, as they are shown."""
    codes = new_recovery_codes(10)
    await RecoveryCode.filter(account_id=account.id).delete()
    await RecoveryCode.bulk_create(
        [
            RecoveryCode(
                account=account,
                tag=installation.keys.tag(KeyLabel.TOKENS, "recovery", str(account.id), each),
            )
            for each in codes
        ]
    )
    return [display_recovery_code(each) for each in codes]


async def disable_totp(
    installation: Installation,
    by: Caller,
    actor: AccountActor,
    *,
    password: str,
    code: str,
    now: datetime,
) -> None:
    """Ends the second factor by the password and a code of the authenticator or a recovery code, and all other sign-ins.

    Raises SignInFailed for a wrong password, PolicyViolation for one that is too weak to stand alone, InvalidInput for a
    wrong code, NotAllowed where there is no second factor, Throttled.
    """
    account = await check_own_password(installation, by, actor, password, now)
    if check_password(password, second_factor=False, context=(account.email,)) is not None:
        raise PolicyViolation(
            "password",
            "This password is not strong enough without a second factor: change it first, to 15 characters or more "
            "and nothing common.",
        )
    await count_try(installation, SECOND_FACTOR, str(account.id), now)
    await _disable(installation, by, actor, account, code, now)
    await forget_tries(installation, SECOND_FACTOR, str(account.id))


@use_case
async def _disable(
    installation: Installation,
    by: Caller,
    actor: AccountActor,
    seen: Account,
    code: str,
    now: datetime,
) -> None:
    async with recorded(installation, by, "disableTotp", now) as change:
        account = await _with_code_spent(installation, actor, code, now)
        if account.password_hash != seen.password_hash:
            raise SignInFailed  # the password was changed while this one was being checked
        await take_off_second_factor(account)
        await end_sign_ins(
            change, account.id, now, keep_session=actor.session_id, keep_device=actor.device_id
        )
        await tell_second_factor_disabled(installation, by, account, now)
        change.note("Account", account.id, chain=account.id)


async def renew_recovery_codes(
    installation: Installation, by: Caller, actor: AccountActor, *, code: str, now: datetime
) -> list[str]:
    """Ten new recovery codes, shown once, in place of those before.

    Raises PasswordNotConfirmed, InvalidInput for a wrong code, NotAllowed where there is no second factor, Throttled.
    """
    await count_try(installation, SECOND_FACTOR, str(actor.account_id), now)
    codes = await _renew(installation, by, actor, code, now)
    await forget_tries(installation, SECOND_FACTOR, str(actor.account_id))
    return codes


@use_case
async def _renew(
    installation: Installation, by: Caller, actor: AccountActor, code: str, now: datetime
) -> list[str]:
    async with recorded(installation, by, "renewRecoveryCodes", now) as change:
        await check_confirmed(actor, now)
        account = await _with_code_spent(installation, actor, code, now)
        codes = await _write_recovery_codes(installation, account)
        await tell_recovery_codes_renewed(installation, by, account, now)
        change.note("Account", account.id, chain=account.id)
    return codes


async def _with_code_spent(
    installation: Installation, actor: AccountActor, code: str, now: datetime
) -> Account:
    """The caller's account, its row held, after this code has been used up."""
    account = await lock_row(Account, actor.account_id)
    assert account is not None
    if account.totp_confirmed_at is None:
        raise NotAllowed("This account has no second factor.")
    if not await spend_second_factor(installation, account, code, now):
        raise InvalidInput(
            "code", "This is neither the authenticator's present code nor an unused recovery code."
        )
    return account


async def take_off_second_factor(account: Account) -> None:
    """Within a transaction that holds the account's row: the password alone signs in again."""
    account.totp_sealed = account.totp_confirmed_at = account.totp_last_step = None
    await account.save(update_fields=["totp_sealed", "totp_confirmed_at", "totp_last_step"])
    await RecoveryCode.filter(account_id=account.id).delete()


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """One that is in force: since when, and how many recovery codes have not been used."""

    confirmed_at: datetime
    recovery_codes_left: int


async def second_factor_of(account: Account) -> SecondFactor | None:
    """The account's second factor, if one is in force."""
    if account.totp_confirmed_at is None:
        return None
    left = await RecoveryCode.filter(account_id=account.id, used_at=None).count()
    return SecondFactor(account.totp_confirmed_at, left)


@use_case
async def end_second_factor(
    installation: Installation, by: Caller, *, email: str, now: datetime
) -> Account:
    """For the command line: the password alone signs in again, and all sign-ins end. Raises InvalidInput, NotAllowed."""
    found = await Account.get_or_none(email=email)
    if found is None:
        raise no_account()
    async with recorded(installation, by, "endSecondFactor", now) as change:
        account = await lock_row(Account, found.id)
        assert account is not None
        if account.totp_sealed is None:
            raise NotAllowed("This account has no second factor.")
        await take_off_second_factor(account)
        await end_sign_ins(change, account.id, now)
        await tell_second_factor_ended(installation, by, account, now)
        change.note("Account", account.id, chain=account.id)
        return account


async def spend_second_factor(
    installation: Installation, account: Account, code: str, now: datetime
) -> bool:
    """Within a transaction that holds the account's row: whether the code is the authenticator's, or an unused recovery
    code; it does not work again once the transaction is committed."""
    assert account.totp_sealed is not None
    secret = installation.keys.open(account.totp_sealed, totp_identity(account.id)).decode()
    step = matching_step(secret, code, now, last_step=account.totp_last_step)
    if step is not None:
        account.totp_last_step = step
        await account.save(update_fields=["totp_last_step"])
        return True
    recovery = normalise_recovery_code(code)
    if recovery is None:
        return False
    tags = _recovery_tags(installation, account.id, recovery)
    return await RecoveryCode.filter(tag__in=tags, used_at=None).update(used_at=now) == 1
