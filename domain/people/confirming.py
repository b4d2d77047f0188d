"""Confirming the password once more before changes that a stolen sign-in must not make."""

from dataclasses import dataclass
from datetime import datetime

from domain.actors import AccountActor, Caller
from domain.audit.service import recorded
from domain.database import lock_row, use_case
from domain.errors import NotSignedIn, PasswordNotConfirmed, SignInFailed
from domain.installation import Installation
from domain.people.lifetimes import CONFIRMED_FOR, PHONE_LIFETIME, SESSION_LIFETIME
from domain.people.passwords import check_own_password
from domain.people.tables import Account, Device, Session


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Until when this sign-in may make such changes, and when it now expires."""

    until: datetime
    expires_at: datetime


async def confirm_password(
    installation: Installation, by: Caller, actor: AccountActor, *, password: str, now: datetime
) -> Confirmed:
    """Confirms and prolongs the sign-in that asks, no other one. Raises SignInFailed, Throttled, NotSignedIn."""
    account = await check_own_password(installation, by, actor, password, now)
    return await _confirm(installation, by, actor, account, now)


@use_case
async def _confirm(
    installation: Installation, by: Caller, actor: AccountActor, account: Account, now: datetime
) -> Confirmed:
    async with recorded(installation, by, "confirmPassword", now) as change:
        present = await lock_row(Account, account.id)
        if present is None or present.password_hash != account.password_hash:
            raise SignInFailed  # the password was changed while this one was being checked
        rows, lifetime = (
            (Session.filter(id=actor.session_id, ended_at=None), SESSION_LIFETIME)
            if actor.session_id is not None
            else (Device.filter(id=actor.device_id, removed_at=None), PHONE_LIFETIME)
        )
        expires_at = now + lifetime
        if await rows.update(confirmed_at=now, expires_at=expires_at) != 1:
            raise NotSignedIn
        change.note("Account", account.id, chain=account.id)
    return Confirmed(now + CONFIRMED_FOR, expires_at)


async def check_confirmed(actor: AccountActor, now: datetime) -> None:
    """Raises PasswordNotConfirmed unless this very sign-in confirmed its password some minutes ago at most."""
    row: Session | Device | None = (
        await Session.get_or_none(id=actor.session_id)
        if actor.session_id is not None
        else await Device.get_or_none(id=actor.device_id)
    )
    confirmed_at = row.confirmed_at if row is not None else None
    if confirmed_at is None or confirmed_at + CONFIRMED_FOR <= now:
        raise PasswordNotConfirmed
