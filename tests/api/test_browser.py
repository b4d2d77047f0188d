"""The browser's cookie: how it is set, when it counts, and what a foreign page gets from it."""

from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
from starlette.responses import Response

from api.auth.cookies import known_cookie, session_cookie
from api.context import Context, Identity
from api.endpoint import Endpoint
from api.whole_schema import build_schema
from domain.people.lifetimes import SESSION_LIFETIME
from domain.people.tables import Session
from tests.browser import Browser
from tests.serving import PASSWORD, Served

EMAIL = "owner-house@example.com"
SESSION_COOKIE, KNOWN_COOKIE = "latchwork_session", "latchwork_known"
"""As they are called where http is served."""
ME = "{ me { __typename ... on Account { email } } }"
SIGN_IN = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }"
SIGN_OUT = "mutation { signOut { __typename } }"


def cookies_of(answer: httpx.Response) -> dict[str, Morsel[str]]:
    """The cookies that an answer sets, with their attributes."""
    found: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        found.load(line)
    return dict(found)


def refused(answer: dict[str, Any]) -> bool:
    """Whether the caller was nobody."""
    assert "errors" not in answer
    return answer["data"]["me"] is None


async def signed_in(served: Served) -> tuple[Browser, httpx.Response]:
    browser = served.browser()
    asked = {"email": EMAIL, "password": PASSWORD}
    return browser, await browser.send(SIGN_IN, input=asked)


async def test_the_cookie_is_for_this_site_and_for_no_script(served: Served) -> None:
    """Proves HttpOnly, SameSite=Strict, the whole path, a bounded life, and that the answer does not show the token."""
    await served.site()
    _, answer = await signed_in(served)
    cookies = cookies_of(answer)

    assert set(cookies) == {SESSION_COOKIE, KNOWN_COOKIE}
    for cookie in cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "strict"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert not cookie["secure"], "plain http on loopback"
    assert 0 < int(cookies[SESSION_COOKIE]["max-age"]) <= SESSION_LIFETIME.total_seconds()
    assert cookies[SESSION_COOKIE].value not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_the_cookie_is_secure_where_the_public_url_is() -> None:
    """Proves Secure and the `__Host-` name behind https, which asks for the whole path and no domain (RFC 6265bis)."""

    class Here:
        public_url = "https://doors.example"

    installation: Any = Here()
    nothing: Any = None
    endpoint = Endpoint(
        build_schema(development=False),
        installation=installation,
        clock=nothing,
        http=nothing,
        sockets=nothing,
        development=False,
    )
    context = Context(installation, nothing, Identity(None, ""))
    context.cookies = {
        session_cookie(installation): ("value", 60),
        known_cookie(installation): ("", 0),
    }
    request: Any = httpx.Request("POST", "https://doors.example/graphql")
    response = Response()
    endpoint.finish_response(request, context, response)
    lines = [value.decode() for name, value in response.raw_headers if name == b"set-cookie"]
    assert len(lines) == 2
    for line, name in zip(lines, (SESSION_COOKIE, KNOWN_COOKIE), strict=True):
        assert line.startswith(f"__Host-{name}=")
        assert all(part in line for part in ("Secure", "HttpOnly", "Path=/;"))
        assert "domain" not in line.lower()


async def test_a_foreign_page_may_look_as_nobody_and_cannot_sign_in(served: Served) -> None:
    """Proves that a page at `localhost` in place of 127.0.0.1 is told where to go, and gets no cookie of no use."""
    await served.site()
    browser = served.browser()
    elsewhere = {"origin": served.url.replace("127.0.0.1", "localhost")}

    assert refused((await browser.send(ME, elsewhere)).json())
    for document in (
        "mutation($e: String!, $p: String!) { answer: signIn(input: { email: $e, password: $p })"
        " { __typename ... on WrongAddress { message code expectedOrigin } } }",
        "mutation($e: String!, $p: String!) { answer: signInWithTotp(input: { ticket: $e, code: $p })"
        " { __typename ... on WrongAddress { message code expectedOrigin } } }",
    ):
        answer = await browser.send(document, elsewhere, e=EMAIL, p=PASSWORD)
        told = answer.json()["data"]["answer"]
        assert (told["code"], told["expectedOrigin"]) == ("WRONG_ADDRESS", served.url)
        assert f"Open {served.url} instead" in told["message"]
        assert "set-cookie" not in answer.headers
    assert await Session.all().count() == 0


async def test_a_cookie_counts_with_our_own_origin_only(served: Served) -> None:
    """Proves that it is refused with a foreign one, saying which would do, and in a POST without any."""
    await served.site()
    browser, _ = await signed_in(served)
    sessions = await Session.all().count()

    assert (await browser.post(ME))["data"]["me"]["email"] == EMAIL
    for origin in (
        "https://evil.example",
        "null",
        served.url.replace("http:", "https:"),
        served.url + "/",
        served.url.replace("127.0.0.1", "localhost"),
    ):
        for document in (ME, SIGN_OUT):
            foreign = await browser.send(document, {"origin": origin})
            assert foreign.status_code == 401
            (error,) = foreign.json()["errors"]
            assert error["extensions"] == {"code": "FOREIGN_ORIGIN", "expectedOrigin": served.url}
            assert served.url in error["message"]
            assert "access-control-allow-origin" not in foreign.headers
    del browser.http.headers["origin"]
    bare = await browser.send(ME)
    assert bare.status_code == 401
    assert bare.json()["errors"][0]["extensions"]["code"] == "INVALID_REQUEST"
    url = f"{served.url}/graphql"
    looked = await browser.http.get(url, params={"query": ME})
    assert looked.json()["data"]["me"]["email"] == EMAIL, "browsers send none with their own GET"
    assert (await browser.http.get(url, params={"query": SIGN_OUT})).status_code == 405
    asking = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    preflight = await browser.http.options(url, headers=asking)
    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in preflight.headers
    form = await browser.http.post(
        url,
        content=b'{"query":"mutation { signOut { __typename } }"}',
        headers={"origin": "https://evil.example", "content-type": "text/plain"},
    )
    assert form.status_code == 415
    assert await Session.filter(ended_at=None).count() == sessions


async def test_a_session_ends_by_signing_out_and_by_time(served: Served) -> None:
    """Proves that a stolen cookie is worthless after signing out, and any cookie after twelve hours."""
    await served.site()
    browser, _ = await signed_in(served)
    stolen = browser.cookie(SESSION_COOKIE)
    answer = await browser.send(SIGN_OUT)

    assert cookies_of(answer)[SESSION_COOKIE].value == ""
    assert not browser.cookie(SESSION_COOKIE)
    assert browser.cookie(KNOWN_COOKIE), "the browser is still known"
    thief = served.browser()
    for value in (stolen, browser.cookie(KNOWN_COOKIE), "x", ""):
        thief.http.cookies.set(SESSION_COOKIE, value)
        assert refused(await thief.post(ME))
    again, _ = await signed_in(served)
    served.clock.advance(SESSION_LIFETIME + timedelta(seconds=1))
    assert refused(await again.post(ME))


async def test_two_people_in_one_browser_are_told_apart(served: Served) -> None:
    """Proves that the later sign-in is who asks, and that it ends no session of another browser."""
    house = await served.site()
    await house.member("Ben", email="ben@example.com")
    browser, _ = await signed_in(served)
    elsewhere, _ = await signed_in(served)
    await browser.sign_in("ben@example.com")
    assert (await browser.ask(ME))["me"]["email"] == "ben@example.com"
    assert (await elsewhere.ask(ME))["me"]["email"] == EMAIL
