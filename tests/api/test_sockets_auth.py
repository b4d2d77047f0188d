"""Who opens a socket, what may be sent on it, and how it ends with what its client stands on."""

import asyncio
import base64
import secrets
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from api.tour.socket import Socket, SocketRefused
from domain.actors import Role
from domain.bus import current
from domain.link.keys import LinkKeys
from domain.node_ids import node_id
from domain.people.tables import SocketTicket
from domain.people.tickets import LIFETIME, TICKETS
from tests.serving import House, Served
from tests.waiting import becomes

EMAIL = "owner-house@example.com"
TICKET = (
    "mutation { createSocketTicket { __typename ... on CreatedSocketTicket { ticket expiresAt } } }"
)
EVENTS = "subscription($s: ID!) { lockEvents(siteId: $s) { id } }"


async def refused(served: Served, payload: Any, headers: dict[str, str] | None = None) -> int:
    """The code with which a socket that shows this is closed."""
    with pytest.raises(SocketRefused) as refusal:
        await served.socket(payload, headers)
    assert refusal.value.code is not None
    return refusal.value.code


async def first_of(socket: Socket, query: str, **variables: Any) -> dict[str, Any]:
    """The first item of an operation on a socket."""
    return await anext(socket.subscribe(query, **variables))


async def script_ticket(house: House) -> str:
    return str((await house.ask(TICKET))["createSocketTicket"]["ticket"])


async def test_a_ticket_opens_one_socket_within_thirty_seconds(served: Served) -> None:
    """Proves once, thirty seconds, and that of sixteen sockets at once with one ticket one opens."""
    house = await served.site()
    shown = {"ticket": await script_ticket(house)}
    late = {"ticket": await script_ticket(house)}

    async def opens() -> Socket | None:
        try:
            return await served.socket(shown)
        except SocketRefused:
            return None

    sockets = [each for each in await asyncio.gather(*(opens() for _ in range(16))) if each]
    assert len(sockets) == 1
    await sockets[0].__aexit__(None, None, None)
    assert await refused(served, shown) == 4403
    served.clock.advance(LIFETIME + timedelta(seconds=1))
    assert await refused(served, late) == 4403
    assert await SocketTicket.filter(used_at=None).count() == 1


async def test_nothing_and_nonsense_open_no_socket(served: Served) -> None:
    """Proves 4403 for no credential, unknown ones, two at once, and values of any other type."""
    house = await served.site()
    ticket = await script_ticket(house)
    phone_token = "lwd_" + secrets.token_urlsafe(37)
    for payload in (
        None,
        {},
        {"ticket": "lwk_made-up"},
        {"ticket": None},
        {"ticket": ["x"]},
        {"ticket": "\x00" * 60},
        {"token": ticket},
        {"token": phone_token},
        {"token": 7},
        {"ticket": ticket, "token": house.token},
        {"lock": "x"},
        {"lock": {"id": 1, "proof": 2}},
        {"lock": {"id": "lock_0", "proof": "a.b.c"}},
    ):
        assert await refused(served, payload) == 4403
    async with await served.socket({"ticket": ticket}) as socket:
        assert socket, "the refusals have not used it up"


async def test_tickets_and_cookies_open_sockets_for_subscriptions_only(served: Served) -> None:
    """Proves that another operation is answered with an error and the socket goes on; a script's takes all."""
    house = await served.site()
    entry = await house.lock()
    phone, browser = served.phone(), served.browser()
    await phone.redeem((await house.invitation(entry["lockId"]))["code"])
    await browser.sign_in(EMAIL)
    me, mutation = "{ me { ... on Node { id } } }", "mutation { signOut { __typename } }"
    async with await phone.socket() as by_ticket, await browser.socket() as by_cookie:
        for socket in (by_ticket, by_cookie):
            for query in (me, mutation, TICKET):
                with pytest.raises(RuntimeError):
                    await first_of(socket, query)
        access = await first_of(by_ticket, "subscription { myAccess { active } }")
        assert access == {"myAccess": {"active": True}}
        waiting = asyncio.ensure_future(anext(by_cookie.subscribe(EVENTS, s=house.id)))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done, "a subscription without news waits"
        waiting.cancel()
    assert (await browser.ask("{ me { ... on Account { email } } }"))["me"]["email"] == EMAIL, (
        "nobody was signed out"
    )
    async with await served.socket({"token": house.token}) as script:
        assert (await first_of(script, me))["me"]["id"].startswith("api_token_")
        made = await first_of(script, TICKET)
        assert made["createSocketTicket"]["__typename"] == "CreatedSocketTicket"
    async with await served.socket({"ticket": await script_ticket(house)}) as by_script_ticket:
        with pytest.raises(RuntimeError):
            await first_of(by_script_ticket, me)


