"""What has ended is not kept for ever."""

import secrets
from datetime import UTC, datetime, timedelta

from domain.database import sweep
from domain.people.sweeping import KEPT, SWEEPS
from domain.people.tables import Account, Session, SocketTicket
from tests.databases import Database

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


async def test_sessions_and_tickets_go_once_they_have_ended_and_not_before(
    database: Database,
) -> None:
    """A session that was signed out stays until it would have ended by itself; a ticket goes with its session."""
    account = await Account.create(email="a@example.com", created_at=NOW)
    over, running = [
        await Session.create(
            account=account,
            tag=secrets.token_hex(8),
            created_at=NOW - timedelta(days=60),
            expires_at=NOW + timedelta(minutes=minutes),
        )
        for minutes in (-1, 1)
    ]
    for session in (over, running):
        await SocketTicket.create(
            tag=secrets.token_hex(8), session=session, expires_at=NOW + timedelta(seconds=30)
        )
    await swept(NOW + KEPT)
    assert await Session.all().values_list("id", flat=True) == [running.id]
    assert await SocketTicket.all().values_list("session_id", flat=True) == [running.id]
    await swept(NOW + KEPT + timedelta(minutes=2))
    assert not await Session.exists()
    assert not await SocketTicket.exists()


async def swept(now: datetime) -> None:
    for kind in SWEEPS:
        await sweep(kind, now)
