"""Races for places, seats and endings: many at once on a real database, and the count is right afterwards."""

import asyncio
from collections import Counter
from typing import Any

from tests.serving import House, Served

DEVICES = """query($id: ID!) { node(id: $id) { ... on Invitation {
  devicesUsed devices { id } } } }"""


async def _places(house: House, made: dict[str, Any]) -> tuple[int, int]:
    """The places taken as counted and as listed."""
    node = (await house.ask(DEVICES, id=made["invitation"]["id"]))["node"]
    return node["devicesUsed"], len(node["devices"])


def _kinds(answers: list[dict[str, Any]]) -> Counter[str]:
    return Counter(answer["__typename"] for answer in answers)


async def test_fifty_phones_race_for_three_places_and_three_get_one(served: Served) -> None:
    """Proves row 15 under a race: three tokens, forty-seven refusals, and nobody who was refused is bound."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], deviceLimit=3)
    phones = [served.phone() for _ in range(50)]

    answers = await asyncio.gather(*(phone.redeem(made["code"]) for phone in phones))

    assert _kinds(answers) == {"RedeemedInvitation": 3, "DeviceLimitReached": 47}
    assert await _places(house, made) == (3, 3)
    assert len({a["accessToken"] for a in answers if "accessToken" in a}) == 3


async def test_sixteen_retries_of_one_phone_take_one_place(served: Served) -> None:
    """Proves that a phone which hears nothing and tries again, all at once, is one device with one token."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], deviceLimit=5)
    phone = served.phone()

    answers = await asyncio.gather(*(_anew(phone, made["code"]) for _ in range(16)))

    assert _kinds(answers) == {"RedeemedInvitation": 16}
    assert len({answer["accessToken"] for answer in answers}) == 1
    assert len({answer["device"]["id"] for answer in answers}) == 1
    assert await _places(house, made) == (1, 1)


async def test_a_phone_that_redeems_while_an_admin_removes_it_stays_out(served: Served) -> None:
    """Proves that whichever comes first, the phone is out in the end, nobody is bound, and no place is lost."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], deviceLimit=5)
    phone = served.phone()
    device = (await phone.redeem(made["code"]))["device"]

    answers = await asyncio.gather(
        *(_anew(phone, made["code"]) for _ in range(6)),
        house.change("removeDevice", deviceId=device["id"]),
        *(_anew(phone, made["code"]) for _ in range(6)),
    )

    kinds = _kinds(answers)
    assert kinds.pop("RemovedDevice") == 1
    assert set(kinds) <= {"RedeemedInvitation", "InvitationNotRedeemable"}
    assert (await _anew(phone, made["code"]))["__typename"] == "InvitationNotRedeemable"
    for answer in answers:
        if "accessToken" in answer:
            phone.token = answer["accessToken"]
            assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401
    assert await _places(house, made) == (0, 0)


async def _anew(phone: Any, code: str) -> dict[str, Any]:
    """Redeems as a phone that has no token yet."""
    phone.token = None
    answer: dict[str, Any] = await phone.redeem(code)
    return answer


async def test_a_phone_removed_many_times_at_once_frees_one_place(served: Served) -> None:
    """Proves that a double click does not free a place that somebody else holds."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], deviceLimit=3)
    device = (await served.phone().redeem(made["code"]))["device"]
    await served.phone().redeem(made["code"])

    answers = await asyncio.gather(
        *(house.change("removeDevice", deviceId=device["id"]) for _ in range(6))
    )

    assert _kinds(answers) == {"RemovedDevice": 1, "NotFound": 5}
    assert await _places(house, made) == (1, 1)


async def test_the_last_seat_goes_to_one_of_many(served: Served) -> None:
    """Proves that members and invitations race for the same seats, and that the plan is never overfull."""
    house = await served.site(seat_limit=2)
    lock = (await house.lock())["lockId"]
    person: dict[str, Any] = {"siteId": house.id, "role": "USER", "canEdit": False}

    answers = await asyncio.gather(
        *(house.invitation(lock) for _ in range(6)),
        *(house.change("createMember", name=f"Person {n}", **person) for n in range(6)),
    )

    kinds = _kinds(answers)
    assert kinds["SeatLimitReached"] == 11
    assert kinds["CreatedInvitation"] + kinds["CreatedMember"] == 1
    seats = await house.ask("query($id: ID!) { site(id: $id) { seats { used } } }", id=house.id)
    assert seats["site"]["seats"]["used"] == 2


async def test_phones_that_race_with_the_deletion_are_all_out_afterwards(served: Served) -> None:
    """Proves that no redemption slips past a deletion: whoever got a token has lost it."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], deviceLimit=100)
    phones = [served.phone() for _ in range(12)]

    answers = await asyncio.gather(
        *(phone.redeem(made["code"]) for phone in phones[:6]),
        house.change("deleteInvitation", invitationId=made["invitation"]["id"]),
        *(phone.redeem(made["code"]) for phone in phones[6:]),
    )

    assert answers[6]["__typename"] == "DeletedInvitation"
    assert set(_kinds(answers)) <= {
        "RedeemedInvitation",
        "InvitationNotRedeemable",
        "DeletedInvitation",
    }
    for phone in phones:
        if phone.token is not None:
            assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401
