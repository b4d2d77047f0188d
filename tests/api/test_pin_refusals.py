"""What cannot be a PIN is refused by name, tells nothing about anybody's PIN, and changes nothing; on both databases."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from api.tour.socket import Socket
from domain.actors import Role
from tests.api.pin_steps import (
    CREATED,
    NOT_FOUND,
    REFUSED,
    REFUSED_DIGITS,
    SYNC,
    default_tag,
    lock_tag,
    pin,
    pin_of,
)
from tests.serving import House, Served

DIGITS = "49172638"


async def create(house: House, *, token: str | None = None, **fields: Any) -> dict[str, Any]:
    """`createPin`, whatever comes of it."""
    return await house.change(
        "createPin", f"{CREATED} {REFUSED}", token=token, **{"siteId": house.id, **fields}
    )


async def count(house: House) -> int:
    """How many PINs the site has."""
    query = "query($id: ID!) { site(id: $id) { pins(first: 100) { nodes { id } } } }"
    return len((await house.ask(query, id=house.id))["site"]["pins"]["nodes"])


def says(answer: Mapping[str, Any]) -> tuple[str, Any]:
    """The error's type and what it says besides the message."""
    about = [answer[name] for name in ("field", "minLength", "locks") if name in answer]
    return answer["__typename"], about[0] if about else None


async def test_digits_that_cannot_be_a_pin_are_refused_by_name(served: Served) -> None:
    """Letters, full-width and Arabic digits, blanks, nothing, too few, too many, weak ones; on creating and changing."""
    house = await served.site()
    entry = await house.lock()
    owner = await house.member("Emil")
    mine = await pin_of(house, entry["lockId"], owner={"memberId": owner}, digits=DIGITS)
    no_digits = ("InvalidPin", "digits")
    weak = ("PinNotAcceptable", None)
    expected = {
        "abcd": no_digits,
        "12a456": no_digits,
        "\uff14\uff19\uff11\uff17\uff12\uff16\uff13\uff18": no_digits,  # full-width
        "\u0664\u0669\u0661\u0667\u0662\u0666": no_digits,  # Arabic-Indic
        "4917 2638": no_digits,
        " 49172638": no_digits,
        "49172638\n": no_digits,
        "-4917263": no_digits,
        "": no_digits,
        "491": ("PinTooShort", 4),
        "0": ("PinTooShort", 4),
        "491726385": ("PolicyViolation", "digits"),
        "4" * 200: ("PolicyViolation", "digits"),
        "77777777": weak,
        "12345678": weak,
        "87654321": weak,
        "37373737": weak,
        DIGITS: weak,  # taken: the same answer
    }

    for digits, answer in expected.items():
        fields = {"digits": digits}
        made = await create(house, owner={"memberId": owner}, lockIds=[entry["lockId"]], **fields)
        assert says(made) == answer, digits
        if digits in ("12a456", "", "491", "491726385", "77777777"):
            for mutation in ("updatePin", "reassignPin"):
                changed = await house.change(
                    mutation, REFUSED_DIGITS, pinId=mine["pin"]["id"], **fields
                )
                assert says(changed) == answer, (mutation, digits)
        assert not digits or digits not in made["message"]

    assert await count(house) == 1
    assert (await pin(house, mine["pin"]["id"]))["lockSync"]["nodes"][0]["wantedVersion"] == 1


async def test_weak_and_taken_have_one_answer_byte_for_byte(served: Served) -> None:
    """Nobody learns from a refusal that somebody has these digits; leading zeros make other digits."""
    house = await served.site()
    entry = await house.lock()
    owner = await house.member("Emil")
    await pin_of(house, entry["lockId"], owner={"memberId": owner}, digits="04917263")
    answers = [
        await create(house, owner={"memberId": owner}, lockIds=[entry["lockId"]], digits=digits)
        for digits in ("04917263", "88888888")
    ]

    assert answers[0] == answers[1]
    shorter = await create(
        house, owner={"memberId": owner}, lockIds=[entry["lockId"]], digits="4917263"
    )
    assert shorter["__typename"] == "CreatedPin"


