"""What refusals could tell about other people's PINs, and who pays for a try; on both databases."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

from domain.actors import Role
from domain.sites.tables import Site
from tests.api.member_steps import ASSIGNED, MembersPhone, member_phone, member_tag, rule
from tests.api.pin_steps import lock_tag, pin_of
from tests.serving import House, Served

TAKEN, FREE, WEAK = "49172638", "58203917", "77777777"
ASKED = "... on PinTooShort { minLength } ... on InvalidInput { field } ... on NotFound { field }"


async def assign(phone: MembersPhone, house: House, digits: str) -> str:
    """Asks for a PIN of one's own; the kind of the answer."""
    answer = await phone.change(
        "assignMyPin", ASSIGNED, siteId=house.id, kind="CUSTOM", digits=digits
    )
    return str(answer["__typename"])


async def alike(house: House, mutation: str, token: str, **fields: Any) -> dict[str, Any]:
    """The one answer to taken and to free digits; and that it is one."""
    answers = [
        await house.change(mutation, ASKED, token=token, digits=digits, **fields)
        for digits in (TAKEN, FREE, WEAK)
    ]
    assert answers[0] == answers[1] == answers[2]
    return answers[0]


async def test_a_change_that_cannot_be_made_tells_nothing_about_the_digits(served: Served) -> None:
    """A full lock, a removed PIN, a personal PIN's schedule, an impossible one: refused alike, whoever has the digits."""
    house = await served.site()
    door, other = (await house.lock())["lockId"], (await house.lock("Other"))["lockId"]
    emil = await house.member("Emil")
    await pin_of(house, other, owner={"memberId": emil}, digits=TAKEN)
    made = await pin_of(house, other, owner={"memberId": emil})
    mine = (await pin_of(house, owner={"memberId": emil}))["pin"]["id"]
    gone = await pin_of(house, other, owner={"memberId": emil})
    await house.change("deletePin", pinId=gone["pin"]["id"])
    token = await house.make_token(Role.LIMITED_ADMIN)
    policy = {"minLength": 8, "maxLength": 8, "autoLength": 8, "guessLimit": 1_000_000}
    await house.change("updateSite", siteId=house.id, pinPolicy=policy)
    for number in range(10):
        await pin_of(house, door, owner={"memberId": emil}, digits=f"602834{number}7")

    full = await alike(
        house, "createPin", token, siteId=house.id, owner={"memberId": emil}, lockIds=[door]
    )
    moved = await alike(house, "updatePin", token, pinId=made["pin"]["id"], lockIds=[door])
    removed = await alike(house, "reassignPin", token, pinId=gone["pin"]["id"])
    updated = await alike(house, "updatePin", token, pinId=gone["pin"]["id"])
    personal = await alike(
        house, "updatePin", token, pinId=mine, slotStart="08:00", slotEnd="09:00"
    )
    backwards = {"validFrom": "2027-01-02", "validUntil": "2027-01-01"}
    impossible = await alike(house, "updatePin", token, pinId=made["pin"]["id"], **backwards)

    assert (full["__typename"], moved["__typename"]) == ("PinTooShort", "PinTooShort")
    assert (removed["__typename"], updated["__typename"]) == ("NotFound", "NotFound")
    assert (personal["__typename"], personal["field"]) == ("InvalidInput", "pinId")
    assert impossible["__typename"] == "InvalidSchedule"
    asked: dict[str, Any] = {"siteId": house.id, "owner": {"memberId": emil}, "lockIds": [other]}
    policy = {"minLength": 4, "maxLength": 9, "autoLength": 8, "guessLimit": 100}
    await house.change("updateSite", siteId=house.id, pinPolicy=policy)
    judged = await house.change("createPin", token=token, digits=TAKEN, **asked)
    assert judged["__typename"] == "PinNotAcceptable", (
        "none of these has spent the budget of twenty"
    )


async def test_new_digits_are_judged_for_the_locks_that_a_pin_will_be_at(served: Served) -> None:
    """By id, by tag, and with what an update leaves as it is: a full lock is said before the digits are looked at.

    A full lock that the PIN leaves by the same update is none of its locks any more."""
    house = await served.site()
    door, other = (await house.lock())["lockId"], (await house.lock("Other"))["lockId"]
    full, free = await lock_tag(house, door), await lock_tag(house, other, name="Others")
    emil = await house.member("Emil")
    await pin_of(house, other, owner={"memberId": emil}, digits=TAKEN)
    by_id = (await pin_of(house, other, owner={"memberId": emil}))["pin"]["id"]
    by_tag = (await pin_of(house, owner={"memberId": emil}, lockTagIds=[free]))["pin"]["id"]
    at_full = (await pin_of(house, owner={"memberId": emil}, lockTagIds=[full]))["pin"]["id"]
    token = await house.make_token(Role.LIMITED_ADMIN)
    policy = {"minLength": 8, "maxLength": 8, "autoLength": 8, "guessLimit": 1_000_000}
    await house.change("updateSite", siteId=house.id, pinPolicy=policy)
    for number in range(10):
        await pin_of(house, door, owner={"memberId": emil}, digits=f"602834{number}7")

    for pin_id, choice in (
        (by_id, {"lockIds": [door]}),
        (by_id, {"lockTagIds": [full]}),
        (by_tag, {"lockIds": [door]}),
        (by_tag, {"lockTagIds": [free, full]}),
    ):
        refused = await alike(house, "updatePin", token, pinId=pin_id, **choice)
        assert refused["__typename"] == "PinTooShort", choice
    kept = await alike(house, "updatePin", token, pinId=at_full, lockIds=[other])
    assert kept["__typename"] == "PinTooShort", "its tag of doors stays, as it was not mentioned"
    left = await house.change("updatePin", pinId=at_full, lockTagIds=[free], digits=FREE)
    assert left["__typename"] == "UpdatedPin"


