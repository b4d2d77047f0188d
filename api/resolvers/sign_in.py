"""Operations of signing in and out, passwords and the second factor."""

import asyncio

from api.auth.cookies import known_cookie, session_cookie
from api.context import Call
from api.operations import ANYONE, PERSON, mutation
from api.schema.accounts import Account, account_type
from api.schema.errors import (
    LinkNotUsable,
    PasswordNotConfirmed,
    PolicyViolation,
    SignInFailed,
    WrongAddress,
)
from api.schema.members import member_type
from api.schema.sessions import session_type
from api.schema.sign_in import (
    AcceptedMembership,
    AcceptMembershipInput,
    ChangedPassword,
    ChangePasswordInput,
    ConfirmedPassword,
    ConfirmedTotp,
    ConfirmPasswordInput,
    ConfirmTotpInput,
    DisabledTotp,
    DisableTotpInput,
    EnrolledTotp,
    RenewedRecoveryCodes,
    RenewRecoveryCodesInput,
    RequestedPasswordReset,
    RequestedTotp,
    RequestPasswordResetInput,
    ResetPassword,
    ResetPasswordInput,
    SignedIn,
    SignedOut,
    SignInInput,
    SignInWithTotpInput,
)
from domain import errors
from domain.actors import AccountActor
from domain.people import accepting, confirming, passwords, second_factor
from domain.people import sign_in as signing
from domain.people.lifetimes import KNOWN_FOR
from domain.people.sign_in import Phone
from domain.people.tables import Account as AccountRow
from domain.people.tables import Platform, Session
from domain.sharing import qr_svg


def _phone(call: Call, name: str, platform: Platform) -> Phone | None:
    thumbprint = call.context.identity.thumbprint
    return Phone(thumbprint, name, platform) if thumbprint else None


def _from_own_page(call: Call) -> None:
    """Raises WrongAddress for another page: the cookie that it got would not count in its next request."""
    if call.context.identity.foreign_page:
        raise errors.WrongAddress(call.installation.public_url)


def _signed_in(call: Call, done: signing.SignedIn) -> SignedIn:
    if done.session is not None:
        lifetime = int((done.expires_at - call.now).total_seconds())
        call.context.cookies[session_cookie(call.installation)] = (done.token, lifetime)
        known_for = int(KNOWN_FOR.total_seconds())
        call.context.cookies[known_cookie(call.installation)] = (done.known, known_for)
    person = AccountActor(
        done.account.id,
        done.account.email,
        session_id=done.session.id if done.session is not None else None,
        device_id=done.device.id if done.device is not None else None,
    )
    return SignedIn(
        account=account_type(done.account, person),
        expires_at=done.expires_at,
        access_token=done.token if done.device is not None else None,
    )


@mutation(ANYONE, SignInFailed, WrongAddress)
async def sign_in(call: Call, input: SignInInput) -> SignedIn | RequestedTotp:
    """Signs a person in: a browser gets a cookie, a phone (with a DPoP header) a token bound to its key."""
    _from_own_page(call)
    done = await signing.sign_in(
        call.installation,
        call.by,
        email=input.email,
        password=input.password,
        phone=_phone(call, input.device_name, input.platform),
        known=call.context.identity.known_browser,
        now=call.now,
    )
    if isinstance(done, signing.RequestedTotp):
        return RequestedTotp(ticket=done.ticket)
    return _signed_in(call, done)


@mutation(ANYONE, SignInFailed, WrongAddress)
async def sign_in_with_totp(call: Call, input: SignInWithTotpInput) -> SignedIn:
    """The second step of signing in, for an account with a second factor."""
    _from_own_page(call)
    done = await signing.sign_in_with_totp(
        call.installation,
        call.by,
        ticket=input.ticket,
        code=input.code,
        phone=_phone(call, input.device_name, input.platform),
        known=call.context.identity.known_browser,
        now=call.now,
    )
    return _signed_in(call, done)


@mutation(PERSON)
async def sign_out(call: Call) -> SignedOut:
    """Ends the sign-in that asks, with its sockets and streams."""
    await signing.sign_out(call.installation, call.by, _person(call), now=call.now)
    call.context.cookies[session_cookie(call.installation)] = ("", 0)
    return SignedOut(done=True)


def _person(call: Call) -> AccountActor:
    assert isinstance(call.by.actor, AccountActor)
    return call.by.actor


async def _own_account(call: Call) -> Account:
    return account_type(await AccountRow.get(id=_person(call).account_id))


