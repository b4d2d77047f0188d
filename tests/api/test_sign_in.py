"""Signing in: all accounts answer alike, guesses are counted one by one, and a new password ends what stood before."""

import asyncio
from datetime import timedelta
from typing import Any

from domain.audit.tables import AuditRow
from domain.people.sign_in import BY_ADDRESS, BY_STRANGERS
from domain.people.tables import Account, Device, Session
from tests.api.letters import Letters
from tests.serving import PASSWORD, Served

EMAIL = "owner-house@example.com"
WRONG = "not the right password"
NEW = "an entirely new password of mine"
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) { __typename
  ... on SignedIn { accessToken } ... on Throttled { retryAfterSeconds } ... on RequestedTotp { ticket }
  ... on Error { message } } }"""


async def try_password(served: Served, email: str, password: str) -> dict[str, Any]:
    """A stranger's try, from a browser that nobody knows."""
    served.http.cookies.clear()
    asked = {"email": email, "password": password}
    answer: dict[str, Any] = (await served.post(SIGN_IN, input=asked)).json()["data"]["signIn"]
    served.http.cookies.clear()
    return answer


async def reset(served: Served, token: str, password: str = NEW) -> str:
    document = (
        "mutation($t: String!, $p: String!) { answer: resetPassword(input: { token: $t, password: $p })"
        " { __typename } }"
    )
    answer = (await served.post(document, t=token, p=password)).json()
    return str(answer["data"]["answer"]["__typename"])


async def ask_reset(served: Served, email: str) -> dict[str, Any]:
    document = "mutation($e: String!) { answer: requestPasswordReset(input: { email: $e }) { __typename } }"
    answer: dict[str, Any] = (await served.post(document, e=email)).json()
    return answer


async def test_known_and_unknown_accounts_answer_alike(served: Served) -> None:
    """Proves byte for byte that neither sign-in nor reset tells who has an account, odd addresses included."""
    await served.site()
    odd = [
        "nobody@example.com",
        "NOBODY@example.com",
        "",
        "\x00",
        "a\x00b@example.com",
        "é@é",
        "x" * 999,
    ]
    asked = [{"email": each, "password": WRONG} for each in (EMAIL, *odd)]
    answers = [await served.post(SIGN_IN, input=each) for each in asked]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["data"]["signIn"]["__typename"] == "SignInFailed"
    assert not any("set-cookie" in answer.headers for answer in answers)
    assert await ask_reset(served, EMAIL) == await ask_reset(served, "nobody@example.com")
    for address in ("", "\x00@example.com", "a b@example.com", "a@b", "a@example.com\nBcc: x"):
        assert (await ask_reset(served, address))["data"]["answer"]["__typename"] == "InvalidInput"
    good = await try_password(served, f"  {EMAIL.upper()} ", PASSWORD)
    assert good["__typename"] == "SignedIn"


async def test_guesses_in_one_document_and_at_once_are_counted_one_by_one(served: Served) -> None:
    """Proves that thirty aliases, sent in parallel documents, get no more judged than the account's budget."""
    await served.site()
    fields = " ".join(
        f'a{n}: signIn(input: {{ email: "{EMAIL}", password: "{WRONG}" }}) {{ __typename }}'
        for n in range(10)
    )
    answers = await asyncio.gather(*(served.post(f"mutation {{ {fields} }}") for _ in range(3)))
    names = [each["__typename"] for answer in answers for each in answer.json()["data"].values()]
    assert sorted(names) == ["SignInFailed"] * BY_STRANGERS.tries + ["Throttled"] * 20

    refused = await try_password(served, EMAIL, PASSWORD)
    assert refused["__typename"] == "Throttled"
    assert 1 <= refused["retryAfterSeconds"] <= 15 * 60 + 1
    assert (await try_password(served, "nobody@example.com", WRONG))["__typename"] == "SignInFailed"
    served.clock.advance(timedelta(minutes=15, seconds=1))
    assert (await try_password(served, EMAIL, PASSWORD))["__typename"] == "SignedIn"