async def test_rules_that_are_too_many_for_a_pin_are_said_before_its_digits_are_judged(
    served: Served,
) -> None:
    """A member gets rules one by one, their tags too; that no PIN can carry them all tells nothing about digits."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    emil = await house.member("Emil")
    await pin_of(house, door, owner={"memberId": await house.member("Other")}, digits=TAKEN)
    named = [
        {"memberTagId": await member_tag(house, emil, name=each)} for each in ("Days", "Nights")
    ]
    for number, (member, tag) in enumerate([(emil, {}), *((None, each) for each in named)]):
        for minute in range(22):
            slot = {"slotStart": f"{number:02}:{minute:02}", "slotEnd": "20:00"}
            await rule(house, member, door, **tag, **slot)
    token = await house.make_token(Role.LIMITED_ADMIN)

    refused = await alike(house, "createPin", token, siteId=house.id, owner={"memberId": emil})

    assert (refused["__typename"], refused["field"]) == ("InvalidInput", "owner")


async def test_a_blocked_pin_is_refused_before_its_new_digits_are_judged(served: Served) -> None:
    """A member whose PIN an admin blocked learns nothing by asking for other digits, and spends nothing."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    phone, member = await member_phone(house)
    await rule(house, member, door)
    await pin_of(house, door, owner={"memberId": await house.member("Emil")}, digits=TAKEN)
    answer = await phone.change(
        "assignMyPin", ASSIGNED, siteId=house.id, kind="CUSTOM", digits="61829374"
    )
    await house.change("blockPin", pinId=answer["pin"]["id"])

    kinds = {await assign(phone, house, digits) for digits in (TAKEN, FREE, WEAK) * 3}

    assert kinds == {"NotAllowed"}
    await house.change("unblockPin", pinId=answer["pin"]["id"])
    assert await assign(phone, house, FREE) == "AssignedPin"


async def test_tries_are_a_persons_and_not_a_memberships(served: Served) -> None:
    """Removing somebody and inviting them again, or giving them another role, renews nobody's refusals."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    phone, member = await member_phone(house)
    await rule(house, member, door)
    assert [await assign(phone, house, WEAK) for _ in range(6)][4:] == [
        "PinNotAcceptable",
        "Throttled",
    ]

    await house.change("removeMember", memberId=member)
    again, member = await member_phone(house)
    await rule(house, member, door)

    assert await assign(again, house, FREE) == "Throttled"
    await house.change("updateMember", memberId=member, role="LIMITED_ADMIN", canEdit=True)
    refused = [await assign(again, house, WEAK) for _ in range(16)]
    assert refused == ["PinNotAcceptable"] * 15 + ["Throttled"], "twenty in all for this role"


async def test_a_busy_server_spends_nobodys_tries(served: Served) -> None:
    """Where no hash could be made nothing was judged: the try is given back, that of a USER's choices too."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    phone, member = await member_phone(house)
    await rule(house, member, door)
    gate = threading.Event()
    hashes = [
        asyncio.create_task(served.installation.passwords.pins.run(gate.wait)) for _ in range(100)
    ]
    await asyncio.sleep(0)  # each has its place now, or was sent away
    try:
        busy = [await assign(phone, house, FREE) for _ in range(8)]
    finally:
        gate.set()
        await asyncio.gather(*hashes, return_exceptions=True)

    assert busy == ["Throttled"] * 8
    refused = [await assign(phone, house, WEAK) for _ in range(6)]
    assert refused == ["PinNotAcceptable"] * 5 + ["Throttled"]
    served.clock.advance(timedelta(hours=24, seconds=1))
    assert await assign(phone, house, FREE) == "AssignedPin"


async def test_a_plan_without_custom_pins_holds_for_admins_too(served: Served) -> None:
    """Nobody chooses the digits of a personal PIN there, made, reassigned or updated; rule PINs are as ever."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    emil = await house.member("Emil")
    await rule(house, emil, door)
    mine = (await pin_of(house, owner={"memberId": emil}))["pin"]["id"]
    await Site.filter(id=house.row.id).update(custom_pins_enabled=False)

    feature = "... on FeatureNotInPlan { feature }"
    made = await house.change(
        "createPin", feature, siteId=house.id, owner={"memberId": emil}, digits=FREE
    )
    others = [
        await house.change(each, feature, pinId=mine, digits=FREE)
        for each in ("reassignPin", "updatePin")
    ]

    assert [each["__typename"] for each in (made, *others)] == ["FeatureNotInPlan"] * 3
    assert made["feature"] == "CUSTOM_PINS"
    assert (await house.change("reassignPin", pinId=mine))["__typename"] == "ReassignedPin"
    asked: dict[str, Any] = {
        "siteId": house.id,
        "owner": {"memberId": emil},
        "lockIds": [door],
        "digits": FREE,
    }
    ruled = await house.change("createPin", **asked)
    assert ruled["__typename"] == "CreatedPin"