@mutation(PERSON, SignInFailed, PolicyViolation)
async def change_password(call: Call, input: ChangePasswordInput) -> ChangedPassword:
    """Changes the caller's own password and ends all their other sign-ins."""
    await passwords.change_password(
        call.installation,
        call.by,
        _person(call),
        old=input.old_password,
        new=input.new_password,
        now=call.now,
    )
    return ChangedPassword(account=await _own_account(call))


@mutation(ANYONE)
async def request_password_reset(
    call: Call, input: RequestPasswordResetInput
) -> RequestedPasswordReset:
    """Mails a link that sets a new password, if there is such an account; the answer does not tell."""
    await passwords.request_password_reset(
        call.installation, call.by, email=input.email, now=call.now
    )
    return RequestedPasswordReset(done=True)


@mutation(ANYONE, LinkNotUsable, PolicyViolation)
async def reset_password(call: Call, input: ResetPasswordInput) -> ResetPassword:
    """Sets a new password by a mailed link, once, and ends all sign-ins of the account."""
    await passwords.reset_password(
        call.installation, call.by, token=input.token, password=input.password, now=call.now
    )
    return ResetPassword(done=True)


@mutation(ANYONE, LinkNotUsable, PolicyViolation)
async def accept_membership(call: Call, input: AcceptMembershipInput) -> AcceptedMembership:
    """Joins a site by a mailed link, once; whoever has no account yet gets one, with this password."""
    member = await accepting.accept_membership(
        call.installation, call.by, token=input.token, password=input.password, now=call.now
    )
    account = await AccountRow.get(id=member.account_id)
    return AcceptedMembership(member=member_type(member), account=account_type(account))


@mutation(PERSON, SignInFailed)
async def confirm_password(call: Call, input: ConfirmPasswordInput) -> ConfirmedPassword:
    """Types the password again: opens enrollTotp, confirmTotp and renewRecoveryCodes to the sign-in that asks for some
    minutes, and prolongs it as if it had just begun."""
    person = _person(call)
    confirmed = await confirming.confirm_password(
        call.installation, call.by, person, password=input.password, now=call.now
    )
    if person.session_id is not None and call.context.identity.session_token:
        lifetime = int((confirmed.expires_at - call.now).total_seconds())
        token = call.context.identity.session_token
        call.context.cookies[session_cookie(call.installation)] = (token, lifetime)
    session = await Session.get_or_none(id=person.session_id)
    return ConfirmedPassword(
        confirmed_until=confirmed.until,
        expires_at=confirmed.expires_at,
        session=session_type(session, person) if session is not None else None,
    )


@mutation(PERSON, PasswordNotConfirmed)
async def enroll_totp(call: Call) -> EnrolledTotp:
    """Starts a second factor, after confirmPassword; sign-in stays as it is until confirmTotp."""
    enrolment = await second_factor.enroll_totp(
        call.installation, call.by, _person(call), now=call.now
    )
    return EnrolledTotp(
        secret=enrolment.secret,
        uri=enrolment.uri,
        qr_svg=await asyncio.to_thread(qr_svg, enrolment.uri),
    )


@mutation(PERSON, PasswordNotConfirmed)
async def confirm_totp(call: Call, input: ConfirmTotpInput) -> ConfirmedTotp:
    """Puts the second factor in force, ends all other sign-ins of the account, and shows ten recovery codes, once."""
    codes = await second_factor.confirm_totp(
        call.installation, call.by, _person(call), code=input.code, now=call.now
    )
    return ConfirmedTotp(account=await _own_account(call), recovery_codes=codes)


@mutation(PERSON, SignInFailed, PolicyViolation)
async def disable_totp(call: Call, input: DisableTotpInput) -> DisabledTotp:
    """Ends the second factor of the caller, and all other sign-ins of the account; a letter tells of it."""
    await second_factor.disable_totp(
        call.installation,
        call.by,
        _person(call),
        password=input.password,
        code=input.code,
        now=call.now,
    )
    return DisabledTotp(account=await _own_account(call))


@mutation(PERSON, PasswordNotConfirmed)
async def renew_recovery_codes(call: Call, input: RenewRecoveryCodesInput) -> RenewedRecoveryCodes:
    """Ten new recovery codes, after confirmPassword and with a code, shown once; those before end."""
    codes = await second_factor.renew_recovery_codes(
        call.installation, call.by, _person(call), code=input.code, now=call.now
    )
    return RenewedRecoveryCodes(account=await _own_account(call), recovery_codes=codes)
