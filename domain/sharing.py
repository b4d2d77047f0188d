"""Sharing a code or a PIN: links that open the sharer's own mail or messenger with the text filled in, and a QR code.

Every text is percent-encoded as a whole (RFC 3986, section 2.1), so that no word of it becomes part of the address.
"""

import io
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

import segno


@dataclass(frozen=True, slots=True)
class ShareLinks:
    """The ways to hand something over. `web` is None where there are only digits to share."""

    web: str | None = field(repr=False)
    email: str = field(repr=False)
    whatsapp: str = field(repr=False)
    sms: str = field(repr=False)


def share_links(subject: str, text: str, web: str | None = None) -> ShareLinks:
    """The links for one text. Lines of the text end in a line feed; in mail they become CRLF (RFC 6068, section 5)."""
    words = _encoded(text)
    return ShareLinks(
        web=web,
        email=f"mailto:?subject={_encoded(subject)}&body={_encoded(text.replace(chr(10), chr(13) + chr(10)))}",
        whatsapp=f"https://wa.me/?text={words}",
        sms=f"sms:?&body={words}",
    )


def pin_share_links(digits: str, *, place: str, until: date | None, timezone: str) -> ShareLinks:
    """The links for a PIN: where it opens, and its last day there; `until` is None for one without an end."""
    end = (
        f"until {until:%Y-%m-%d} ({timezone}), that day included"
        if until
        else "until it is taken back"
    )
    return share_links(
        f"Your PIN for {place}", f"Your PIN for {place}: {digits}\n\nIt works {end}.\n"
    )


def _encoded(text: str) -> str:
    return quote(text, safe="")


def qr_svg(text: str) -> str:
    """A QR code (ISO/IEC 18004, error correction M) as an SVG element, for a page or a file of its own."""
    return _drawn(text, kind="svg", xmldecl=False, nl=False, scale=4, light="#fff").decode()


def qr_png(text: str) -> bytes:
    """The same as a PNG, for mail programs that show no SVG."""
    return _drawn(text, kind="png", scale=8)


def _drawn(text: str, **options: Any) -> bytes:
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, border=4, **options)
    return drawn.getvalue()
