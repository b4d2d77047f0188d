"""One actor has a few sockets and followers at a time; another, and each lock, has its own."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from api.prices import prices
from api.protocol.shares import ShareLimits
from api.tour.socket import SocketRefused
from domain.actors import Role
from tests.api.firmware_lock import installed
from tests.serving import Served
from tests.waiting import eventually

FOLLOW = "subscription($id: ID!) { siteSync(siteId: $id) { lock { id } } }"


async def _first(items: AsyncGenerator[dict[str, Any], None]) -> dict[str, Any] | str:
    """The first item, or why there is none."""
    try:
        return await anext(items)
    except RuntimeError as refused:
        return str(refused)


async def test_a_token_follows_a_few_sites_at_a_time(served: Served) -> None:
    """Fifty `siteSync` of one token, over several sockets: some are served, the rest refused in words, none lost."""
    house = await served.site()
    await house.lock()
    other = await house.make_token(Role.OWNER)
    most = ShareLimits().followed // prices().fields["Subscription.siteSync"]
    async with contextlib.AsyncExitStack() as open_:
        sockets = [
            await open_.enter_async_context(await served.socket({"token": house.token}))
            for _ in range(2)
        ]
        streams = [sockets[n % 2].subscribe(FOLLOW, id=house.id) for n in range(50)]
        found = await asyncio.gather(*map(_first, streams))
        served_, refused = (
            [f for f in found if isinstance(f, dict)],
            {f for f in found if isinstance(f, str)},
        )
        assert 3 <= len(served_) <= most
        assert refused == {"Too many subscriptions at a time: end some of them."}

        another = await open_.enter_async_context(await served.socket({"token": other}))
        assert isinstance(await _first(another.subscribe(FOLLOW, id=house.id)), dict)
    async with await served.socket({"token": house.token}) as again:

        async def followed() -> bool:
            return isinstance(await _first(again.subscribe(FOLLOW, id=house.id)), dict)

        assert await eventually(followed)


async def test_a_token_has_a_few_sockets_and_locks_have_their_own(served: Served) -> None:
    """However many a script opens, its site's locks connect."""
    house = await served.site()
    entry = await house.lock()
    most = ShareLimits().sockets
    async with contextlib.AsyncExitStack() as open_:
        for _ in range(most):
            await open_.enter_async_context(await served.socket({"token": house.token}))
        with pytest.raises(SocketRefused, match=f"At most {most} sockets"):
            await served.socket({"token": house.token})
        await installed(house, entry)
        assert await house.ask(
            "query($id: ID!) { node(id: $id) { ... on Lock { online } } }", id=entry["lockId"]
        ) == {"node": {"online": True}}


async def test_many_requests_of_one_actor_wait_and_none_is_lost(served: Served) -> None:
    """A hundred dear queries at once are all answered, in turns."""
    house = await served.site()
    await house.lock()
    query = """query($id: ID!) { site(id: $id) {
      locks(first: 100) { nodes { id name readers { id } tags(first: 5) { nodes { id } } } } } }"""
    answers = await asyncio.gather(*(house.ask(query, id=house.id) for _ in range(100)))
    assert {len(each["site"]["locks"]["nodes"]) for each in answers} == {1}