async def test_owner_and_locks_must_be_the_sites_own(served: Served) -> None:
    """Foreign, removed, unknown and wrongly typed ids answer alike; an empty list is refused."""
    house, far = await served.site(), await served.site("Elsewhere")
    entry, away = await house.lock(), await far.lock("Away")
    owner, stranger = await house.member("Emil"), await far.member("Stranger")
    gone = await house.member("Gone")
    await house.change("removeMember", memberId=gone)
    gone_lock = (await house.lock("Gone"))["lockId"]
    await house.change("deleteLock", lockId=gone_lock)
    own_tag, far_tag = await default_tag(house, owner), await default_tag(far, stranger)
    far_doors = await lock_tag(far, away["lockId"])
    locks = [entry["lockId"]]
    refused: list[tuple[dict[str, Any], tuple[str, str | None]]] = [
        ({"owner": {"memberId": stranger}, "lockIds": locks}, ("NotFound", "owner.memberId")),
        ({"owner": {"memberId": gone}, "lockIds": locks}, ("NotFound", "owner.memberId")),
        (
            {"owner": {"memberId": entry["lockId"]}, "lockIds": locks},
            ("NotFound", "owner.memberId"),
        ),
        ({"owner": {"memberTagId": far_tag}, "lockIds": locks}, ("NotFound", "owner.memberTagId")),
        ({"owner": {"memberId": ""}, "lockIds": locks}, ("NotFound", "owner.memberId")),
        ({"owner": {"memberTagId": ""}, "lockIds": locks}, ("NotFound", "owner.memberTagId")),
        (
            {"owner": {"memberTagId": await lock_tag(house, *locks)}, "lockIds": locks},
            ("NotFound", "owner.memberTagId"),
        ),
        ({"owner": {"memberId": owner}, "lockIds": [away["lockId"]]}, ("NotFound", "lockIds")),
        ({"owner": {"memberId": owner}, "lockIds": [*locks, gone_lock]}, ("NotFound", "lockIds")),
        ({"owner": {"memberId": owner}, "lockIds": [owner]}, ("NotFound", "lockIds")),
        ({"owner": {"memberId": owner}, "lockIds": ["x"]}, ("NotFound", "lockIds")),
        ({"owner": {"memberId": owner}, "lockTagIds": [far_doors]}, ("NotFound", "lockTagIds")),
        ({"owner": {"memberId": owner}, "lockTagIds": [own_tag]}, ("NotFound", "lockTagIds")),
        ({"owner": {"memberId": owner}, "lockIds": []}, ("InvalidInput", "lockIds")),
        (
            {"owner": {"memberId": owner}, "lockIds": locks, "lockTagIds": []},
            ("InvalidInput", "lockTagIds"),
        ),
        (
            {"owner": {"memberId": owner}, "lockIds": locks, "notes": "n" * 501},
            ("InvalidInput", "notes"),
        ),
        (
            {"siteId": far.id, "owner": {"memberId": owner}, "lockIds": locks},
            ("NotFound", "siteId"),
        ),
    ]

    for fields, answer in refused:
        made = await create(house, **fields)
        assert says(made) == answer, (fields, made)

    assert await count(house) == 0
    by_tag = await create(house, owner={"memberTagId": own_tag}, lockIds=locks)
    assert by_tag["__typename"] == "CreatedPin"


async def test_a_schedule_that_cannot_be_meant_is_refused_with_its_field(served: Served) -> None:
    """No day, half a slot, equal ends, an end before the start; also when an update leaves one behind."""
    house = await served.site()
    entry = await house.lock()
    owner = await house.member("Emil")
    locks = [entry["lockId"]]
    mine = await pin_of(
        house, *locks, owner={"memberId": owner}, slotStart="08:00", slotEnd="18:00"
    )
    refused: list[tuple[dict[str, Any], str]] = [
        ({"weekdays": []}, "weekdays"),
        ({"slotStart": "08:00"}, "slotStart slotEnd"),
        ({"slotEnd": "08:00"}, "slotStart slotEnd"),
        ({"slotStart": "08:00", "slotEnd": "08:00"}, "slotEnd"),
        ({"validFrom": "2030-02-02", "validUntil": "2030-02-01"}, "validUntil"),
    ]

    for fields, field in refused:
        made = await create(house, owner={"memberId": owner}, lockIds=locks, **fields)
        assert made["__typename"] == "InvalidSchedule", (fields, made)
        assert made["field"] in field
    for fields in ({"slotStart": None}, {"weekdays": []}, {"slotStart": "18:00"}):
        changed = await house.change("updatePin", REFUSED, pinId=mine["pin"]["id"], **fields)
        assert changed["__typename"] == "InvalidSchedule", fields

    assert await count(house) == 1
    overnight = await create(
        house, owner={"memberId": owner}, lockIds=locks, slotStart="22:00", slotEnd="06:00"
    )
    assert overnight["__typename"] == "CreatedPin"


