"""What a PIN is handed over with: where it opens and until when, and nothing of whose it is."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.api.member_steps import member_phone, rule
from tests.serving import House, Served

SHARED = "digits shareLinks { web email whatsapp sms }"


def words(links: dict[str, Any]) -> str:
    """The text, which is the same in all of the links."""
    texts = {
        parse_qs(urlsplit(links["email"]).query)["body"][0].replace("\r\n", "\n"),
        parse_qs(urlsplit(links["whatsapp"]).query)["text"][0],
        parse_qs(urlsplit(links["sms"]).query.lstrip("&"))["body"][0],
    }
    (text,) = texts
    return str(text)


async def made(house: House, **more: Any) -> dict[str, Any]:
    lock = (await house.lock())["lockId"]
    owner = await house.member("Emma Example")
    return await house.change(
        "createPin",
        f"... on CreatedPin {{ {SHARED} pin {{ id }} }}",
        siteId=house.id,
        owner={"memberId": owner},
        lockIds=[lock],
        **more,
    )


async def test_a_shared_pin_says_where_and_until_when(served: Served) -> None:
    """Proves the site's name, the last day in the site's zone, and that neither the owner nor a note is in it."""
    house = await served.site("Casa Verde")
    pin = await made(house, validUntil="2030-12-24", notes="the cleaner's")
    text = words(pin["shareLinks"])
    assert text == (
        f"Your PIN for Casa Verde: {pin['digits']}\n\n"
        "It works until 2030-12-24 (Europe/Rome), that day included.\n"
    )
    subject = parse_qs(urlsplit(pin["shareLinks"]["email"]).query)["subject"]
    assert subject == ["Your PIN for Casa Verde"]
    assert pin["shareLinks"]["web"] is None


async def test_one_without_an_end_says_so(served: Served) -> None:
    """Proves it for a rule PIN, for other digits of it, and for a member's own."""
    house = await served.site("Casa Verde")
    pin = await made(house)
    other = await house.change(
        "reassignPin", f"... on ReassignedPin {{ {SHARED} }}", pinId=pin["pin"]["id"]
    )
    phone, member = await member_phone(house)
    await rule(house, member, (await house.lock())["lockId"])
    own = await phone.change(
        "assignMyPin", f"... on AssignedPin {{ {SHARED} }}", siteId=house.id, kind="AUTO"
    )
    for shown in (pin, other, own):
        assert words(shown["shareLinks"]) == (
            f"Your PIN for Casa Verde: {shown['digits']}\n\nIt works until it is taken back.\n"
        )
