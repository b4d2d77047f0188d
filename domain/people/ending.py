"""Ending the sign-ins of an account: what a change of the password or of the second factor does to all the others."""

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

    With them go sign-ins that were half-way, links for a new password that others may have asked for, and what browsers
    are known by.
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
