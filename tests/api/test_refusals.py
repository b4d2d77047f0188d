"""RefusedDocuments tell nothing about anybody's PIN, and guessing by refusals is budgeted; on both databases."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from domain.actors import ActorKind, Caller, Role, Standing
from domain.bus import current
from domain.pins.digits import choices_of, generations_of, refusals_of
from domain.security.passwords import PasswordHasher
from domain.throttling.service import Budget
from domain.throttling.tables import TryCounter
from tests.api.member_steps import ASSIGNED, MembersPhone, alerts, assign, changing, member_phone
from tests.api.pin_steps import CREATED, REFUSED_DIGITS, pin_of
from tests.application import serving
from tests.counting import counted
from tests.databases import Database
from tests.serving import House, Served
from tests.waiting import becomes

WEAK = "12345678"
TAKEN = "40718263"
REFUSED = "PinNotAcceptable"
SPENT = "Throttled"


async def ready(served: Served) -> tuple[House, str, MembersPhone]:
    """A site with a lock, on which TAKEN is somebody's PIN; and a USER's phone."""
    house = await served.site()
    lock_id = (await house.lock())["lockId"]
    await pin_of(house, lock_id, digits=TAKEN)
    phone, _ = await member_phone(house)
    return house, lock_id, phone


async def tried(phone: MembersPhone, house: House, *digits: str) -> list[str]:
    """What the phone is answered for these digits, one after the other."""
    return [str((await assign(phone, house, each))["__typename"]) for each in digits]


async def created(house: House, token: str, digits: str, owner: str) -> str:
    """What a script is answered for a personal PIN of these digits."""
    answer = await house.change(
        "createPin",
        f"{CREATED} {REFUSED_DIGITS}",
        token=token,
        siteId=house.id,
        owner={"memberId": owner},
        digits=digits,
    )
    return str(answer["__typename"])


async def test_weak_and_taken_are_one_answer_after_the_same_work(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, with one slow hash and the same SQL statements in the same order: time has nothing to differ by."""
    house, _, phone = await ready(served)
    hashes: list[int] = []
    derive = PasswordHasher.verifier

    async def counting(self: PasswordHasher, digits: str, *rest: Any) -> bytes:
        hashes.append(len(digits))
        return await derive(self, digits, *rest)

    monkeypatch.setattr(PasswordHasher, "verifier", counting)
    document = changing("assignMyPin", ASSIGNED)
    seen = []
    for digits in (WEAK, TAKEN, WEAK, TAKEN):
        hashes.clear()
        with counted() as statements:
            answer = await phone.send(
                document, input={"siteId": house.id, "kind": "CUSTOM", "digits": digits}
            )
        told = {name for name in answer.headers if name not in ("date", "x-request-id")}
        seen.append((answer.status_code, answer.content, told, list(hashes), list(statements)))

    assert b"PinNotAcceptable" in seen[0][1]
    assert seen[0][3] == [8]
    assert seen[0] == seen[1] == seen[2] == seen[3]


async def test_the_sixth_refusal_of_a_user_is_throttled_and_told_to_the_admins(
    served: Served,
) -> None:
    """Five in 24 hours; then also good digits are not looked at, until the window ends. One alert, naming the member."""
    house, _, phone = await ready(served)
    other, _ = await member_phone(house, "otto@example.com")

    first = await tried(phone, house, WEAK, TAKEN, WEAK, TAKEN, "11111111")
    sixth = await assign(phone, house, "90817263")
    again = await tried(phone, house, "90817263", TAKEN)
    generated = await assign(phone, house)
    of_another = await tried(other, house, WEAK, "61829374")
    served.clock.advance(timedelta(hours=23))
    still = await tried(phone, house, "90817263")
    served.clock.advance(timedelta(hours=1, seconds=1))
    after = await tried(phone, house, "90817263")

    assert first == [REFUSED] * 5
    assert sixth["__typename"] == SPENT
    assert 0 < sixth["retryAfterSeconds"] <= 24 * 3600
    assert again == [SPENT, SPENT]
    assert generated["__typename"] == "AssignedPin"  # generated digits never meet a refusal
    assert of_another == [REFUSED, "AssignedPin"]  # the budget is each member's own
    assert still == [SPENT]
    assert after == ["AssignedPin"]
    told = await alerts(house)
    assert [each["kind"] for each in told] == ["PIN_REFUSALS_SPENT"] * 2  # an hour apart, at least
    emma = (await phone.ask("{ me { ... on Account { members { nodes { id } } } } }"))["me"][
        "members"
    ]["nodes"]
    assert {each["member"]["id"] for each in told} == {emma[0]["id"]}


