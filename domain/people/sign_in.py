"""Signing in and out: password, second factor, console sessions and phones.

Neither the answer nor its time tells a known account from an unknown one: for both the same statements run in the same
order. Every try is counted, and the count committed, before the password is checked: per account and per address.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import topics
from domain.actors import AccountActor, ActorKind, Caller
from domain.audit.service import RecordedChange, recorded
from domain.database import lock_row, transaction, use_case
from domain.errors import NotFound, SignInFailed
from domain.installation import Installation
from domain.mail.addresses import LONGEST_EMAIL
from domain.people.identities import SESSION_PREFIX, device_token
from domain.people.known_browsers import known_browser, remember
from domain.people.lifetimes import PHONE_LIFETIME, SESSION_LIFETIME, TICKET_LIFETIME
from domain.people.passwords import password_holds, renew_hash
from domain.people.second_factor import SECOND_FACTOR, spend_second_factor
from domain.people.tables import (
    Account,
    Device,
    Platform,
    Session,
    SignInTicket,
)
from domain.security.keys import KeyLabel
from domain.security.networks import networks_of
from domain.security.passwords import Asker
from domain.security.tokens import new_token, well_formed
from domain.sites.rules import checked_name
from domain.throttling.service import Budget, count_address, count_try, forget_tries

BY_STRANGERS = Budget("sign-in by strangers", 10, timedelta(minutes=15))
BY_KNOWN_DEVICE = Budget("sign-in by a known device", 10, timedelta(minutes=15))
BY_ADDRESS = Budget("sign-in by address", 100, timedelta(minutes=15))
_TICKET_PREFIX = "lwf"
_NOBODY = UUID(int=0)
"""Asked for where there is no account, so that the same statements run."""


@dataclass(frozen=True, slots=True)
class Phone:
    """The phone that signs in: the thumbprint of the key it proved (RFC 7638), and its name for people."""

    thumbprint: str
    name: str
    platform: Platform


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session or a device, with its token, shown once. `known` is the token by which a browser is known from now on."""

    account: Account
    token: str
    known: str
    expires_at: datetime
    session: Session | None
    device: Device | None

    def __repr__(self) -> str:
        return f"SignedIn(account={self.account.id})"


@dataclass(frozen=True, slots=True)
class RequestedTotp:
    """The password is right and the account has a second factor; `sign_in_with_totp` goes on with the ticket."""

    ticket: str = field(repr=False)


async def sign_in(
    installation: Installation,
    by: Caller,
    *,
    email: str,
    password: str,
    phone: Phone | None,
    known: str,
    now: datetime,
) -> SignedIn | RequestedTotp:
    """The first step, by password; an account with a second factor needs a second step.

    Raises SignInFailed, Throttled, InvalidInput for a phone's name.
    """
    phone = _checked_phone(phone)
    address = email.strip().lower()
    account = await _account_of(address)
    budget, subject = await _budget(installation, account, address, phone, known, now)
    await count_address(installation, BY_ADDRESS, by.address, now)
    await count_try(installation, budget, subject, now)
    asker = Asker(networks_of(by.address), recognised=budget is BY_KNOWN_DEVICE)
    if not await password_holds(installation, account, password, asker):
        raise SignInFailed
    assert account is not None
    await forget_tries(installation, budget, subject)
    await renew_hash(installation, account, password, asker)
    if account.totp_confirmed_at is not None:
        return RequestedTotp(await _make_ticket(installation, account, now))
    return await _begin(installation, account, phone, known, now)


async def _account_of(address: str) -> Account | None:
    """The account, or None. Text that no address can be is not looked up: the database would fail, unlike for others."""
    if not address.isprintable() or len(address) > LONGEST_EMAIL:
        return None
    return await Account.get_or_none(email=address)


def _checked_phone(phone: Phone | None) -> Phone | None:
    """The phone with its name checked, before any try is counted. Raises InvalidInput."""
    return phone and replace(phone, name=checked_name(phone.name, "device_name"))


async def _budget(
    installation: Installation,
    account: Account | None,
    address: str,
    phone: Phone | None,
    known: str,
    now: datetime,
) -> tuple[Budget, str]:
    """Which budget a try spends: a device that signed in before is not locked out by strangers' guesses."""
    account_id = _NOBODY if account is None else account.id
    if phone is not None:
        earlier = Device.filter(account_id=account_id, thumbprint=phone.thumbprint, removed_at=None)
        known_by = phone.thumbprint if await earlier.exists() else None
    else:
        browser = await known_browser(installation, account_id, known, now)
        known_by = str(browser.id) if browser is not None else None
    return (
        (BY_STRANGERS, address) if known_by is None else (BY_KNOWN_DEVICE, f"{address} {known_by}")
    )


@use_case
async def _make_ticket(installation: Installation, account: Account, now: datetime) -> str:
    """A ticket for the second step. Raises SignInFailed if the password was changed since it was checked."""
    token = new_token(_TICKET_PREFIX)
    async with transaction():
        await _unchanged(account)
        await SignInTicket.create(
            tag=installation.keys.tag(KeyLabel.TOKENS, _TICKET_PREFIX, token),
            account=account,
            expires_at=now + TICKET_LIFETIME,
        )
    return token