async def test_a_cookie_opens_a_socket_from_our_own_pages_only(served: Served) -> None:
    """Proves that another site's page, or none, gets no socket with a cookie that the browser sent along."""
    await served.site()
    browser = served.browser()
    await browser.sign_in(EMAIL)
    cookie = f"latchwork_session={browser.cookie('latchwork_session')}"
    for origin in ("https://evil.example", served.url.replace("http", "https"), "null", None):
        headers = {"cookie": cookie, **({"origin": origin} if origin else {})}
        with pytest.raises(Exception) as refusal:  # noqa: PT011 - the handshake or the socket is refused
            await served.socket({}, headers)
        assert "403" in str(refusal.value)
    for host in (served.url.removeprefix("http://"), "latchwork", "127.0.0.1:1"):
        headers = {"cookie": cookie, "origin": served.url, "host": host}
        async with await served.socket({}, headers) as socket:
            assert socket, "a proxy may pass on any Host, nginx its upstream's name"
    evil = {"cookie": cookie, "origin": "https://evil.example", "host": "evil.example"}
    with pytest.raises(Exception, match="403"):
        await served.socket({}, evil)


async def test_nobody_fills_the_table_with_tickets(served: Served) -> None:
    """Proves the budget of one asker, that others are not concerned, and that tickets which are over go with the next."""
    house = await served.site()
    other = await house.make_token(Role.USER)
    asking = " ".join(f"t{n}: createSocketTicket {{ __typename }}" for n in range(5))
    kinds: list[str] = []
    for _ in range(TICKETS.tries // 5 + 1):
        answer = await house.ask(f"mutation {{ {asking} }}")
        kinds += [each["__typename"] for each in answer.values()]
    theirs = await house.ask(f"mutation {{ {asking} }}", token=other)

    assert kinds == ["CreatedSocketTicket"] * TICKETS.tries + ["Throttled"] * 5
    assert {each["__typename"] for each in theirs.values()} == {"CreatedSocketTicket"}
    served.clock.advance(TICKETS.window)
    await house.ask("mutation { createSocketTicket { __typename } }")
    assert await SocketTicket.all().count() == 1 + 5


async def test_sockets_end_with_what_they_stand_on(served: Served) -> None:
    """Proves within two seconds each: signing out, an ended session, a removed phone, a revoked token, a deletion."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"], deviceLimit=3)
    first, second, phone, late = served.browser(), served.browser(), served.phone(), served.phone()
    await first.sign_in(EMAIL)
    await second.sign_in(EMAIL)
    device = (await phone.redeem(made["code"]))["device"]["id"]
    await late.redeem(made["code"])
    selected = "... on CreatedApiToken { token apiToken { id } }"
    asked = {"siteId": house.id, "name": "Script", "role": "USER"}
    row = await house.change("createApiToken", selected, **asked)
    sockets = [await first.socket(), await second.socket(), await phone.socket()]
    sockets += [await served.socket({"token": row["token"]}), await late.socket()]

    async def ended(number: int) -> None:
        assert await sockets[number].closed(within_seconds=15) == (4403, "Your access has ended")

    await first.ask("mutation { signOut { __typename } }")
    await ended(0)
    me = await second.ask("{ me { ... on Account { sessions { nodes { id current } } } } }")
    (session,) = [each["id"] for each in me["me"]["sessions"]["nodes"] if each["current"]]
    assert len(me["me"]["sessions"]["nodes"]) == 1, "the one that signed out is gone"
    await second.change("endSession", "", sessionId=session)
    await ended(1)
    assert await second.post("{ me { __typename } }") == {"data": {"me": None}}
    removed = await house.change("removeDevice", "", deviceId=device)
    assert removed["__typename"] == "RemovedDevice"
    await ended(2)
    await house.change("revokeApiToken", "", siteId=house.id, apiTokenId=row["apiToken"]["id"])
    await ended(3)
    await house.change("deleteInvitation", "", invitationId=made["invitation"]["id"])
    await ended(4)


async def test_a_stream_ends_when_its_reader_may_not_read_it_any_more(served: Served) -> None:
    """Proves that a member who is removed or demoted loses an idle stream within two seconds."""
    house = await served.site()
    member = await house.member("Ben", Role.SUPER_ADMIN, email="ben@example.com")
    browser = served.browser()
    await browser.sign_in("ben@example.com")
    async with await browser.socket() as socket:
        for mutation, change in (("updateMember", {"role": "USER"}), ("removeMember", {})):
            waiting = asyncio.ensure_future(anext(socket.subscribe(EVENTS, s=house.id)))
            await becomes(lambda: f"events:{house.row.id}" in current().topics)
            await house.change(mutation, "", memberId=member, **change)
            with pytest.raises(RuntimeError):
                await asyncio.wait_for(waiting, 2)
            await house.change("updateMember", "", memberId=member, role="SUPER_ADMIN")


def proof(keys: LinkKeys, lock_id: str, nonce: str, **other: Any) -> str:
    """A lock's proof, with other claims than a good one where asked."""
    key = other.pop("key", OctKey.import_key(keys.link))
    header = {"alg": other.pop("alg", "HS256")}
    said = {"sub": lock_id, "aud": "lock-link", "nonce": nonce, "jti": secrets.token_urlsafe(12)}
    return jwt.encode(header, {**said, **other}, key, algorithms=[header["alg"]])


async def test_a_lock_proves_its_own_secret_over_a_fresh_challenge_once(served: Served) -> None:
    """Proves each binding: replay, another lock's id, key, challenge or audience, a stale challenge, an algorithm."""
    house = await served.site()
    mine, other = await house.lock("Mine"), await house.lock("Other")
    keys = LinkKeys.derive(base64.urlsafe_b64decode(mine["secret"] + "="))
    other_keys = LinkKeys.derive(base64.urlsafe_b64decode(other["secret"] + "="))
    lock, stranger = mine["lockId"], other["lockId"]

    async def challenge(name: str) -> str:
        data = await served.post("query($id: ID!) { lockChallenge(lockId: $id) }", id=name)
        return str(data.json()["data"]["lockChallenge"])

    nonce = await challenge(lock)
    wrong_key = ECKey.generate_key("P-256", private=True)
    bad = [
        (lock, proof(other_keys, lock, nonce)),
        (lock, proof(keys, stranger, nonce)),
        (stranger, proof(keys, lock, nonce)),
        (stranger, proof(keys, stranger, await challenge(stranger))),
        (lock, proof(keys, lock, await challenge(stranger))),
        (lock, proof(keys, lock, nonce[:-2] + "AA")),
        (lock, proof(keys, lock, "")),
        (lock, proof(keys, lock, nonce, aud="else")),
        (lock, proof(keys, lock, nonce, alg="ES256", key=wrong_key)),
        (lock, proof(keys, lock, nonce).rsplit(".", 1)[0] + "."),
        (node_id("lock", house.row.id), proof(keys, lock, nonce)),
    ]
    for name, shown in bad:
        assert await refused(served, {"lock": {"id": name, "proof": shown}}) == 4403
    good = {"lock": {"id": lock, "proof": proof(keys, lock, nonce)}}
    async with await served.socket(good) as socket:
        me = await first_of(socket, "{ me { ... on Lock { id incarnation } } }")
        assert me["me"] == {"id": lock, "incarnation": mine["incarnation"]}
    assert await refused(served, good) == 4403
    stale = proof(keys, lock, await challenge(lock))
    served.clock.advance(timedelta(seconds=62))
    assert await refused(served, {"lock": {"id": lock, "proof": stale}}) == 4403


async def test_a_lock_may_act_as_itself_only(served: Served) -> None:
    """Proves that a lock's socket reports and follows for that lock alone, and nothing of anybody else's."""
    house = await served.site()
    mine, other = await house.lock("Mine"), await house.lock("Other")
    keys = LinkKeys.derive(base64.urlsafe_b64decode(mine["secret"] + "="))
    data = await served.post("query($id: ID!) { lockChallenge(lockId: $id) }", id=mine["lockId"])
    shown = proof(keys, mine["lockId"], data.json()["data"]["lockChallenge"])
    report = "mutation($id: ID!) { reportLock(input: { lockId: $id, appliedRevision: 0 }) { __typename } }"
    feed = (
        "subscription($id: ID!, $life: String!) { lockFeed(lockId: $id, incarnation: $life, epoch: 0,"
        " appliedRevision: 0) { __typename } }"
    )
    async with await served.socket({"lock": {"id": mine["lockId"], "proof": shown}}) as socket:
        done = await first_of(socket, report, id=mine["lockId"])
        assert done == {"reportLock": {"__typename": "LockReported"}}
        foreign = await first_of(socket, report, id=other["lockId"])
        assert foreign == {"reportLock": {"__typename": "NotFound"}}
        with pytest.raises(RuntimeError):
            await first_of(socket, feed, id=other["lockId"], life=mine["incarnation"])
        for query in ("{ sites { nodes { id } } }", f'{{ node(id: "{house.id}") {{ id }} }}'):
            with pytest.raises(RuntimeError):
                await first_of(socket, query)
        refusal = await first_of(socket, "mutation { createSocketTicket { __typename } }")
        assert refusal == {"createSocketTicket": {"__typename": "NotAllowed"}}
        await house.change("deleteLock", "", lockId=mine["lockId"])
        assert (await socket.closed(within_seconds=15))[0] == 4403
