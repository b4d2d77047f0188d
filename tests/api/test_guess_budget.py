"""The guess budget: ten tries of the likeliest length open no lock with more than one chance in `guessLimit`.

By default that is one PIN of 4 digits on a lock, ten of 5 and a hundred of 6; on both databases.
"""

import asyncio
from collections import Counter
from itertools import count
from typing import Any

from domain.access_rules.tables import AccessRule
from domain.actors import Role
from domain.locks.tables import Reader
from domain.pins.guess_budget import most_pins
from domain.pins.rules import is_weak
from domain.pins.tables import Pin, PinStatus
from domain.sync.tables import EntryState, LockEntry
from domain.tags.tables import TaggedLock, TaggedMember
from tests.api.member_steps import assign, member_phone, member_tag, rule
from tests.api.pin_steps import CREATED, REFUSED_DIGITS, lock_tag, pin_of
from tests.serving import House, Served

TOO_SHORT = "... on PinTooShort { minLength }"
_NUMBERS = count(2)


def digits(length: int) -> str:
    """Digits of this length that are neither weak nor taken."""
    made = (f"{number * 8_675_309_731 % 10**length:0{length}}" for number in _NUMBERS)
    return next(each for each in made if not is_weak(each))


async def create(house: House, lock_id: str, length: int | None, owner: str) -> dict[str, Any]:
    """`createPin` on a lock, whatever comes of it; without a length the digits are generated."""
    chosen = {} if length is None else {"digits": digits(length)}
    return await house.change(
        "createPin",
        f"{CREATED} {REFUSED_DIGITS}",
        siteId=house.id,
        owner={"memberId": owner},
        lockIds=[lock_id],
        **chosen,
    )


async def seven(house: House, lock_id: str, owner: str) -> list[str]:
    """What is answered for seven PINs of 5 digits, asked for in one document."""
    aliases = " ".join(f"a{each}: createPin(input: $i{each}) {{ __typename }}" for each in range(7))
    inputs = ", ".join(f"$i{each}: CreatePinInput!" for each in range(7))
    asked: dict[str, Any] = {"siteId": house.id, "owner": {"memberId": owner}, "lockIds": [lock_id]}
    asked_of: dict[str, Any] = {f"i{each}": {**asked, "digits": digits(5)} for each in range(7)}
    answer = await house.ask(
        f"mutation({inputs}) {{ {aliases} }}",
        **asked_of,
    )
    return [str(each["__typename"]) for each in answer.values()]


async def guess_limit(house: House, limit: int, **policy: int) -> dict[str, Any]:
    """`updateSite` with this guess limit; the answer."""
    return await house.change(
        "updateSite",
        "... on UpdatedSite { site { pinPolicy { guessLimit guessBudget { length pinsPerLock } } } }"
        " ... on PolicyViolation { field }",
        siteId=house.id,
        pinPolicy={"guessLimit": limit, **policy},
    )


async def chances(house: House) -> list[float]:
    """For each lock: with what chance ten tries of the likeliest length open it, by the formula of the design."""
    rows = await LockEntry.filter(state=EntryState.LIVE, pin_id__isnull=False).values_list(
        "lock_id", "pin__length"
    )
    return [10 * many / 10**length for (_, length), many in Counter(rows).items()]


async def test_a_fiftieth_short_pin_on_one_lock_is_refused_with_the_length_that_would_do(
    served: Served,
) -> None:
    """49 PINs of 5 digits fit a limit of 1/204; the 50th is told to take 6 digits, which do; other lengths stay free."""
    house = await served.site()
    lock_id, owner = (await house.lock())["lockId"], await house.member("Emil")
    await guess_limit(house, 204)
    made = [each for _ in range(7) for each in await seven(house, lock_id, owner)]

    fiftieth = await create(house, lock_id, 5, owner)
    longer = await create(house, lock_id, fiftieth["minLength"], owner)
    elsewhere = await create(house, (await house.lock("Cellar"))["lockId"], 5, owner)

    assert made == ["CreatedPin"] * 49
    assert (fiftieth["__typename"], fiftieth["minLength"]) == ("PinTooShort", 6)
    assert longer["__typename"] == elsewhere["__typename"] == "CreatedPin"
    assert max(await chances(house)) <= 1 / 204