async def test_admins_who_follow_are_told_at_once(served: Served) -> None:
    """`siteAlerts` says what comes from now on, once; a member of the site may not follow it."""
    house, _, phone = await ready(served)
    other, _ = await member_phone(house, "otto@example.com")
    for each in (other, phone):
        await tried(each, house, *[WEAK] * 5)
    query = "subscription($id: ID!) { siteAlerts(siteId: $id) { kind member { id } } }"
    await tried(other, house, WEAK)  # an alert of before
    async with await served.socket({"token": house.token}) as socket:
        stream = socket.subscribe(query, id=house.id)
        following = asyncio.create_task(anext(stream))
        await becomes(lambda: f"alerts:{house.row.id}" in current().topics)
        await tried(phone, house, WEAK, WEAK)
        async with asyncio.timeout(3):
            told = (await following)["siteAlerts"]
    emma = (await phone.ask("{ me { ... on Account { members { nodes { id } } } } }"))["me"][
        "members"
    ]["nodes"]

    assert told == {"kind": "PIN_REFUSALS_SPENT", "member": {"id": emma[0]["id"]}}
    assert len(await alerts(house)) == 2
    with pytest.raises(RuntimeError, match="may not"):
        await anext(phone.follow(query, id=house.id))


async def test_accepted_digits_give_their_try_back_and_no_other(served: Served) -> None:
    """Four refusals, three accepted PINs, one refusal, and the budget is spent: a success resets nothing."""
    house, _, phone = await ready(served)

    before = await tried(phone, house, WEAK, TAKEN, WEAK, TAKEN)
    accepted = await tried(phone, house, "61829374", "72930485", "83041596")
    after = await tried(phone, house, WEAK, "94152607")

    assert before == [REFUSED] * 4
    assert accepted == ["AssignedPin"] * 3
    assert after == [REFUSED, SPENT]


async def test_accepted_tries_are_no_free_guesses(served: Served) -> None:
    """A USER who changes PINs all day to learn which are taken is stopped after twenty, and the admins hear of it."""
    house, _, phone = await ready(served)

    accepted = await tried(phone, house, *(f"70{number}31{number}" for number in range(30, 50)))
    more = await tried(phone, house, "94152607")

    assert accepted == ["AssignedPin"] * 20
    assert more == [SPENT]
    assert [each["kind"] for each in await alerts(house)] == ["PIN_CHOICES_SPENT"]


async def test_numbers_cannot_be_gone_through_by_an_admin_either(served: Served) -> None:
    """A LIMITED_ADMIN chooses fifty PINs in 24 hours, taken or not; then also good digits are not looked at."""
    house, lock_id, _ = await ready(served)
    emil = await house.member("Emil")
    made = await pin_of(house, lock_id, owner={"memberId": emil})
    token = await house.make_token(Role.LIMITED_ADMIN)

    async def chosen(digits: str) -> str:
        answer = await house.change(
            "reassignPin",
            f"... on ReassignedPin {{ pin {{ id }} }} {REFUSED_DIGITS}",
            token=token,
            pinId=made["pin"]["id"],
            digits=digits,
        )
        return str(answer["__typename"])

    walked = [await chosen(f"4071{number}") for number in range(8240, 8290)]
    more = await chosen("94152607")
    served.clock.advance(timedelta(hours=24, seconds=1))

    assert walked.count(REFUSED) == 1
    assert walked.count("ReassignedPin") == 49
    assert more == SPENT
    assert [each["kind"] for each in await alerts(house)] == ["PIN_CHOICES_SPENT"]
    assert await chosen("94152607") == "ReassignedPin"


