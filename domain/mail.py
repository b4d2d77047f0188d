"""Mail to people: one message at a time, to a real SMTP server or, where none is configured, into a folder.

The dangerous direction: a link or code from a message in a log. Logs hold a failure's kind only: no address, no text.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from domain.columns import new_id
from domain.errors import InvalidInput, MailNotSent

log = structlog.get_logger(__name__)
LONGEST_EMAIL = 254
"""RFC 5321, 4.5.3.1.3, without the brackets."""
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=.{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", re.ASCII
)
"""A dot-atom (RFC 5322, 3.2.3) of at most 64 characters at a host name of two labels or more (RFC 1123, 2.1).

What mail allows besides (quotes, comments, address literals) is read in different ways by different programs, so that a
letter could go to another address than the one that was checked; so is what looks like an encoded word (RFC 2047). Of
international domains the form in ASCII is taken.
"""


@dataclass(frozen=True)
class Letter:
    """A message to one person. `attachments` are (file name, media type, content)."""

    to: str
    subject: str
    text: str = field(repr=False)
    attachments: Sequence[tuple[str, str, bytes]] = field(default=(), repr=False)


class Mailer(Protocol):
    """Sends one letter, or raises MailNotSent."""

    async def send(self, letter: Letter) -> None: ...


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message.set_content(letter.text)
    for name, media_type, content in letter.attachments:
        maintype, _, subtype = media_type.partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return message


class SmtpMailer:
    """Hands letters to the server at `smtp://user:password@host:port` (or `smtps://`, RFC 8314)."""

    def __init__(self, url: str, sender: str, timeout_seconds: float = 15.0) -> None:
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

    async def send(self, letter: Letter) -> None:
        try:
            # For the whole conversation: aiosmtplib's own timeout begins anew with each answer.
            async with asyncio.timeout(self._timeout):
                await aiosmtplib.send(
                    _message(letter, self._sender),
                    recipients=[
                        letter.to
                    ],  # what was checked, not what a parser makes of the header
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._tls,
                    timeout=self._timeout,
                )
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("mail not sent", error=type(error).__name__)
            raise MailNotSent from None


class FolderMailer:
    """Writes letters as `.eml` files (mode 0600) where no mail server is configured: development and demonstrations."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: Letter) -> None:
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            log.warning("mail not written", error=type(error).__name__)
            raise MailNotSent from None

    def _write(self, letter: Letter) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{new_id()}.eml"
        path.touch(mode=0o600)
        path.write_bytes(bytes(_message(letter, self._sender)))


def checked_email(text: str, field: str = "email") -> str:
    """The address in lower case. Raises InvalidInput for all but a dot-atom at a plain domain, in ASCII."""
    given = text.strip()
    address = given.lower()  # asked of the given one: some letters become ASCII only here
    if not given.isascii() or len(address) > LONGEST_EMAIL or not _ADDRESS.fullmatch(address):
        raise InvalidInput(field, "Give an e-mail address, such as anna@example.com.")
    return address