async def test_generated_pins_are_made_long_enough(served: Served) -> None:
    """They never meet the budget: the site's length while there is room, then one digit more; and when nothing is left,
    the answer says what to do."""
    house = await served.site()
    lock_id, owner = (await house.lock())["lockId"], await house.member("Emil")
    await guess_limit(house, 1000, minLength=4, autoLength=4, maxLength=5)

    made = [await create(house, lock_id, None, owner) for _ in range(11)]
    full = await create(house, lock_id, None, owner)
    chosen = await create(house, lock_id, 5, owner)

    assert [len(each["digits"]) for each in made] == [4, *[5] * 10]
    for refused in (full, chosen):
        assert (refused["__typename"], refused["minLength"]) == ("PinTooShort", 6)
        assert "Remove some" in refused["message"]
        assert "policy" in refused["message"]
    assert max(await chances(house)) <= 1 / 1000


async def snapshot() -> list[list[Any]]:
    """Everything that a refused change must leave as it was."""
    return [
        sorted(map(str, await table.all().values()))
        for table in (Pin, LockEntry, AccessRule, TaggedMember, TaggedLock, Reader)
    ]


async def test_whatever_adds_an_entry_is_held_to_the_budget(served: Served) -> None:
    """New digits, other locks, unblocking, a tag of locks or of members, a rule, a keypad: each is refused with the
    length that would do, and nothing of it is kept."""
    house = await served.site()
    full, free, third, bare = [
        str((await house.lock(name, keypad=name != "Bare"))["lockId"])
        for name in ("Full", "Free", "Third", "Bare")
    ]
    blocked = (await pin_of(house, full, digits=digits(4)))["pin"]["id"]
    await house.change("blockPin", pinId=blocked)
    await pin_of(house, full, digits=digits(4))
    long = (await pin_of(house, full, digits=digits(6)))["pin"]["id"]
    doors, others = await lock_tag(house, free), await lock_tag(house, third)
    short = (await pin_of(house, digits=digits(4), lockTagIds=[doors]))["pin"]["id"]
    await pin_of(house, digits=digits(4), lockTagIds=[others])
    for tag, lock_id in (
        (doors, free),
        (others, third),
    ):  # to the lock without a keypad no PIN goes
        await house.change("updateTag", tagId=tag, lockIds=[lock_id, bare])
    member = await house.member("Emma")
    await pin_of(house, owner={"memberId": member}, digits=digits(4))
    club = await member_tag(house, name="Club")
    await rule(house, None, full, memberTagId=club)
    phone, owner = await member_phone(house)
    mine = await rule(house, owner, full)
    at = {"siteId": house.id}
    before = await snapshot()

    changes: dict[str, dict[str, Any]] = {
        "createPin": {**at, "owner": {"memberId": owner}, "lockIds": [full], "digits": digits(4)},
        "createPin (personal)": {**at, "owner": {"memberId": owner}, "digits": digits(4)},
        "updatePin (digits)": {"pinId": long, "digits": digits(4)},
        "updatePin (locks)": {"pinId": short, "lockIds": [full]},
        "reassignPin": {"pinId": long, "digits": digits(4)},
        "unblockPin": {"pinId": blocked},
        "updateTag (of locks)": {"tagId": doors, "lockIds": [free, full]},
        "updateTag (of members)": {"tagId": club, "memberIds": [member]},
        "createAccessRule": {**at, "grantee": {"memberId": member}, "lockIds": [full]},
        "createReader": {"lockId": bare, "name": "Keypad", "hasKeypad": True},
    }
    answers = {
        name: await house.change(name.split()[0], TOO_SHORT, **asked)
        for name, asked in changes.items()
    }
    answers["assignMyPin"] = await assign(phone, house, digits(4))

    assert {name: each.get("minLength") for name, each in answers.items()} == dict.fromkeys(
        answers, 5
    )
    assert await snapshot() == before
    # What does not add to what is there is not refused.
    await house.change("updateAccessRule", accessRuleId=mine, slotStart="08:00", slotEnd="18:00")
    widened = await house.change("updatePin", TOO_SHORT, pinId=long, digits=digits(5))
    assert widened["__typename"] == "UpdatedPin"
    assert max(await chances(house)) <= 1 / 1000


