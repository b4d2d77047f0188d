"""Ending the sign-ins of an account: part of changing its password or its second factor."""

from datetime import datetime
from uuid import UUID

from tortoise.expressions import F

from domain import topics
from domain.audit.service import RecordedChange
from domain.people.mailed_links import end_links
from domain.people.tables import Device, KnownBrowser, LinkPurpose, Session, SignInTicket


async def end_sign_ins(
    change: RecordedChange,
    account_id: UUID,
    now: datetime,
    *,
    keep_session: UUID | None = None,
    keep_device: UUID | None = None,
) -> None:
    """Within a transaction that holds the account's row: ends its sessions and phones but the one that is kept.

    Sign-ins that wait for a second factor end too, as do links for a new password, which others may have asked for, and
    what makes browsers known.
    """
    sessions = Session.filter(account_id=account_id, ended_at=None)
    if keep_session is not None:
        sessions = sessions.exclude(id=keep_session)
    await sessions.update(ended_at=now)
    devices = Device.filter(account_id=account_id, removed_at=None)
    if keep_device is not None:
        devices = devices.exclude(id=keep_device)
    await devices.update(removed_at=now, generation=F("generation") + 1)
    await SignInTicket.filter(account_id=account_id).delete()
    await KnownBrowser.filter(account_id=account_id).delete()
    await end_links(account_id=account_id, purpose=LinkPurpose.RESET_PASSWORD)
    change.wake(topics.account(account_id))
