"""Addresses: what is accepted is what a letter goes to, whoever reads its header."""

import tempfile
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.database.rows import new_id
from domain.errors import InvalidInput
from domain.letters.letter import Letter
from domain.letters.mailers import FolderMailer
from domain.mail.addresses import checked_email

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_ODD = st.text("ab0.@-_{}/=[];?!#$%&'*+^`|~\"\\(),:<> \n\té", max_size=24)
_LOCAL = st.text("ab.=?_{}/!#$%&'*+^`|~-", min_size=1, max_size=64)
_DOMAIN = st.lists(st.text("ab0-", min_size=1, max_size=63), min_size=2, max_size=5).map(".".join)


async def _recipients(address: str) -> list[str]:
    """To whom a letter to this address goes, by its header as a mail program reads it."""
    with tempfile.TemporaryDirectory() as name:
        await FolderMailer(Path(name), "Latchwork <noreply@localhost>").send(
            Letter(address, "Hello", ["Text"]), new_id(), NOW
        )
        (written,) = Path(name).iterdir()
        message = message_from_bytes(written.read_bytes(), policy=policy.default)
        return [each.addr_spec for each in message["To"].addresses]


@given(text=_ODD | st.builds("{}@{}".format, _LOCAL, _DOMAIN))
async def test_an_accepted_address_is_read_back_unchanged(text: str) -> None:
    """Proves that no program reads another address in it than the one that was checked."""
    try:
        address = checked_email(text)
    except InvalidInput:
        return
    assert await _recipients(address) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "{./@=[;[].?",
        "{./@=",
        '"a b"@example.com',
        "a@[127.0.0.1]",
        "a(b)@example.com",
        "a@example",
        "a@example..com",
        "a@-example.com",
        "a@example.com.",
        ".a@example.com",
        "a..b@example.com",
        "@example.com",
        "a@b@example.com",
        "a@example.com, b@example.com",
        "=?utf-8?q?anna?=@example.com",
        "a\n@example.com",
        "\u212aate@example.com",
        "é@example.com",
        "a@münchen.example",
        "x" * 65 + "@example.com",
        "a@" + ".".join(["x" * 63] * 4),
    ],
)
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    """Proves the typed refusal for quotes, comments, literals, lists, encoded words and letters beyond ASCII."""
    with pytest.raises(InvalidInput) as refused:
        checked_email(text)
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Anna@Example.COM ", "anna@example.com"),
        ("o'neil+door.2@sub-domain.example.co", "o'neil+door.2@sub-domain.example.co"),
        ("a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"),
    ],
)
async def test_plain_addresses_are_taken(text: str, address: str) -> None:
    """Proves lower case, no white space around, and the ASCII form of international domains."""
    assert checked_email(text) == address
    assert await _recipients(address) == [address]
