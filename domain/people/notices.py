"""Letters that tell the owner of an account what was done to it, by them or by somebody else."""

from datetime import UTC, datetime

from domain.actors import Caller
from domain.installation import Installation
from domain.letters.letter import Letter
from domain.mail.outbox import post
from domain.people.tables import Account

_NOT_YOU = (
    "If it was not you, have a new password mailed to you at once, and tell the people who run your doors: "
    "somebody else may have used your account."
)


async def tell_password_changed(
    installation: Installation, by: Caller, account: Account, now: datetime
) -> None:
    """Within a transaction: posts the letter about it."""
    said = "The password of your Latchwork account was changed, and all other sign-ins were ended"
    await _tell(installation, by, account, "Your password was changed", said, now)


async def tell_second_factor_on(
    installation: Installation, by: Caller, account: Account, now: datetime
) -> None:
    """Within a transaction: posts the letter about it."""
    said = (
        "Signing in to your Latchwork account now needs a code of an authenticator besides the password, "
        "and all other sign-ins were ended"
    )
    await _tell(installation, by, account, "Your account has a second factor", said, now)


async def tell_second_factor_ended(
    installation: Installation, by: Caller, account: Account, now: datetime
) -> None:
    """Within a transaction: posts the letter about it."""
    said = (
        "The people who run your doors took the second factor off your Latchwork account: "
        "the password alone signs in again. All sign-ins were ended"
    )
    await _tell(installation, by, account, "Your account has no second factor any more", said, now)


async def tell_second_factor_disabled(
    installation: Installation, by: Caller, account: Account, now: datetime
) -> None:
    """Within a transaction: posts the letter about it."""
    said = (
        "The second factor of your Latchwork account was switched off: the password alone signs in again. "
        "All other sign-ins were ended"
    )
    await _tell(installation, by, account, "Your account has no second factor any more", said, now)


async def tell_recovery_codes_renewed(
    installation: Installation, by: Caller, account: Account, now: datetime
) -> None:
    """Within a transaction: posts the letter about it."""
    said = "Your Latchwork account has new recovery codes; those before open nothing any more"
    await _tell(installation, by, account, "Your recovery codes were renewed", said, now)


async def _tell(
    installation: Installation, by: Caller, account: Account, subject: str, said: str, now: datetime
) -> None:
    when = f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    letter = Letter(account.email, subject, [f"{said} ({when}).", _NOT_YOU])
    await post(installation, by, letter, about=account.id, now=now)
