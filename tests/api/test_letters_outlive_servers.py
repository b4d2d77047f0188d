"""Letters that wait while the mail server is away, over the lives of several servers, and with several of them at once."""

import asyncio
from datetime import timedelta
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from domain.letters.mailers import SmtpMailer
from domain.mail.outbox import LONGEST_PAUSE
from domain.mail.tables import WaitingLetter
from tests.application import serving
from tests.databases import Database
from tests.processes import free_port
from tests.waiting import eventually


class PostRoom:
    """Counts what each recipient gets."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken += envelope.rcpt_tos
        return "250 OK"


async def tried_once() -> bool:
    rows = await WaitingLetter.all()
    return len(rows) == 3 and all(row.tries for row in rows)


async def test_a_restart_loses_no_letter(fresh_database: Database, tmp_path: Path) -> None:
    """Proves that what was asked for while the mail server was away is sent by the next server's life, each letter once."""
    port = free_port()
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "Latchwork <doors@example.com>")
    async with serving(fresh_database, tmp_path, mailer) as served:
        house = await served.site()
        for number in range(3):
            answer = await house.change(
                "createMember", "", siteId=house.id, name="N", email=f"{number}@example.com"
            )
            assert answer["__typename"] == "CreatedMember"
        await eventually(tried_once)
        later = served.clock() + LONGEST_PAUSE
    room, loop = PostRoom(), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(room, loop=loop), "127.0.0.1", port)
    async with serving(fresh_database, tmp_path, mailer) as served:
        served.clock.advance(later - served.clock() + timedelta(hours=1))
        house = await served.site("Other")
        await house.change("createMember", "", siteId=house.id, name="N", email="3@example.com")

        async def none_waits() -> bool:
            return not await WaitingLetter.exists()

        await eventually(none_waits)
    listening.close()
    assert sorted(room.taken) == [f"{number}@example.com" for number in range(4)]
