"""What an account can sign in with and where it is signed in: for an operator who is asked for help."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import InvalidInput
from domain.people.tables import Account, Device, Member, RecoveryCode, Session


@dataclass(frozen=True, slots=True)
class SignInState:
    """`sessions` are the moments at which consoles signed in, `phones` their names; both that have not ended."""

    email: str
    made_at: datetime
    has_password: bool
    second_factor_since: datetime | None
    recovery_codes_left: int
    sessions: tuple[datetime, ...]
    phones: tuple[str, ...]
    sites: tuple[str, ...]


def no_account() -> InvalidInput:
    """What the command line is told of an address without one."""
    return InvalidInput("email", "Nobody with this e-mail address has an account.")


async def sign_in_state(email: str, now: datetime) -> SignInState:
    """Raises InvalidInput where nobody with this address has an account."""
    account = await Account.get_or_none(email=email)
    if account is None:
        raise no_account()
    sessions = Session.filter(account_id=account.id, ended_at=None, expires_at__gt=now)
    phones = Device.filter(account_id=account.id, removed_at=None, expires_at__gt=now)
    members = Member.filter(account_id=account.id, removed_at=None, accepted_at__isnull=False)
    return SignInState(
        account.email,
        account.created_at,
        account.password_hash is not None,
        account.totp_confirmed_at,
        await RecoveryCode.filter(account_id=account.id, used_at=None).count(),
        tuple([each.created_at for each in await sessions.order_by("id")]),
        tuple([each.name for each in await phones.order_by("id")]),
        tuple([each.site.name for each in await members.order_by("id").select_related("site")]),
    )
