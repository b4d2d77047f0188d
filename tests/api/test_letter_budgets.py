"""Letters to strangers: how many one actor, one site and everybody together may have sent, and what gets into them."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from domain.actors import Role
from domain.database import use_case
from domain.mail import budgets
from domain.mail.budgets import BY_PERSON, BY_SITE, TO_ADDRESS, TO_ADDRESS_A_DAY
from domain.people.tables import Account, Member
from domain.sites.tables import Site
from tests.api.letters import Letters, text_of
from tests.browser import Browser
from tests.serving import House, Served
from tests.waiting import eventually

STRANGER = "stranger@example.com"
SITE = "... on CreatedSite { site { id } } ... on InvalidInput { field }"
MADE = "... on CreatedMember { member { id } } ... on Throttled { retryAfterSeconds }"


async def signed_in(served: Served, house: House, email: str, role: Role = Role.USER) -> Browser:
    await house.member(email.partition("@")[0], role, email=email)
    browser = served.browser()
    await browser.sign_in(email)
    return browser


async def own_site(browser: Browser, name: str) -> str:
    made = await browser.change(
        "createSite", SITE, name=name, timezone="Europe/Rome", systemType="EASY"
    )
    return str(made["site"]["id"])


async def asked(browser: Browser, site_id: str, email: str) -> dict[str, Any]:
    answer: dict[str, Any] = await browser.change(
        "createMember", MADE, siteId=site_id, name="N", email=email
    )
    return answer


@use_case
async def renamed(house: House, name: str) -> None:
    """As before names were checked."""
    await Site.filter(id=house.row.id).update(name=name)


@pytest.fixture
def few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer than in production, so that a test need not send hundreds."""
    monkeypatch.setattr(budgets, "BY_PERSON", replace(BY_PERSON, tries=12))
    monkeypatch.setattr(budgets, "BY_SITE", replace(BY_SITE, tries=8))


async def test_one_person_floods_no_mailbox(served: Served) -> None:
    """Proves it for one site after the other, for createMember and updateMember, by aliases and all at once."""
    house = await served.site()
    browser = await signed_in(served, house, "mallory@example.com")
    sites = [await own_site(browser, f"Site {number}") for number in range(3)]
    first = await asked(browser, sites[0], STRANGER)
    assert first["__typename"] == "CreatedMember"
    member = first["member"]["id"]
    fields = " ".join(
        f'a{n}: updateMember(input: {{ memberId: "{member}", email: "{STRANGER}" }}) {{ __typename }}'
        for n in range(8)
    )
    documents = [f"mutation {{ {fields} }}"] * 2
    answers = await asyncio.gather(*(browser.ask(each) for each in documents))
    more = await asyncio.gather(*(asked(browser, each, STRANGER) for each in sites[1:]))
    kinds = Counter(each["__typename"] for answer in answers for each in answer.values())
    kinds.update(each["__typename"] for each in more)
    assert kinds["Throttled"] == 18 + 1 - TO_ADDRESS.tries
    assert kinds["Throttled"] + kinds["UpdatedMember"] + kinds["CreatedMember"] == 18
    assert not await Account.filter(email=STRANGER).exists()


async def test_many_persons_together_flood_no_mailbox(served: Served) -> None:
    """Proves one bound for the recipient, whoever asks: ten people with a site each, who ask twice."""
    house = await served.site()
    people = [await signed_in(served, house, f"m{number}@example.com") for number in range(6)]
    sites = [await own_site(each, f"Site {number}") for number, each in enumerate(people)]
    answers = []
    for browser, site_id in zip(people, sites, strict=True):
        made = await asked(browser, site_id, STRANGER)
        answers.append(made["__typename"])
        if "member" in made:
            again = await browser.change(
                "updateMember", "", memberId=made["member"]["id"], email=STRANGER
            )
            answers.append(again["__typename"])
    assert len(answers) - answers.count("Throttled") == TO_ADDRESS.tries
    letters = await Letters(served).count(1)
    assert {letter["To"] for letter in letters} == {STRANGER}
    assert TO_ADDRESS_A_DAY.tries <= 30