async def test_a_user_has_ten_generated_pins_a_day(served: Served) -> None:
    """Each costs the server hashes; a script of the owner's makes as many as it likes."""
    house, lock_id, phone = await ready(served)
    emil = await house.member("Emil")

    mine = [str((await assign(phone, house))["__typename"]) for _ in range(11)]
    theirs = [await pin_of(house, lock_id, owner={"memberId": emil}) for _ in range(12)]
    served.clock.advance(timedelta(hours=24, seconds=1))

    assert mine == ["AssignedPin"] * 10 + [SPENT]
    assert [each["kind"] for each in await alerts(house)] == ["PIN_CHOICES_SPENT"]
    assert len({each["digits"] for each in theirs}) == 12
    assert (await assign(phone, house))["__typename"] == "AssignedPin"


@pytest.mark.parametrize(
    ("budget", "role", "most"),
    [
        (choices_of, Role.USER, 20),
        (choices_of, Role.LIMITED_ADMIN, 50),
        (choices_of, Role.SUPER_ADMIN, 1_000),
        (choices_of, Role.OWNER, 1_000),
        (refusals_of, Role.USER, 5),
        (refusals_of, Role.LIMITED_ADMIN, 20),
        (refusals_of, Role.SUPER_ADMIN, 500),
        (refusals_of, Role.OWNER, 500),
    ],
)
def test_each_role_has_its_budget_of_digits(
    budget: Callable[[Caller], Budget], role: Role, most: int
) -> None:
    """As the document of the API says, to the last one, whoever has another role meanwhile."""
    by = Caller(ActorKind.ACCOUNT, uuid4(), Standing(uuid4(), role, True, None))
    assert budget(by).tries == most
    assert budget(by).window == timedelta(hours=24)


@pytest.mark.parametrize(
    ("kind", "role", "most"),
    [
        (ActorKind.ACCOUNT, Role.USER, [10]),
        (ActorKind.ACCOUNT, Role.LIMITED_ADMIN, [500]),
        (ActorKind.ACCOUNT, Role.SUPER_ADMIN, []),
        (ActorKind.ACCOUNT, Role.OWNER, []),
        (ActorKind.TOKEN, Role.LIMITED_ADMIN, []),
    ],
)
def test_each_role_has_its_budget_of_generated_ones(
    kind: ActorKind, role: Role, most: list[int]
) -> None:
    """Those who run a site, and scripts, have none."""
    by = Caller(kind, uuid4(), Standing(uuid4(), role, True, None))
    assert [each.tries for each in generations_of(by)] == most


async def test_too_short_costs_nothing_and_says_what_would_do(served: Served) -> None:
    """The policy's length is no secret: refused before the budget, however often; so is too long, and no digits."""
    house, _, phone = await ready(served)
    policy: dict[str, Any] = {"pinPolicy": {"minLength": 6, "autoLength": 6}}
    await house.change("updateSite", siteId=house.id, **policy)

    short = [await assign(phone, house, "90817") for _ in range(7)]
    long = await tried(phone, house, *["908172635"] * 7)
    letters = await tried(phone, house, *["90817a"] * 7)

    assert {(each["__typename"], each["minLength"]) for each in short} == {("PinTooShort", 6)}
    assert long == ["PolicyViolation"] * 7
    assert letters == ["InvalidPin"] * 7
    assert await tried(phone, house, "908172") == ["AssignedPin"]


