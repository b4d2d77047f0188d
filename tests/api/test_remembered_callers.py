"""A caller that is remembered for a moment is nobody as soon as its access has ended, however it ended."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.auth import remembered
from api.auth.remembered import LIFETIME, MOST, RememberedCallers
from domain import bus as buses
from domain import topics
from domain.actors import AccountActor, InvitedDeviceActor, Role, TokenActor
from domain.bus import Bus
from domain.database import transaction
from domain.people.tables import ApiToken
from tests.counting import counted
from tests.serving import Served

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ME = "{ me { __typename } }"
HOUR = timedelta(hours=1)
ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
SCRIPT = TokenActor(ONE, "Script", Role.OWNER, can_edit=True, account_id=TWO)
PHONE = InvitedDeviceActor(ONE, TWO, THREE, "Phone", NOW + HOUR)
PERSON = AccountActor(ONE, "eve@example.com", session_id=TWO, ends_at=NOW + HOUR / 2)


class Reading:
    """What the database says, and how often it was asked."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.asked = 0

    async def __call__(self) -> Any:
        self.asked += 1
        return self.actor


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """With callers remembered for so long that no machine is too slow."""
    monkeypatch.setattr(remembered, "LIFETIME", HOUR)
    bus = Bus()
    buses.use(bus)
    yield bus
    buses.use(None)


async def asked_again(bus: Bus, actor: Any, *woken: str, later: timedelta = timedelta()) -> bool:
    """Whether the database is asked for a caller that is remembered, after these were woken."""
    known, read = RememberedCallers(), Reading(actor)
    await known.caller("script", "text", NOW, read)
    assert await known.caller("script", "text", NOW, read) == actor
    assert read.asked == 1
    bus.deliver(woken)
    read.actor = None
    asked: bool = await known.caller("script", "text", NOW + later, read) is None
    return asked


@pytest.mark.parametrize(
    ("actor", "topic"),
    [
        (SCRIPT, topics.api_token(ONE)),
        (SCRIPT, topics.account(TWO)),
        (replace(SCRIPT, account_id=None), topics.api_token(ONE)),
        (PHONE, topics.device(ONE)),
        (PHONE, topics.invitation(TWO)),
        (PERSON, topics.account(ONE)),
        (PERSON, topics.session(TWO)),
    ],
)
async def test_what_closes_a_callers_socket_is_looked_up_again(
    bus: Bus, actor: Any, topic: str
) -> None:
    assert await asked_again(bus, actor, topic)
    assert not await asked_again(bus, actor, topics.api_token(THREE))


async def test_time_ends_what_nobody_wakes(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock, by a watch where somebody sets the clock back, and before either at the caller's own end."""
    assert not await asked_again(bus, SCRIPT, later=HOUR - timedelta(microseconds=1))
    assert await asked_again(bus, SCRIPT, later=HOUR)
    assert await asked_again(bus, PERSON, later=HOUR / 2)
    known, read = RememberedCallers(), Reading(SCRIPT)
    loop = asyncio.get_running_loop()
    watch = SimpleNamespace(time=loop.time)
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: watch)
    await known.caller("script", "text", NOW, read)
    began = loop.time()
    watch.time = lambda: began + HOUR.total_seconds() + 1
    await known.caller("script", "text", NOW - HOUR, read)

    assert read.asked == 2


async def test_a_change_while_it_is_read_is_not_missed(bus: Bus) -> None:
    """What was read may be from before the change, and nobody listened yet when that was told."""
    known, read = RememberedCallers(), Reading(SCRIPT)

    async def overtaken() -> Any:
        found = await read()
        bus.committed([topics.api_token(ONE)])
        return found

    assert await known.caller("script", "text", NOW, overtaken) == SCRIPT
    await known.caller("script", "text", NOW, read)

    assert read.asked == 2


async def test_all_are_asked_again_when_wakeups_may_be_lost(bus: Bus) -> None:
    known, read = RememberedCallers(), Reading(SCRIPT)
    await known.caller("script", "text", NOW, read)
    bus.wake_everybody()
    await known.caller("script", "text", NOW, read)

    assert read.asked == 2


