"""What a letter looks like on its way: a link that no mail program can break, a button, and the headers mail asks for."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.letters.letter import Button, Letter, message, packed, unpacked

LINK = "https://doors.example.com/join/#lwl_" + "A" * 49
ID = UUID(int=7)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def sent(letter: Letter) -> tuple[bytes, EmailMessage]:
    """The letter's bytes, and what a mail program reads in them."""
    made = message(letter, sender="Doors <doors@example.com>", letter_id=ID, written_at=NOW)
    content = made.as_bytes()
    return content, message_from_bytes(content, policy=policy.default)


def letter(name: str = "House", link: str = LINK) -> Letter:
    return Letter(
        "ada@example.com", f"Join {name}", [f"You join {name}."], Button("Accept", link), ["Bye."]
    )


@pytest.mark.parametrize("name", ["House", "Café Zürich", "日本" * 40, "x" * 100])
@pytest.mark.parametrize("long", [0, 300])
def test_no_part_is_quoted_printable_and_the_link_is_whole(name: str, long: int) -> None:
    """Proves it for plain and other letters, and links far longer than a line of 76 characters."""
    link = LINK + "x" * long
    content, read = sent(letter(name, link))
    assert b"quoted-printable" not in content.lower()
    for kind in ("plain", "html"):
        part = read.get_body((kind,))
        assert part is not None
        assert part["Content-Transfer-Encoding"] in ("7bit", "base64")
        text = part.get_content()
        assert any(link in line for line in text.splitlines()), kind
        assert name in text
    if name.isascii():
        assert link.encode() in content, "and can be read in the file"
    assert max(map(len, content.splitlines())) <= 998


def test_the_page_has_a_button_and_shows_names_as_text() -> None:
    """Proves one address behind the button and below it, and that a name cannot become markup."""
    _, read = sent(letter('<b>"Bad" & <a href=//x>'))
    part = read.get_body(("html",))
    assert part is not None
    page = part.get_content()
    assert re.findall(r'href="([^"]*)"', page) == [LINK, LINK]
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert re.search(r">\s*Accept</a>", page)


def test_a_letter_has_the_headers_that_mail_asks_for() -> None:
    """Proves Date and Message-ID (RFC 5322, 3.6), the same each time it is sent, and that no machine is to answer."""
    _, read = sent(letter())
    again = sent(letter())[1]
    assert parsedate_to_datetime(read["Date"]) == NOW
    assert read["Message-ID"] == again["Message-ID"] == f"<{ID}@example.com>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert (read["From"], read["To"]) == ("Doors <doors@example.com>", "ada@example.com")


@given(
    texts=st.lists(st.text(), min_size=3, max_size=3),
    button=st.none() | st.builds(Button, st.text(), st.text()),
    files=st.lists(st.tuples(st.text(), st.just("image/png"), st.binary())),
)
def test_a_letter_waits_unchanged(
    texts: list[str], button: Button | None, files: list[tuple[str, str, bytes]]
) -> None:
    """Proves that what is unpacked is what was packed."""
    to, subject, before = texts
    given_letter = Letter(to, subject, [before], button, [], files)
    assert unpacked(packed(given_letter)) == given_letter


def test_nothing_secret_is_shown_of_a_letter() -> None:
    """Proves it for logs of its values."""
    assert "lwl_" not in repr(letter())
