"""Letters: what one says, how it waits, and the message that it becomes.

A link in a letter is good by itself, so a mail program must not cut it. Quoted-printable breaks long lines (RFC 2045,
6.7), and some programs put them together wrongly; no part of a letter is sent in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.security import base64url

_LONGEST_LINE = 998
"""RFC 5322, 2.1.1."""
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Button:
    """What the reader is asked to do, and the address that does it."""

    label: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to one person: paragraphs, the button, paragraphs. `attachments` are (file name, media type, content)."""

    to: str
    subject: str
    before: Sequence[str] = field(repr=False)
    button: Button | None = None
    after: Sequence[str] = field(default=(), repr=False)
    attachments: Sequence[tuple[str, str, bytes]] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """The letter as plain text, the button's address on a line of its own."""
        address = [self.button.address] if self.button else []
        return "\n\n".join([*self.before, *address, *self.after]) + "\n"

    @property
    def html(self) -> str:
        """The letter as a page."""
        return _templates.get_template("letter.html").render(letter=self)


def packed(letter: Letter) -> bytes:
    """The letter as it waits, before it is sealed."""
    files = [
        (name, media_type, base64url.encode(content))
        for name, media_type, content in letter.attachments
    ]
    button = [letter.button.label, letter.button.address] if letter.button else None
    parts: list[Any] = [
        letter.to,
        letter.subject,
        list(letter.before),
        button,
        list(letter.after),
        files,
    ]
    return orjson.dumps(parts)


def unpacked(content: bytes) -> Letter:
    """The letter that was packed."""
    to, subject, before, button, after, files = orjson.loads(content)
    return Letter(
        to,
        subject,
        before,
        Button(*button) if button else None,
        after,
        [(name, media_type, base64url.decode(encoded)) for name, media_type, encoded in files],
    )


def message(letter: Letter, *, sender: str, letter_id: UUID, written_at: datetime) -> EmailMessage:
    """The letter as a message (RFC 5322): text, the same as HTML, and what is attached.

    The Message-ID is made of the letter's id, so that a letter that had to be sent twice is known as one by mail
    programs; Auto-Submitted (RFC 3834) keeps holiday notes from answering.
    """
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = letter.to
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(written_at.astimezone(UTC))
    made["Message-ID"] = f"<{letter_id}@{parseaddr(sender)[1].rpartition('@')[2] or 'localhost'}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text, cte=_encoding(letter.text))
    made.add_alternative(letter.html, subtype="html", cte=_encoding(letter.html))
    for name, media_type, content in letter.attachments:
        maintype, _, subtype = media_type.partition("/")
        made.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return made


def _encoding(text: str) -> str:
    """7bit keeps every line as it is; what it cannot carry goes as base64."""
    short = all(len(line) <= _LONGEST_LINE for line in text.splitlines())
    return "7bit" if text.isascii() and short else "base64"