async def test_who_may_not_edit_gets_no_pin_made_or_changed(served: Served) -> None:
    """A LIMITED_ADMIN without can_edit and a USER are refused everything that changes a PIN; the former may look."""
    house, far = await served.site(), await served.site("Elsewhere")
    entry = await house.lock()
    owner = await house.member("Emil")
    mine = await pin_of(house, entry["lockId"], owner={"memberId": owner})
    pin_id = mine["pin"]["id"]
    reader = await house.make_token(Role.LIMITED_ADMIN, can_edit=False)
    user = await house.make_token(Role.USER)
    changes: list[tuple[str, dict[str, Any]]] = [
        ("updatePin", {"notes": "x"}),
        ("reassignPin", {}),
        ("blockPin", {}),
        ("unblockPin", {}),
        ("deletePin", {}),
    ]

    for token in (reader, user):
        made = await create(
            house, token=token, owner={"memberId": owner}, lockIds=[entry["lockId"]]
        )
        assert made["__typename"] == "NotAllowed"
        for mutation, fields in changes:
            answer = await house.change(mutation, token=token, pinId=pin_id, **fields)
            assert answer["__typename"] == "NotAllowed", mutation
        mode = await house.change(
            "setPinMode", token=token, target={"lockId": entry["lockId"]}, enabled=False
        )
        assert mode["__typename"] == "NotAllowed"
    for mutation, fields in changes:
        answer = await far.change(mutation, NOT_FOUND, pinId=pin_id, **fields)
        assert says(answer) == ("NotFound", "pinId"), mutation
    assert (await pin(house, pin_id))["state"] == "ACTIVE"
    assert (await house.ask("query($id: ID!) { node(id: $id) { id } }", token=reader, id=pin_id))[
        "node"
    ]
    for token in (user, far.token):
        seen = await house.ask("query($id: ID!) { node(id: $id) { id } }", token=token, id=pin_id)
        assert seen["node"] is None
        async with await Socket.open(served.url, {"token": token}) as socket:
            with pytest.raises(RuntimeError):
                await anext(socket.subscribe(SYNC, pin=pin_id))
    editor = await house.make_token(Role.LIMITED_ADMIN, can_edit=True)
    assert (await house.change("blockPin", token=editor, pinId=pin_id))[
        "__typename"
    ] == "BlockedPin"


async def test_thirty_two_at_once_ask_for_the_same_digits_and_one_gets_them(served: Served) -> None:
    """However they race, one PIN is made; the others are told what everybody is told, and nobody meets a server error."""
    house = await served.site()
    entry = await house.lock()
    owner = await house.member("Emil")
    mine = [await pin_of(house, entry["lockId"], owner={"memberId": owner}) for _ in range(8)]
    asked: dict[str, Any] = {
        "owner": {"memberId": owner},
        "lockIds": [entry["lockId"]],
        "digits": DIGITS,
    }

    answers = await asyncio.gather(
        *(create(house, **asked) for _ in range(24)),
        *(
            house.change("reassignPin", REFUSED_DIGITS, pinId=each["pin"]["id"], digits=DIGITS)
            for each in mine
        ),
    )

    names = sorted(answer["__typename"] for answer in answers)
    winners = [name for name in names if name in ("CreatedPin", "ReassignedPin")]
    assert len(winners) == 1
    assert set(names) - set(winners) == {"PinNotAcceptable"}
    assert await count(house) == len(mine) + (winners == ["CreatedPin"])