async def _unchanged(account: Account) -> Account:
    """Within a transaction: the account, held. Raises SignInFailed where it is not any more as it was while the password
    was checked: the password was changed, or a second factor came or went."""
    present = await lock_row(Account, account.id)
    if (
        present is None
        or present.password_hash != account.password_hash
        or present.totp_confirmed_at != account.totp_confirmed_at
    ):
        raise SignInFailed
    return present


async def sign_in_with_totp(
    installation: Installation,
    by: Caller,
    *,
    ticket: str,
    code: str,
    phone: Phone | None,
    known: str,
    now: datetime,
) -> SignedIn:
    """The second step, with an authenticator's or a recovery code. Raises as `sign_in` does."""
    phone = _checked_phone(phone)
    await count_address(installation, BY_ADDRESS, by.address, now)
    if not well_formed(ticket, _TICKET_PREFIX):
        raise SignInFailed
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, _TICKET_PREFIX, ticket)
    row = await SignInTicket.get_or_none(
        tag__in=tags, used_at=None, expires_at__gt=now
    ).select_related("account")
    if row is None:
        raise SignInFailed
    subject = str(row.account.id)
    await count_try(installation, SECOND_FACTOR, subject, now)
    done = await _begin(installation, row.account, phone, known, now, second=_Second(row.id, code))
    await forget_tries(installation, SECOND_FACTOR, subject)
    return done


@dataclass(frozen=True, slots=True)
class _Second:
    """The ticket and the code of the second step; both are spent, or neither."""

    ticket_id: UUID
    code: str = field(repr=False)


@use_case
async def _begin(
    installation: Installation,
    account: Account,
    phone: Phone | None,
    known: str,
    now: datetime,
    second: _Second | None = None,
) -> SignedIn:
    by = Caller(ActorKind.ACCOUNT, account.id)
    async with recorded(installation, by, "signIn", now) as change:
        present = await _unchanged(account)
        if second is not None:
            await _spend(installation, present, second, now)
        session, device, known_by = None, None, ""
        if phone is None:
            token = new_token(SESSION_PREFIX)
            expires_at = now + SESSION_LIFETIME
            session = await Session.create(
                account=account,
                tag=installation.keys.tag(KeyLabel.TOKENS, SESSION_PREFIX, token),
                created_at=now,
                expires_at=expires_at,
            )
            known_by = await remember(installation, account.id, known, now)
            change.note("Session", session.id, chain=account.id)
        else:
            expires_at = now + PHONE_LIFETIME
            device = await _device(account, phone, now, expires_at)
            token = device_token(installation, device)
            change.note("Device", device.id, chain=account.id)
    return SignedIn(account, token, known_by, expires_at, session, device)


async def _spend(
    installation: Installation, account: Account, second: _Second, now: datetime
) -> None:
    """Within a transaction that holds the account's row, so that several codes with one ticket come one by one: once
    the ticket is used, no other code is spent on it. Raises SignInFailed."""
    ticket = SignInTicket.filter(id=second.ticket_id, used_at=None)
    if await ticket.update(used_at=now) != 1:
        raise SignInFailed
    if account.totp_sealed is None or not await spend_second_factor(
        installation, account, second.code, now
    ):
        raise SignInFailed


async def _device(account: Account, phone: Phone, now: datetime, expires_at: datetime) -> Device:
    """Within a transaction that holds the account's row; the phone's own is held too, since it may be removed meanwhile."""
    found = await Device.get_or_none(account_id=account.id, thumbprint=phone.thumbprint)
    device = await lock_row(Device, found.id) if found is not None else None
    columns: dict[str, Any] = {
        "name": phone.name,
        "platform": phone.platform,
        "expires_at": expires_at,
    }
    if device is None:
        return await Device.create(
            account=account, thumbprint=phone.thumbprint, redeemed_at=now, **columns
        )
    if device.removed_at is not None:
        columns |= {"generation": device.generation + 1, "removed_at": None, "confirmed_at": None}
    await device.update_from_dict(columns).save(update_fields=list(columns))
    return device


@use_case
async def sign_out(
    installation: Installation, by: Caller, actor: AccountActor, *, now: datetime
) -> None:
    """Ends the session or the phone's sign-in that asks."""
    async with recorded(installation, by, "signOut", now) as change:
        await _end(change, actor.account_id, actor.session_id, actor.device_id, now)


@use_case
async def end_session(
    installation: Installation, by: Caller, actor: AccountActor, *, session_id: UUID, now: datetime
) -> Session:
    """Ends one of the caller's own sessions. Raises NotFound."""
    session = await Session.get_or_none(id=session_id, account_id=actor.account_id, ended_at=None)
    if session is None:
        raise NotFound("session_id")
    async with recorded(installation, by, "endSession", now) as change:
        await _end(change, actor.account_id, session_id, None, now)
    return session


async def _end(
    change: RecordedChange,
    account_id: UUID,
    session_id: UUID | None,
    device_id: UUID | None,
    now: datetime,
) -> None:
    if session_id is not None:
        await Session.filter(id=session_id, ended_at=None).update(ended_at=now)
        change.note("Session", session_id, chain=account_id)
        change.wake(topics.session(session_id))
    if device_id is not None:
        await Device.filter(id=device_id, removed_at=None).update(removed_at=now)
        change.note("Device", device_id, chain=account_id)
        change.wake(topics.device(device_id))