async def test_many_tries_at_once_cannot_exceed_the_budget(served: Served) -> None:
    """Ten aliases in one document, sixteen requests at once: five refusals each, and Throttled for the rest."""
    house, _, phone = await ready(served)
    other, _ = await member_phone(house, "otto@example.com")
    aliases = " ".join(
        f"a{number}: assignMyPin(input: $input) {{ __typename }}" for number in range(10)
    )
    document = f"mutation($input: AssignMyPinInput!) {{ {aliases} }}"

    asked = {"siteId": house.id, "kind": "CUSTOM", "digits": TAKEN}
    in_one = (await phone.ask(document, input=asked)).values()
    at_once = await asyncio.gather(*(assign(other, house, TAKEN) for _ in range(16)))

    assert [each["__typename"] for each in in_one] == [REFUSED] * 5 + [SPENT] * 5
    assert sorted(each["__typename"] for each in at_once) == [REFUSED] * 5 + [SPENT] * 11


async def test_admins_have_budgets_of_their_own(served: Served) -> None:
    """A LIMITED_ADMIN 20 and others 500 in 24 hours, by phone or by script, each caller counted alone."""
    house, _, _ = await ready(served)
    owner = await house.member("Emil")
    limited = await house.make_token(Role.LIMITED_ADMIN)
    for _ in range(20):
        assert await created(house, limited, TAKEN, owner) == REFUSED
    assert await created(house, limited, "90817263", owner) == SPENT

    assert await created(house, house.token, WEAK, owner) == REFUSED
    counters = await TryCounter.filter(tries=1).all()
    await TryCounter.filter(id__in=[each.id for each in counters]).update(tries=499)
    assert await created(house, house.token, TAKEN, owner) == REFUSED
    assert await created(house, house.token, "90817263", owner) == SPENT
    assert {each["actorKind"] for each in await alerts(house)} == {"TOKEN"}


async def test_a_new_token_is_no_new_budget(served: Served) -> None:
    """Whoever makes themselves many tokens guesses no more with all of them than with one."""
    house, _, _ = await ready(served)
    owner = await house.member("Emil")
    await house.member("Maker", Role.OWNER, email="maker@example.com")
    browser = served.browser()
    await browser.sign_in("maker@example.com")
    asked = {"siteId": house.id, "name": "N", "role": "LIMITED_ADMIN"}
    tokens = [
        str((await browser.change("createApiToken", fields, **asked))["token"])
        for fields in ["... on CreatedApiToken { token }"] * 2
    ]
    for number in range(20):
        assert await created(house, tokens[number % 2], TAKEN, owner) == REFUSED
    assert [await created(house, each, TAKEN, owner) for each in tokens] == [SPENT] * 2


async def test_a_spent_budget_survives_a_restart_of_the_server(
    fresh_database: Database, tmp_path: Path
) -> None:
    """It is in the database: another life of the server, with nothing in its memory, knows it."""
    async with serving(fresh_database, tmp_path) as served:
        house, _, phone = await ready(served)
        assert await tried(phone, house, WEAK, TAKEN, WEAK, TAKEN, WEAK) == [REFUSED] * 5
    async with serving(fresh_database, tmp_path) as again:
        reborn = MembersPhone(again)
        await reborn.sign_in(
            "emma@example.com"
        )  # with another phone too: the budget is the member's
        assert await tried(reborn, house, "90817263") == [SPENT]


async def test_a_try_lost_in_a_race_counts_as_a_refusal(served: Served) -> None:
    """Of two members who ask for the same digits at once one is refused, and has four refusals left."""
    house, _, phone = await ready(served)
    other, _ = await member_phone(house, "otto@example.com")

    kinds = []
    for digits in ("61829374", "72930485", "83041596"):
        answers = await asyncio.gather(assign(phone, house, digits), assign(other, house, digits))
        kinds.append(sorted(each["__typename"] for each in answers))
    left = [await tried(each, house, *[WEAK] * 5) for each in (phone, other)]

    assert kinds == [["AssignedPin", REFUSED]] * 3
    assert sum(each.count(REFUSED) for each in left) == 2 * 5 - 3
