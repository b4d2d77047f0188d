"""Handing a code over: links, QR code and mail, at once and later, audited, and without what is for admins only."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import segno
from aiosmtpd.smtp import SMTP, Envelope, Session

from domain.actors import Role
from domain.letters.mailers import Mailer, SmtpMailer
from tests.api.whole_answers import TRANSPORTS
from tests.serving import House, Served
from tests.waiting import becomes

CODE = "invitationCode { code shareLinks { web email whatsapp sms } qrSvg }"
HINT = "query($id: ID!) { node(id: $id) { ... on Invitation { name codeHint devicesUsed } } }"
AUDIT = "query($id: ID!) { site(id: $id) { auditLog { nodes { action targetId } } } }"


class PostRoom:
    """A real SMTP server: it takes, refuses or keeps silent, as it is told."""

    def __init__(self) -> None:
        self.behaviour = "takes"
        self.taken: list[Envelope] = []
        self.goes_on = asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.behaviour == "hangs":
            await self.goes_on.wait()
        if self.behaviour == "refuses":
            return "554 5.7.1 We do not like this"
        self.taken.append(envelope)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
async def post_room() -> AsyncIterator[tuple[PostRoom, int]]:
    room = PostRoom()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(room, loop=loop), "127.0.0.1", 0)
    yield room, listening.sockets[0].getsockname()[1]
    listening.close()


@pytest.fixture
def mailer(post_room: tuple[PostRoom, int]) -> Mailer:
    return SmtpMailer(f"smtp://127.0.0.1:{post_room[1]}", "Latchwork <doors@example.com>")


async def _made(house: House, **fields: Any) -> dict[str, Any]:
    lock = (await house.lock())["lockId"]
    now = house.served.clock()
    made = await house.change(
        "createInvitation",
        f"... on CreatedInvitation {{ {CODE} invitation {{ id }} }}",
        siteId=house.id,
        name="VIP: do not disturb",
        lockIds=[lock],
        endsAt=(now + timedelta(hours=2)).isoformat(),
        **fields,
    )
    return {**made["invitationCode"], "invitation": made["invitation"]}


async def _reveal(house: House, invitation_id: str, token: str | None = None) -> dict[str, Any]:
    return await house.change(
        "revealInvitationCode",
        f"... on RevealedInvitationCode {{ {CODE} invitation {{ id }} }}",
        token=token,
        invitationId=invitation_id,
    )


async def _audit(house: House) -> list[str]:
    rows = (await house.ask(AUDIT, id=house.id))["site"]["auditLog"]["nodes"]
    return [row["action"] for row in rows if "nvitation" in row["action"]]


async def _send(house: House, invitation_id: str, email: str) -> dict[str, Any]:
    return await house.change(
        "sendInvitation",
        "... on SentInvitation { invitation { id } } ... on InvalidInput { field } ... on Throttled { retryAfterSeconds }",
        invitationId=invitation_id,
        email=email,
    )


async def test_links_carry_the_code_whole_and_the_name_never(served: Served) -> None:
    """Proves each link as its program reads it, a site's name that tries to break out, and the QR code's dots."""
    house = await served.site("B&B #1 ?body=x&to=eve")
    made = await _made(house)
    links, code = made["shareLinks"], made["code"]
    web = f"{served.url}/i/#{code}"

    assert links["web"] == web
    mail, whatsapp, sms = (urlsplit(links[way]) for way in ("email", "whatsapp", "sms"))
    texts = [
        parse_qs(parts.query.lstrip("&"), strict_parsing=True) for parts in (mail, whatsapp, sms)
    ]
    assert (mail.scheme, mail.path) == ("mailto", "")
    assert (whatsapp.scheme, whatsapp.netloc, whatsapp.path) == ("https", "wa.me", "/")
    assert links["sms"].startswith("sms:?&body=")
    assert [set(text) for text in texts] == [{"subject", "body"}, {"text"}, {"body"}]
    assert texts[0]["subject"] == [f"Your access to {house.row.name}"]
    (words,) = texts[1]["text"]
    assert texts[2]["body"] == [words]
    assert texts[0]["body"] == [words.replace("\n", "\r\n")]
    assert web in words
    assert house.row.name in words
    assert "VIP" not in str(made["shareLinks"])
    assert all(not parts.fragment for parts in (mail, whatsapp, sms))

    page = await served.http.get(web)
    assert page.status_code == 200
    assert code not in page.text
    assert _dots(made["qrSvg"]) == [bytes(row) for row in segno.make_qr(web, error="m").matrix]


def _dots(svg: str) -> list[bytes]:
    """The modules that the SVG's strokes draw, without the quiet zone of four."""
    (path,) = re.findall(r'class="qrline"[^>]* d="([^"]+)"', svg)
    (width,) = {int(n) for n in re.findall(r"M0 0h(\d+)v", svg)}
    rows = [bytearray(width) for _ in range(width)]
    x, y = 0.0, 0.0
    for command, arguments in re.findall(r"([Mmh])([^Mmh]*)", path):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", arguments)]
        if command == "h":
            for column in range(int(x), int(x + numbers[0])):
                rows[int(y)][column] = 1
            x += numbers[0]
        else:
            dx, dy = numbers
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
    return [bytes(row[4:-4]) for row in rows[4:-4]]