async def test_guesses_on_one_websocket_are_counted_one_by_one(served: Served) -> None:
    """Proves that a long socket, on which scripts may send mutations, is no way round the budget."""
    house = await served.site()
    socket = await served.socket({"token": house.token})
    names = []
    async with socket:
        for _ in range(BY_STRANGERS.tries + 3):
            asked = {"email": EMAIL, "password": WRONG}
            (item,) = [each async for each in socket.subscribe(SIGN_IN, input=asked)]
            names.append(item["signIn"]["__typename"])
    assert names == ["SignInFailed"] * BY_STRANGERS.tries + ["Throttled"] * 3


async def test_one_address_may_not_guess_at_many_accounts(served: Served) -> None:
    """Proves the budget by address: it is spent whoever is tried, whether they exist or not."""
    await served.site()
    fields = " ".join(
        f'a{n}: signIn(input: {{ email: "p{n}$@example.com", password: "{WRONG}" }}) {{ __typename }}'
        for n in range(10)
    )
    judged = 0
    for batch in range(BY_ADDRESS.tries // 10):
        answer = (await served.post(f"mutation {{ {fields.replace('$', str(batch))} }}")).json()
        judged += [each["__typename"] for each in answer["data"].values()].count("SignInFailed")
    assert judged == BY_ADDRESS.tries
    assert (await try_password(served, EMAIL, PASSWORD))["__typename"] == "Throttled"


async def test_known_devices_get_in_while_strangers_exhaust_the_budget(served: Served) -> None:
    """Proves that an attack on an account locks out strangers only: its browser and its phone sign in again."""
    await served.site()
    browser, phone, stranger = served.browser(), served.phone(), served.phone()
    await browser.sign_in(EMAIL)
    mine = {"email": EMAIL, "password": PASSWORD, "deviceName": "Mine"}
    phone.token = (await phone.ask(SIGN_IN, input=mine))["signIn"]["accessToken"]
    await browser.ask("mutation { signOut { __typename } }")
    for _ in range(BY_STRANGERS.tries):
        await try_password(served, EMAIL, WRONG)

    assert (await try_password(served, EMAIL, PASSWORD))["__typename"] == "Throttled"
    assert (await stranger.ask(SIGN_IN, input=mine))["signIn"]["__typename"] == "Throttled"
    assert (await browser.sign_in(EMAIL))["__typename"] == "SignedIn"
    assert (await phone.ask(SIGN_IN, input=mine))["signIn"]["__typename"] == "SignedIn"
    names = [
        (await phone.ask(SIGN_IN, input=mine | {"password": WRONG}))["signIn"]["__typename"]
        for _ in range(BY_STRANGERS.tries + 1)
    ]
    assert names[-1] == "Throttled", "a known phone has a budget too"


async def test_a_phone_signs_in_with_its_key_and_again_after_signing_out(served: Served) -> None:
    """Proves one device a key, its token bound to the key, ended by signing out and never valid again."""
    await served.site()
    phone = served.phone()
    mine = {"email": EMAIL, "password": PASSWORD, "deviceName": " Mine ", "platform": "ANDROID"}
    first = phone.token = (await phone.ask(SIGN_IN, input=mine))["signIn"]["accessToken"]
    me = (
        await phone.ask("{ me { ... on Account { email devices { nodes { name platform } } } } }")
    )["me"]
    assert me == {"email": EMAIL, "devices": {"nodes": [{"name": "Mine", "platform": "ANDROID"}]}}
    assert await Session.all().count() == 0, "a phone gets no cookie"
    await phone.ask("mutation { signOut { __typename } }")
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401
    phone.token = None
    second = (await phone.ask(SIGN_IN, input=mine))["signIn"]["accessToken"]
    phone.token = first
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401
    phone.token = second
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 200
    assert await Device.all().count() == 1
    for name in ("", " ", "x" * 101, "a\x00b"):
        answer = await phone.ask(SIGN_IN, input=mine | {"deviceName": name})
        assert answer["signIn"]["__typename"] == "InvalidInput"


async def test_a_changed_password_ends_every_other_sign_in_at_once(served: Served) -> None:
    """Proves that other sessions, phones and open sockets end within two seconds, and the one that asked goes on."""
    house = await served.site()
    mine, other, phone = served.browser(), served.browser(), served.phone()
    await mine.sign_in(EMAIL)
    await other.sign_in(EMAIL)
    asked = {"email": EMAIL, "password": PASSWORD, "deviceName": "Phone"}
    phone.token = (await phone.ask(SIGN_IN, input=asked))["signIn"]["accessToken"]
    sockets = [await other.socket(), await phone.socket()]
    kept = await mine.socket()

    wrong = await mine.change("changePassword", "", oldPassword=WRONG, newPassword=NEW)
    weak = await mine.change(
        "changePassword", "", oldPassword=PASSWORD, newPassword="passwordpassword"
    )
    before = await AuditRow.filter(action="changePassword").count()
    done = await mine.change("changePassword", "", oldPassword=PASSWORD, newPassword=NEW)

    assert [wrong["__typename"], weak["__typename"]] == ["SignInFailed", "PolicyViolation"]
    assert (before, done["__typename"]) == (0, "ChangedPassword")
    for socket in sockets:
        assert (await socket.closed(within_seconds=15))[0] == 4403
    assert await other.post("{ me { ... on Node { id } } }") == {"data": {"me": None}}
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401
    assert (await mine.ask("{ me { ... on Account { email } } }"))["me"]["email"] == EMAIL
    await house.lock("Front")
    stream = kept.subscribe(
        "subscription($s: ID!) { siteSync(siteId: $s) { lock { name } } }", s=house.id
    )
    assert await anext(stream) == {"siteSync": {"lock": {"name": "Front"}}}
    assert (await try_password(served, EMAIL, PASSWORD))["__typename"] == "SignInFailed"
    assert (await try_password(served, EMAIL, NEW))["__typename"] == "SignedIn"


async def test_a_mailed_link_resets_a_password_once(served: Served) -> None:
    """Proves that of sixteen uses at once one counts, that a refused password does not use it up, and that all ends."""
    await served.site()
    browser = served.browser()
    await browser.sign_in(EMAIL)
    socket = await browser.socket()
    await ask_reset(served, EMAIL)
    token = await Letters(served).link_to(EMAIL)

    assert await reset(served, token, "short") == "PolicyViolation"
    assert await reset(served, token[:-1] + "x") == "LinkNotUsable"
    answers = await asyncio.gather(*(reset(served, token, f"{NEW} {n}") for n in range(16)))

    assert sorted(answers) == ["LinkNotUsable"] * 15 + ["ResetPassword"]
    assert (await socket.closed(within_seconds=15))[0] == 4403
    winner = answers.index("ResetPassword")
    assert (await try_password(served, EMAIL, f"{NEW} {winner}"))["__typename"] == "SignedIn"
    assert (await try_password(served, EMAIL, PASSWORD))["__typename"] == "SignInFailed"
    assert await AuditRow.filter(action="resetPassword").count() == 1
    assert await Account.all().count() == 1


async def test_a_reset_link_ends_by_time_by_another_and_by_a_changed_password(
    served: Served,
) -> None:
    """Proves that no older link survives a newer one, two hours, or a password set otherwise."""
    await served.site()
    browser = served.browser()
    await browser.sign_in(EMAIL)
    letters = Letters(served)
    await ask_reset(served, EMAIL)
    first = await letters.link_to(EMAIL)
    await ask_reset(served, EMAIL)
    second = await letters.link_to(EMAIL)
    assert await reset(served, first) == "LinkNotUsable"
    await browser.change("changePassword", "", oldPassword=PASSWORD, newPassword=NEW)
    assert await reset(served, second) == "LinkNotUsable"
    await ask_reset(served, EMAIL)
    third = await letters.link_to(EMAIL)
    served.clock.advance(timedelta(hours=2, seconds=1))
    assert await reset(served, third) == "LinkNotUsable"
