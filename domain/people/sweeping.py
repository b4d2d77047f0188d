"""What of sign-ins is not kept once it has ended: sessions, tickets, mailed links, known browsers, proofs."""

from datetime import datetime, timedelta
from typing import Any

from domain.database import Sweep, delete_some
from domain.people.tables import (
    KnownBrowser,
    MailedLink,
    SeenProof,
    Session,
    SignInTicket,
    SocketTicket,
)

KEPT = timedelta(days=1)
"""For so long after its end, used or not: whoever comes late is told what has become of it."""
PROOFS_KEPT = timedelta(seconds=60)
"""Clocks differ: a proof that could be fresh for one process is not forgotten by another."""


def _ended(table: Any, kept: timedelta) -> Sweep:
    """The rows of a table so long after their `expires_at`."""

    async def some(now: datetime, most: int) -> int:
        return await delete_some(table.filter(expires_at__lt=now - kept), most)

    return Sweep(table._meta.db_table, some)


SWEEPS = (
    *(
        _ended(table, KEPT)
        for table in (SocketTicket, SignInTicket, MailedLink, KnownBrowser, Session)
    ),
    _ended(SeenProof, PROOFS_KEPT),
)