async def test_one_person_writes_to_few_strangers(served: Served, few_letters: None) -> None:
    """Proves a bound for the actor over all of their sites and tokens, and one for each site."""
    house = await served.site()
    browser = await signed_in(served, house, "mallory@example.com")
    sites = [await own_site(browser, f"Site {number}") for number in range(2)]
    names = [
        (await asked(browser, sites[0], f"a{number}@example.com"))["__typename"]
        for number in range(10)
    ]
    assert names == ["CreatedMember"] * 8 + ["Throttled"] * 2, "the site's"
    names = [
        (await asked(browser, sites[1], f"b{number}@example.com"))["__typename"]
        for number in range(4)
    ]
    assert names == ["CreatedMember"] * 2 + ["Throttled"] * 2, "the person's: tries count"
    token = await browser.change(
        "createApiToken",
        "... on CreatedApiToken { token }",
        siteId=sites[1],
        name="T",
        role="OWNER",
    )
    answer = await house.change(
        "createMember", "", token=token["token"], siteId=sites[1], name="N", email="c@example.com"
    )
    assert answer["__typename"] == "Throttled", "their tokens' too"
    own = await house.change("createMember", "", siteId=house.id, name="N", email="d@example.com")
    assert own["__typename"] == "CreatedMember", "nobody else's"


async def test_a_flood_keeps_no_letter_from_the_owner_of_the_mailbox(served: Served) -> None:
    """Proves that a password reset has a budget of its own."""
    house = await served.site()
    email = "owner-house@example.com"
    other = await served.site("Other")
    made = await other.change("createMember", MADE, siteId=other.id, name="N", email=email)
    for _ in range(TO_ADDRESS.tries):
        await other.change("updateMember", "", memberId=made["member"]["id"], email=email)
    assert (await other.change("updateMember", "", memberId=made["member"]["id"], email=email))[
        "__typename"
    ] == "Throttled"
    browser = served.browser()
    await browser.change("requestPasswordReset", "", email=email)
    letters = Letters(served)
    subjects: set[str] = set()

    async def look() -> bool:
        subjects.update(str(letter["Subject"]) for letter in letters.new())
        return "Set a new password" in subjects

    await eventually(look)
    assert house.id != other.id


NOT_NAMES = [
    "Win at https://evil.example/prize",
    "evil.example",
    "EVIL.COM now",
    "www.evil",
    "pay@evil.example",
    "pay@evil",
    "mailto:pay",
    "evil\u3002com",
    "evil\uff0ecom",
    "evil\u2024com",
    "pay\uff20evil",
    "ev\u200dil.c\u200dom",
    "x.xn--p1ai",
    "10.0.0.1/x",
    "hxxp://evil",
    "b\u00fccher.example",
    "\u0909.\u092d\u093e\u0930\u0924",  # a vowel sign, which is a mark, after the first letter
    "\u0b9a.\u0b9a\u0bbf\u0b99\u0bcd\u0b95",
    "evil.\ufe0fcom",
    "evil.c\u0335om",
]
NAMES = [
    "House",
    "St. Anna",
    "No.5",
    "Dr. M\u00fcller & Co.",
    "A.B. 2.0",
    "B&B #1",
    "Caf\u00e9 24/7",
    "Wait...what",
    "\u0918\u0930 \u0928\u0902. \u096b",
]


async def test_a_site_is_not_named_after_an_address(served: Served) -> None:
    """Proves the refusal for making and renaming, however the address is spelt, and that ordinary names are taken."""
    house = await served.site()
    browser = await signed_in(served, house, "mallory@example.com")
    wrong = []
    for name in NOT_NAMES:
        for mutation, more in (
            ("createSite", {"timezone": "Europe/Rome", "systemType": "EASY"}),
            ("updateSite", {"siteId": house.id}),
        ):
            asker: Any = browser if mutation == "createSite" else house
            answer = await asker.change(
                mutation, "... on InvalidInput { field }", name=name, **more
            )
            if (answer["__typename"], answer.get("field")) != ("InvalidInput", "name"):
                wrong.append((name, answer))
    for name in NAMES:
        answer = await house.change("updateSite", "", siteId=house.id, name=name)
        if answer["__typename"] != "UpdatedSite":
            wrong.append((name, answer))
    assert not wrong


async def test_a_name_of_earlier_days_does_not_get_into_letters(served: Served) -> None:
    """Proves it for a site that was named before names were checked."""
    house = await served.site()
    await renamed(house, "https://evil.example")
    await house.change("createMember", "", siteId=house.id, name="N", email=STRANGER)
    (letter,) = await Letters(served).count(1)
    assert "evil" not in f"{letter['Subject']}{text_of(letter)}"
    (member,) = await Member.filter(invited_email=STRANGER)
    assert member.account_id is None
