"""SMTP: off this machine nothing leaves in clear text, and each failure is told for what it is.

0.0.0.0 stands for another machine: it is no loopback address, and leads to this one.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from api.settings import Settings
from domain.database.rows import new_id
from domain.letters.letter import Letter
from domain.letters.mailers import NeverSent, NotSentNow, SmtpMailer
from tests.certificates import self_signed

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ELSEWHERE, HERE = "0.0.0.0", "127.0.0.1"  # noqa: S104 - nothing is bound to it


@dataclass
class Server:
    """A real SMTP server that notes what it is told, and over what."""

    replies: dict[str, str] = field(default_factory=dict)
    secure: list[bool] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.replies:
            return self.replies["DATA"]
        self.secure.append(session.ssl is not None or self._wrapped(server))
        return "250 OK"

    def _wrapped(self, server: SMTP) -> bool:
        assert server.transport is not None
        return server.transport.get_extra_info("sslcontext") is not None

    def authenticate(self, server: SMTP, session: Session, *given: Any) -> AuthResult:
        self.passwords.append(given[-1].password)
        return AuthResult(success=True)


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for the other machine, which this one believes."""
    pem = self_signed(ELSEWHERE, tmp_path / "mail.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@asynccontextmanager
async def listening(
    server: Server, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    make: Callable[[], SMTP] = lambda: SMTP(  # noqa: E731
        server,
        loop=loop,
        tls_context=starttls,
        authenticator=server.authenticate,
        auth_require_tls=False,
    )
    listener = await loop.create_server(make, HERE, 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    listener.close()


async def send(mailer: SmtpMailer) -> None:
    await mailer.send(Letter("ada@example.com", "Hello", ["Text"]), new_id(), NOW)


def mailer(server: Server, host: str, scheme: str = "smtp", **more: Any) -> SmtpMailer:
    url = f"{scheme}://user:geheim@{host}:{server.port}"
    return SmtpMailer(url, "Doors <doors@example.com>", **more)


async def test_without_tls_another_machine_gets_neither_password_nor_letter() -> None:
    """Proves that a server without STARTTLS, or whose offer somebody on the way took out, is told nothing."""
    async with listening(Server()) as server:
        with pytest.raises(NotSentNow):
            await send(mailer(server, ELSEWHERE))
        assert (server.passwords, server.secure) == ([], [])


async def test_starttls_is_used_and_its_certificate_checked(
    certified: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves that password and letter go over TLS, and to nobody whose certificate does not hold."""
    async with listening(Server(), starttls=certified) as server:
        await send(mailer(server, ELSEWHERE))
        assert (server.passwords, server.secure) == ([b"geheim"], [True])
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(NotSentNow):
            await send(mailer(server, ELSEWHERE))
        assert len(server.passwords) == 1


async def test_smtps_is_tls_from_the_first_byte(certified: ssl.SSLContext) -> None:
    """Proves it, and that a server which speaks plainly at that port gets nothing."""
    async with listening(Server(), tls=certified) as server:
        await send(mailer(server, ELSEWHERE, "smtps"))
        assert (server.passwords, server.secure) == ([b"geheim"], [True])
    async with listening(Server()) as server:
        with pytest.raises(NotSentNow):
            await send(mailer(server, ELSEWHERE, "smtps", timeout_seconds=1))
        assert server.passwords == []


@pytest.mark.parametrize(("host", "allowed"), [(HERE, False), (ELSEWHERE, True)])
async def test_plain_smtp_is_for_this_machine_or_where_a_setting_allows_it(
    host: str, allowed: bool
) -> None:
    """Proves both, and that the setting is off unless it is set."""
    assert Settings.model_fields["smtp_allow_plain"].default is False
    async with listening(Server()) as server:
        await send(mailer(server, host, allow_plain=allowed))
        assert (server.passwords, server.secure) == ([b"geheim"], [False])


@pytest.mark.parametrize(
    ("command", "reply", "fault"),
    [
        ("RCPT", "550 5.1.1 No such mailbox", NeverSent),
        ("RCPT", "450 4.2.0 Greylisted", NotSentNow),
        ("DATA", "554 5.7.1 We do not like this", NeverSent),
        ("DATA", "452 4.3.1 Disk full", NotSentNow),
    ],
)
async def test_a_refusal_for_good_is_told_from_one_for_now(
    command: str, reply: str, fault: type[Exception]
) -> None:
    """Proves it by the first digit of the reply (RFC 5321, 4.2.1), for the recipient and for the message."""
    async with listening(Server({command: reply})) as server:
        with pytest.raises(fault):
            await send(mailer(server, HERE))


async def test_a_server_that_is_not_there_or_keeps_silent_may_come_back() -> None:
    """Proves that both are failures of now, the second one within the time that a try has."""
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), HERE, 0)
    port = silent.sockets[0].getsockname()[1]
    with pytest.raises(NotSentNow):
        await send(mailer(Server(port=port), HERE, timeout_seconds=0.2))
    silent.close()
    with pytest.raises(NotSentNow):
        await send(mailer(Server(port=port), HERE))