async def test_additions_at_once_cannot_exceed_the_budget(served: Served) -> None:
    """Sixteen PINs of 5 digits where ten may be, by createPin, updatePin and a rule for a personal PIN: ten get in. Of
    generated ones, all do: those who come second get longer digits."""
    house = await served.site()
    door, other = (await house.lock())["lockId"], (await house.lock("Other"))["lockId"]
    owner = await house.member("Emil")
    moving = [
        (await pin_of(house, other, digits=digits(5), owner={"memberId": owner}))["pin"]["id"]
        for _ in range(6)
    ]
    people = [await house.member(f"Member {number}") for number in range(4)]
    for person in people:
        await pin_of(house, owner={"memberId": person}, digits=digits(5))

    answers = await asyncio.gather(
        *(create(house, door, 5, owner) for _ in range(6)),
        *(house.change("updatePin", TOO_SHORT, pinId=each, lockIds=[door]) for each in moving),
        *(
            house.change(
                "createAccessRule",
                TOO_SHORT,
                siteId=house.id,
                grantee={"memberId": each},
                lockIds=[door],
            )
            for each in people
        ),
    )
    await guess_limit(house, 1000, minLength=4, autoLength=5)
    third = (await house.lock("Third"))["lockId"]
    generated = await asyncio.gather(*(create(house, third, None, owner) for _ in range(16)))

    kinds = Counter(each["__typename"] for each in answers)
    assert kinds["PinTooShort"] == 6
    assert {each["minLength"] for each in answers if "minLength" in each} == {6}
    assert sorted(len(each["digits"]) for each in generated) == [5] * 10 + [6] * 6
    assert max(await chances(house)) <= 1 / 1000


async def test_an_owner_changes_the_limit_and_is_told_what_it_means(served: Served) -> None:
    """Nobody else may; the answer says how many PINs of each length a lock may hold; 1/100 is the loosest."""
    house = await served.site()
    admin = await house.make_token(Role.SUPER_ADMIN)

    answer = await guess_limit(house, 10_000)
    refused = await house.change(
        "updateSite", token=admin, siteId=house.id, pinPolicy={"guessLimit": 100}
    )

    policy = answer["site"]["pinPolicy"]
    assert policy["guessLimit"] == 10_000
    assert {each["length"]: each["pinsPerLock"] for each in policy["guessBudget"]} == {
        4: 0,
        5: 1,
        6: 10,
        7: 100,
        8: 1000,
    }
    assert refused["__typename"] == "NotAllowed"
    assert (await guess_limit(house, 99))["__typename"] == "PolicyViolation"


async def test_a_limit_tightened_later_refuses_nothing_that_is_there(served: Served) -> None:
    """Ten PINs of 5 digits stay, open, and can be changed; another of 5 is refused; longer ones, chosen or generated,
    still get in."""
    house = await served.site()
    door, owner = (await house.lock())["lockId"], await house.member("Emil")
    made = [await create(house, door, 5, owner) for _ in range(10)]
    assert (await guess_limit(house, 100_000))["__typename"] == "UpdatedSite"

    pin_id = made[0]["pin"]["id"]
    narrowed = await house.change("updatePin", TOO_SHORT, pinId=pin_id, validUntil="2099-12-31")
    another = await create(house, door, 5, owner)
    longer = await create(house, door, 6, owner)
    generated = await create(house, door, None, owner)
    await house.change("blockPin", pinId=pin_id)
    unblocked = await house.change("unblockPin", TOO_SHORT, pinId=pin_id)

    assert {each["__typename"] for each in made} == {"CreatedPin"}
    assert await Pin.filter(status=PinStatus.ACTIVE, length=5).count() == 9
    assert narrowed["__typename"] == "UpdatedPin"
    assert (another["__typename"], another["minLength"]) == ("PinTooShort", 6)
    assert longer["__typename"] == "CreatedPin"
    assert len(generated["digits"]) == 7  # of 6 digits there may be one
    assert unblocked["__typename"] == "PinTooShort"  # it would be added anew


def test_the_number_of_pins_follows_from_the_formula() -> None:
    """For every length and many limits: as many as fit, and not one more."""
    for length in range(4, 10):
        for limit in (100, 101, 204, 999, 1000, 1001, 99_999, 1_000_000):
            most = most_pins(length, limit)
            assert 10 * most * limit <= 10**length < 10 * (most + 1) * limit
