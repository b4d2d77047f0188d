"""The second factor: a code of the authenticator and a recovery code each work once, whoever sends them at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pyotp

from domain.audit.tables import AuditRow
from domain.people.lifetimes import TICKET_LIFETIME
from domain.people.second_factor import SECOND_FACTOR
from domain.people.tables import Session
from tests.browser import Browser
from tests.serving import PASSWORD, Served

EMAIL = "owner-house@example.com"
SECOND = """mutation($input: SignInWithTotpInput!) { signInWithTotp(input: $input) { __typename
  ... on SignedIn { accessToken } ... on Error { message } } }"""
STEP = timedelta(seconds=30)


class Authenticator:
    """The app on the person's phone, by the server's clock."""

    def __init__(self, served: Served, secret: str) -> None:
        self._served = served
        self._totp = pyotp.TOTP(secret)

    def code(self, steps: int = 0) -> str:
        return self._totp.at(self._served.clock() + steps * STEP)

    def wrong(self) -> str:
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in map("{:06d}".format, range(100)) if code not in near)


async def enrolled(served: Served) -> tuple[Browser, Authenticator, list[str]]:
    """A signed-in browser of a person whose second factor is in force, the authenticator, the recovery codes."""
    browser = served.browser()
    await browser.sign_in(EMAIL)
    await browser.change("confirmPassword", "", password=PASSWORD)
    query = "mutation { enrollTotp { ... on EnrolledTotp { secret uri } } }"
    enrolment = (await browser.ask(query))["enrollTotp"]
    assert enrolment["secret"] in enrolment["uri"]
    app = Authenticator(served, enrolment["secret"])
    wrong = await browser.change("confirmTotp", "", code=app.wrong())
    assert wrong["__typename"] == "InvalidInput"
    selected = "... on ConfirmedTotp { recoveryCodes }"
    done = await browser.change("confirmTotp", selected, code=app.code())
    return browser, app, done["recoveryCodes"]


async def ticket(served: Served) -> str:
    """What the right password earns now."""
    query = "mutation($input: SignInInput!) { signIn(input: $input) { __typename ... on RequestedTotp { ticket } } }"
    answer = (await served.post(query, input={"email": EMAIL, "password": PASSWORD})).json()
    assert answer["data"]["signIn"]["__typename"] == "RequestedTotp"
    return str(answer["data"]["signIn"]["ticket"])


async def second(served: Served, ticket: str, code: str) -> str:
    """The type that the second step answers with."""
    served.http.cookies.clear()
    answer: dict[str, Any] = (
        await served.post(SECOND, input={"ticket": ticket, "code": code})
    ).json()
    served.http.cookies.clear()
    return str(answer["data"]["signInWithTotp"]["__typename"])


async def test_the_password_alone_is_not_enough_any_more(served: Served) -> None:
    """Proves that enrolment counts once confirmed, that its own code is spent by it, and that the next one signs in."""
    await served.site()
    browser, app, codes = await enrolled(served)
    sessions = await Session.all().count()

    again = await browser.ask("mutation { enrollTotp { __typename } }")
    assert again["enrollTotp"]["__typename"] == "NotAllowed"
    assert (len(codes), len(set(codes))) == (10, 10)
    shown = await ticket(served)
    assert await Session.all().count() == sessions, "a ticket is no session"
    assert await second(served, shown, app.code()) == "SignInFailed", "spent by confirming"
    assert await second(served, shown, app.wrong()) == "SignInFailed"
    assert await second(served, "lwf_made-up", app.code(1)) == "SignInFailed"
    assert await second(served, shown, app.code(1)) == "SignedIn"
    assert await second(served, shown, app.code(1)) == "SignInFailed", "the ticket is spent too"
    phone = served.phone()
    served.clock.advance(3 * STEP)
    asked = {"ticket": await ticket(served), "code": app.code(), "deviceName": "Phone"}
    phone.token = (await phone.ask(SECOND, input=asked))["signInWithTotp"]["accessToken"]
    assert (await phone.ask("{ me { ... on Account { email } } }"))["me"]["email"] == EMAIL


async def test_a_code_works_once_however_many_send_it_at_once(served: Served) -> None:
    """Proves the guarded update on the step: with a ticket each, one of many equal codes signs in, and none older."""
    await served.site()
    _, app, _ = await enrolled(served)
    served.clock.advance(3 * STEP)
    tickets = [await ticket(served) for _ in range(SECOND_FACTOR.tries - 2)]
    code, older = app.code(), app.code(-1)

    names = await asyncio.gather(*(second(served, each, code) for each in tickets))

    assert sorted(names) == ["SignInFailed"] * (len(names) - 1) + ["SignedIn"]
    served.clock.advance(timedelta(seconds=1))
    fresh = await ticket(served)
    assert await second(served, fresh, code) == "SignInFailed"
    assert await second(served, fresh, older) == "SignInFailed"


async def test_sixteen_uses_of_one_ticket_and_code_make_one_session(served: Served) -> None:
    """Proves that one ticket is one sign-in, however it races, and that the budget bounds what is judged."""
    await served.site()
    _, app, _ = await enrolled(served)
    served.clock.advance(3 * STEP)
    shown, code = await ticket(served), app.code()
    before = await Session.all().count()

    names = await asyncio.gather(*(second(served, shown, code) for _ in range(16)))

    assert names.count("SignedIn") == 1
    assert set(names) <= {"SignedIn", "SignInFailed", "Throttled"}
    assert await Session.all().count() == before + 1


async def test_a_recovery_code_works_once(served: Served) -> None:
    """Proves that of many uses at once of one recovery code one signs in, and that another still does afterwards."""
    await served.site()
    _, _, codes = await enrolled(served)
    tickets = [await ticket(served) for _ in range(SECOND_FACTOR.tries - 2)]

    typed = codes[0].lower().replace("-", "")
    names = await asyncio.gather(*(second(served, each, typed) for each in tickets))

    assert sorted(names) == ["SignInFailed"] * (len(names) - 1) + ["SignedIn"]
    assert await second(served, await ticket(served), codes[0]) == "SignInFailed"
    assert await second(served, await ticket(served), codes[1]) == "SignedIn"


async def test_second_factors_are_not_to_be_guessed_and_tickets_end(served: Served) -> None:
    """Proves the budget over all tickets of an account, the five minutes, and that a new password voids tickets."""
    await served.site()
    browser, app, codes = await enrolled(served)
    old = await ticket(served)
    served.clock.advance(TICKET_LIFETIME + timedelta(seconds=1))
    assert await second(served, old, app.code()) == "SignInFailed"
    before = await AuditRow.filter(action="signIn").count()
    names = [
        await second(served, await ticket(served), app.wrong())
        for _ in range(SECOND_FACTOR.tries + 2)
    ]
    assert names == ["SignInFailed"] * SECOND_FACTOR.tries + ["Throttled"] * 2
    assert await second(served, await ticket(served), app.code()) == "Throttled"
    assert await AuditRow.filter(action="signIn").count() == before
    served.clock.advance(SECOND_FACTOR.window)
    shown = await ticket(served)
    new = "9 chars k!"  # short is enough beside a second factor
    changed = await browser.change("changePassword", "", oldPassword=PASSWORD, newPassword=new)
    assert changed["__typename"] == "ChangedPassword"
    assert await second(served, shown, codes[0]) == "SignInFailed"
