"""What of a person goes when they are erased, of members and accounts. Ids stay, so that what was done stays in order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.audit.service import RecordedChange
from domain.database import lock_row
from domain.database.rows import column
from domain.mail.outbox import end_letters
from domain.people.ending import end_sign_ins
from domain.people.mailed_links import end_links
from domain.people.second_factor import take_off_second_factor
from domain.people.tables import (
    Account,
    ApiToken,
    Device,
    MailedLink,
    Member,
    Session,
)

ERASED_PERSON = "Erased person"
ERASED_PHONE = "Erased phone"
_NOBODY = "@erased.invalid"
"""RFC 2606, 2: the domain of an address that is nobody's."""


async def erase_members(rows: Sequence[Member], now: datetime) -> None:
    """Within a transaction, the rows held and removed: takes names, addresses and the ties to accounts off them."""
    for row in rows:
        await end_links(member_id=row.id)
        await MailedLink.filter(member_id=row.id).delete()
        row.name, row.invited_email = ERASED_PERSON, None
        row.account_id, row.erased_at = None, row.erased_at or now
        await row.save(update_fields=["name", "invited_email", "account_id", "erased_at"])


async def erase_account(change: RecordedChange, account_id: UUID, now: datetime) -> bool:
    """Within a transaction: takes address, sign-ins, phones and second factor off the account, unless the person is a
    member anywhere still. Returns whether it did."""
    account = await lock_row(Account, account_id)
    assert account is not None
    if await Member.filter(account_id=account_id, removed_at=None).exists():
        return False
    await end_sign_ins(change, account_id, now)
    await end_links(account_id=account_id)
    await end_letters([account_id])
    await MailedLink.filter(account_id=account_id).delete()
    await Session.filter(account_id=account_id).delete()
    for device in await Device.filter(account_id=account_id):
        await erase_device(change, device, now)
    living = ApiToken.filter(account_id=account_id, revoked_at=None)
    for token_id in await column(living, "id"):
        change.wake(topics.api_token(token_id))
    await living.update(revoked_at=now)
    account.email = f"{account.id.hex}{_NOBODY}"  # unlike every other
    account.password_hash = None
    await account.save(update_fields=["email", "password_hash"])
    await take_off_second_factor(account)
    change.note("Account", account.id, chain=account.id)
    return True


def is_erased(account: Account) -> bool:
    """Whether the account was somebody's who was erased."""
    return account.email.endswith(_NOBODY)


async def erase_device(change: RecordedChange, device: Device, now: datetime) -> None:
    """Within a transaction: ends the phone, and takes off its name and its key."""
    device.name, device.thumbprint = ERASED_PHONE, f"erased-{device.id.hex}"
    device.removed_at = device.removed_at or now
    device.generation += 1
    await device.save(update_fields=["name", "thumbprint", "removed_at", "generation"])
    change.wake(topics.device(device.id))
