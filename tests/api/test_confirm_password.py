"""`confirmPassword` as a browser and a phone use it: the same sign-in goes on, longer, and may set a second factor up."""

from datetime import datetime, timedelta

from domain.people.lifetimes import SESSION_LIFETIME
from tests.api.member_steps import member_phone
from tests.serving import PASSWORD, Served

EMAIL = "owner-house@example.com"
CONFIRMED = "... on ConfirmedPassword { confirmedUntil expiresAt }"
ENROL = "mutation { enrollTotp { __typename ... on Error { message } } }"
ME = "{ me { __typename } }"


async def test_a_sign_in_that_is_confirmed_outlives_its_twelve_hours(served: Served) -> None:
    """Proves that the same cookie is set again with the new end, and that a wrong password prolongs nothing."""
    await served.site()
    browser, idle = served.browser(), served.browser()
    await browser.sign_in(EMAIL)
    await idle.sign_in(EMAIL)
    cookie = browser.cookie("latchwork_session")
    served.clock.advance(SESSION_LIFETIME - timedelta(minutes=1))

    asked = served.clock()
    wrong = await idle.change("confirmPassword", CONFIRMED, password="not my password")
    right = await browser.change("confirmPassword", CONFIRMED, password=PASSWORD)

    assert (wrong["__typename"], right["__typename"]) == ("SignInFailed", "ConfirmedPassword")
    assert datetime.fromisoformat(right["expiresAt"]) >= asked + SESSION_LIFETIME
    assert browser.cookie("latchwork_session") == cookie
    served.clock.advance(timedelta(hours=11))
    assert (await browser.ask(ME))["me"]["__typename"] == "Account"
    assert (await idle.ask(ME))["me"] is None


async def test_a_second_factor_needs_the_password_on_every_kind_of_sign_in(served: Served) -> None:
    """Proves the typed refusal that says what to do, in a browser and on a phone, and that confirming opens the way."""
    house = await served.site()
    browser = served.browser()
    await browser.sign_in(EMAIL)
    phone, _ = await member_phone(house)
    for asker in (browser, phone):
        refused = (await asker.ask(ENROL))["enrollTotp"]
        assert refused["__typename"] == "PasswordNotConfirmed"
        assert "confirmPassword" in refused["message"]
        done = await asker.change("confirmPassword", CONFIRMED, password=PASSWORD)
        assert done["__typename"] == "ConfirmedPassword"
        assert (await asker.ask(ENROL))["enrollTotp"]["__typename"] == "EnrolledTotp"
        late = datetime.fromisoformat(done["confirmedUntil"])
        assert timedelta(minutes=1) < late - served.clock() <= timedelta(minutes=30)