async def test_a_code_is_shared_again_and_each_reading_audited(served: Served) -> None:
    """The same code, links and picture as at first; readers of the site get nothing and leave nothing."""
    house = await served.site()
    made = await _made(house)
    key = made["invitation"]["id"]
    reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)

    again = await _reveal(house, key)
    assert {**again["invitationCode"], "invitation": again["invitation"]} == made
    assert await _audit(house) == ["revealInvitationCode", "createInvitation"]

    assert (await _reveal(house, key, reader))["__typename"] == "NotAllowed"
    assert len(await _audit(house)) == 2
    await _reveal(house, key)
    assert (await _audit(house)).count("revealInvitationCode") == 2


async def test_only_a_code_that_phones_may_still_redeem_is_revealed(served: Served) -> None:
    """Not of an invitation that has ended or was deleted, and another site's is none: nothing is audited."""
    house, other = await served.site(), await served.site("Other")
    ended, deleted, foreign = await _made(house), await _made(house), await _made(other)
    await house.change("deleteInvitation", invitationId=deleted["invitation"]["id"])
    before = await _audit(house)
    served.clock.advance(timedelta(hours=2))

    kinds = [
        (await _reveal(house, each["invitation"]["id"]))["__typename"]
        for each in (ended, deleted, foreign)
    ]

    assert kinds == ["InvitationNotRedeemable", "InvitationNotRedeemable", "NotFound"]
    assert await _audit(house) == before


@pytest.mark.parametrize("by", TRANSPORTS)
async def test_a_hint_is_for_editors_and_takes_nothing_else_along(served: Served, by: Any) -> None:
    """It is the last group of the code and leaves no trace; to a reader it is null with its own error."""
    house = await served.site()
    made = await _made(house)
    key = made["invitation"]["id"]
    reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)

    shown = (await house.ask(HINT, id=key))["node"]
    assert shown["codeHint"] == made["code"].rpartition("-")[2]
    assert await _audit(house) == ["createInvitation"]

    told = await by(served, reader, HINT, id=key)
    assert told["data"]["node"] == {**shown, "codeHint": None}
    (error,) = told["errors"]
    assert error["path"] == ["node", "codeHint"]
    assert error["extensions"]["code"] == "NOT_ALLOWED"


async def test_an_invitation_is_mailed_with_link_and_qr_code(
    served: Served, post_room: tuple[PostRoom, int]
) -> None:
    """Proves what leaves by SMTP, that it can be redeemed, and that neither audit nor database keep the address."""
    room, _ = post_room
    house = await served.site()
    made = await _made(house)

    sent = await _send(house, made["invitation"]["id"], " Guest@Example.com ")

    assert sent["__typename"] == "SentInvitation"
    await becomes(lambda: bool(room.taken))
    (envelope,) = room.taken
    assert envelope.rcpt_tos == ["guest@example.com"]
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=default)
    assert (message["From"], message["To"], message["Subject"]) == (
        "Latchwork <doors@example.com>",
        "guest@example.com",
        "Your access to House",
    )
    link, picture = f"{served.url}/i/#{made['code']}", next(message.iter_attachments())
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert link in body.get_content(), kind
        assert "VIP" not in body.get_content(), kind
    assert "VIP" not in str(message.items())
    drawn = io.BytesIO()
    segno.make_qr(made["shareLinks"]["web"], error="m").save(drawn, kind="png", scale=8, border=4)
    assert picture.get_filename() == "invitation.png"
    assert picture.get_content() == drawn.getvalue()
    assert (await served.phone().redeem(made["code"]))["__typename"] == "RedeemedInvitation"
    assert await _audit(house) == ["redeemInvitation", "sendInvitation", "createInvitation"]


async def test_nobody_waits_for_the_mail_server(
    served: Served, post_room: tuple[PostRoom, int]
) -> None:
    """Proves that a letter which the mail server takes slowly, or not at all, is posted all the same, and audited once."""
    room, _ = post_room
    house = await served.site()
    key = (await _made(house))["invitation"]["id"]
    room.behaviour = "hangs"

    answers = [await _send(house, key, email) for email in ("a@b.example", "nobody@b.example")]

    assert [answer["__typename"] for answer in answers] == ["SentInvitation"] * 2
    assert room.taken == []
    assert (await _audit(house)).count("sendInvitation") == 2
    room.goes_on.set()  # else the server's end waits for it as long as it waits for anything


async def test_only_a_living_invitation_goes_to_a_real_address_and_not_too_often(
    served: Served, post_room: tuple[PostRoom, int]
) -> None:
    """Proves the refusals: no address, headers in it, ten an hour for one mailbox, ended, deleted, another site's."""
    room, _ = post_room
    house, other = await served.site(), await served.site("Other")
    key = (await _made(house))["invitation"]["id"]
    for bad in ("", "guest", "a@b", "a b@c.example", "a@b.example\nBcc: eve@c.example"):
        answer = await _send(house, key, bad)
        assert (answer["__typename"], answer["field"]) == ("InvalidInput", "email"), bad
    foreign = await _send(other, key, "a@b.example")
    unknown = await _send(other, f"invitation_{'0' * 32}", "a@b.example")
    assert foreign == unknown
    assert foreign["__typename"] == "NotFound"

    kinds = [(await _send(house, key, "a@b.example"))["__typename"] for _ in range(11)]
    assert kinds == ["SentInvitation"] * 10 + ["Throttled"]
    assert (await _send(house, key, "c@b.example"))["__typename"] == "SentInvitation"
    await becomes(lambda: len(room.taken) == 11)
    served.clock.advance(timedelta(hours=2, seconds=1))
    assert (await _send(house, key, "a@b.example"))["__typename"] == "InvitationNotRedeemable"
    await house.change("deleteInvitation", invitationId=key)
    assert (await _send(house, key, "a@b.example"))["__typename"] == "NotFound"
    assert len(room.taken) == 11
