"""Sending one letter: to a real SMTP server or, where none is configured, into a folder.

Logs hold a failure's kind only: no address, no text.
"""

import asyncio
import contextlib
import os
from datetime import datetime
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from domain.letters.letter import Letter, message

_FOR_GOOD = range(500, 600)
"""Replies after which the same letter is not to be sent again (RFC 5321, 4.2.1)."""


class NotSentNow(Exception):
    """The letter could not be sent now; another try may do. The text names the kind of failure and nothing else."""


class NeverSent(Exception):
    """The mail server refuses this letter or its recipient for good."""


class Mailer(Protocol):
    """Sends one letter, or raises NotSentNow or NeverSent."""

    async def send(self, letter: Letter, letter_id: UUID, written_at: datetime) -> None: ...


class SmtpMailer:
    """Hands letters to the server at `smtp://user:password@host:port` or `smtps://` (RFC 8314, 3).

    Off this machine `smtp` demands STARTTLS (RFC 3207) with a valid certificate;
    with `allow_plain` TLS is used only if the server offers it.
    """

    def __init__(
        self, url: str, sender: str, *, allow_plain: bool = False, timeout_seconds: float = 15.0
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("LATCHWORK_SMTP_URL must look like smtp://host:port")
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._timeout = timeout_seconds
        self._start_tls = False if self._tls else self._start_tls_for(allow_plain)

    def _start_tls_for(self, allow_plain: bool) -> bool | None:
        """True demands STARTTLS; None takes it where the server offers it."""
        return None if allow_plain or _on_loopback(self._host) else True

    async def send(self, letter: Letter, letter_id: UUID, written_at: datetime) -> None:
        made = message(letter, sender=self._sender, letter_id=letter_id, written_at=written_at)
        try:
            # For the whole conversation: aiosmtplib's own timeout begins anew with each answer.
            async with asyncio.timeout(self._timeout):
                await aiosmtplib.send(
                    made.as_bytes(),
                    sender=parseaddr(self._sender)[1],
                    # what was checked, not what a parser makes of the header
                    recipients=[letter.to],
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._tls,
                    start_tls=self._start_tls,
                    timeout=self._timeout,
                )
        except (aiosmtplib.SMTPException, OSError) as error:
            if _for_good(error):
                raise NeverSent from None
            raise NotSentNow(type(error).__name__) from None


def _on_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host.lower() == "localhost"


def _for_good(error: Exception) -> bool:
    """Only replies about this letter or its recipient: a wrong password or sender is for the operator to correct."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return all(each.code in _FOR_GOOD for each in error.recipients)
        case aiosmtplib.SMTPRecipientRefused() | aiosmtplib.SMTPDataError():
            return error.code in _FOR_GOOD
        case _:
            return False


class FolderMailer:
    """Writes letters as `.eml` files (mode 0600) where no mail server is configured: development and demonstrations."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: Letter, letter_id: UUID, written_at: datetime) -> None:
        made = message(letter, sender=self._sender, letter_id=letter_id, written_at=written_at)
        try:
            await asyncio.to_thread(self._write, f"{letter_id}.eml", made.as_bytes())
        except OSError as error:
            raise NotSentNow(type(error).__name__) from None

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all: the file has its name once everything is in it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f"{name}.part"
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        os.replace(unfinished, self._folder / name)