async def test_what_is_remembered_is_bounded_and_leaves_no_listeners(bus: Bus) -> None:
    known = RememberedCallers()
    for number in range(MOST + 10):
        actor = replace(SCRIPT, token_id=uuid4(), account_id=None)
        await known.caller("script", str(number), NOW, Reading(actor))

    assert len(bus.topics) == MOST
    oldest, newest = Reading(None), Reading(None)
    await known.caller("script", "0", NOW, oldest)
    await known.caller("script", str(MOST + 9), NOW, newest)
    assert (oldest.asked, newest.asked) == (1, 0)


async def status(served: Served, token: str) -> int:
    return (await served.post(ME, {"authorization": f"Bearer {token}"})).status_code


async def test_whoever_asked_a_moment_ago_is_out_with_the_answer_that_says_so(
    served: Served,
) -> None:
    """A script, a browser and a phone, each ended by a mutation of somebody else."""
    house = await served.site()
    selected = "... on CreatedApiToken { token apiToken { id } }"
    made = await house.change(
        "createApiToken", selected, siteId=house.id, name="Script", role="OWNER"
    )
    assert await status(served, made["token"]) == 200
    await house.change("revokeApiToken", siteId=house.id, apiTokenId=made["apiToken"]["id"])
    assert await status(served, made["token"]) == 401

    email = house.owner.email
    here, there = served.browser(), served.browser()
    await here.sign_in(email)
    await there.sign_in(email)
    mine = "{ me { ... on Account { sessions { nodes { id current } } } } }"
    nodes = (await there.post(mine))["data"]["me"]["sessions"]["nodes"]
    (other,) = [each["id"] for each in nodes if not each["current"]]
    assert (await here.post(ME))["data"]["me"] is not None
    await there.post(
        "mutation($i: EndSessionInput!) { endSession(input: $i) { __typename } }",
        i={"sessionId": other},
    )
    assert (await here.post(ME))["data"]["me"] is None
    assert (await there.post(ME))["data"]["me"] is not None

    invitation = await house.invitation((await house.lock())["lockId"])
    phone = served.phone()
    await phone.redeem(invitation["code"])
    assert (await phone.send(ME)).status_code == 200
    await house.change("deleteInvitation", invitationId=invitation["invitation"]["id"])
    assert (await phone.send(ME)).status_code == 401


async def test_what_was_shown_as_one_credential_counts_as_no_other(served: Served) -> None:
    """A cookie that was just accepted is no bearer token, which needs no page of ours; nor a token a cookie."""
    house = await served.site()
    browser = served.browser()
    await browser.sign_in(house.owner.email)
    assert (await browser.post(ME))["data"]["me"] is not None
    (cookie,) = [each.value for each in browser.http.cookies.jar if "session" in each.name]
    assert await status(served, str(cookie)) == 401
    assert await status(served, house.token) == 200
    browser.http.cookies.clear()
    headers = {"cookie": f"latchwork_session={house.token}", "origin": served.url}
    assert (await served.post(ME, headers)).json()["data"]["me"] is None


async def test_a_role_that_was_lowered_counts_at_once(served: Served) -> None:
    """Who a caller is may be remembered; what they may do at a site is not."""
    house = await served.site()
    member = await house.member("Eve", Role.SUPER_ADMIN, email="eve@example.com")
    browser = served.browser()
    await browser.sign_in("eve@example.com")
    asked = "query($id: ID!) { site(id: $id) { locks { nodes { id } } } }"
    assert "errors" not in await browser.post(asked, id=house.id)
    await house.change("updateMember", memberId=member, role="USER")
    assert (await browser.post(asked, id=house.id))["errors"]
    await house.change("removeMember", memberId=member)
    assert (await browser.post(asked, id=house.id))["data"]["site"] is None


async def test_a_change_that_nobody_was_told_of_counts_after_the_lifetime(served: Served) -> None:
    """As of another process while the bus is away."""
    house = await served.site()
    assert await status(served, house.token) == 200
    async with transaction():
        await ApiToken.filter(name=Role.OWNER.value).update(revoked_at=served.clock())
    served.clock.advance(LIFETIME)
    assert await status(served, house.token) == 401


async def test_a_caller_is_read_once_by_one_statement(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await served.site()
    await status(served, house.token)  # notes its use, which is a change

    async def cost(lifetime: timedelta) -> int:
        with counted() as sent:
            monkeypatch.setattr(remembered, "LIFETIME", lifetime)
            for _ in range(3):
                await status(served, house.token)
        return len(sent)

    assert await cost(timedelta()) - await cost(timedelta(hours=1)) == 2
