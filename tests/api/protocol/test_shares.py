"""What one client may have at a time: who waits, who is refused, and that nothing of it is left behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
from websockets import ConnectionClosed

from api.protocol import Client, RequestRefused
from api.protocol.buckets import Buckets, Spender
from api.protocol.shares import ShareLimits, Shares
from tests.api.protocol.probe_schema import Context
from tests.api.protocol.probe_server import Serve, Server
from tests.waiting import eventually

LIMITS = ShareLimits(running=3, cost=100, waiting=2, followed=50, sockets=2)


class Work:
    """Operations of one client that run until they are let go."""

    def __init__(self, shares: Shares, client: str = "a") -> None:
        self.shares = shares
        self.client = client
        self.running: list[str] = []
        self.release: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, name: str, cost: int = 10) -> None:
        self.release[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, cost))
        await self.settle()

    async def _run(self, name: str, cost: int) -> None:
        async with self.shares.running(self.client, cost, LIMITS):
            self.running.append(name)
            try:
                await self.release[name].wait()
            finally:
                self.running.remove(name)

    async def end(self, name: str) -> None:
        self.release[name].set()
        await self.settle()

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        await self.settle()

    @staticmethod
    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def work() -> AsyncIterator[Work]:
    work = Work(Shares())
    yield work
    for task in work.tasks.values():
        task.cancel()
    await asyncio.gather(*work.tasks.values(), return_exceptions=True)
    assert len(work.shares) == 0, "a client without anything is remembered"


async def test_those_that_are_too_many_wait_in_their_order(work: Work) -> None:
    """The fourth begins when one has ended; a queue that is full is refused; another client is not concerned."""
    for name in "abcde":
        await work.start(name)
    assert work.running == ["a", "b", "c"]
    with pytest.raises(RequestRefused) as refused:
        async with work.shares.running("a", 1, LIMITS):
            pass
    assert (refused.value.status, refused.value.code) == (429, "TOO_MANY_REQUESTS")
    async with work.shares.running("somebody else", 100, LIMITS):
        pass
    await work.end("b")
    assert work.running == ["a", "c", "d"]
    await work.end("a")
    assert work.running == ["c", "d", "e"]


async def test_dear_ones_run_one_after_the_other(work: Work) -> None:
    """Together they cost no more than the share; one alone may; and a cheap one does not pass a dear one by."""
    await work.start("a", 60)
    await work.start("b", 60)
    await work.start("c", 1)
    assert work.running == ["a"]
    await work.end("a")
    assert work.running == ["b", "c"]
    await work.end("b")
    await work.end("c")
    await work.start("d", 5_000)
    await work.start("e", 1)
    assert work.running == ["d"]


async def test_whoever_gives_up_leaves_no_gap(work: Work) -> None:
    """Cancelled while it waits, while it runs, and in the moment in which its turn comes."""
    for name in "abcde":
        await work.start(name)
    await work.cancel("d")
    await work.end("a")
    assert work.running == ["b", "c", "e"]
    await work.start("f")
    work.tasks["b"].cancel()
    work.release["c"].set()
    work.tasks["f"].cancel()
    await work.settle()
    assert work.running == ["e"]
    await work.start("g", 80)
    assert work.running == ["e", "g"]


def test_subscriptions_and_sockets_are_refused_at_once() -> None:
    """By their cost and by their number, until others have ended."""
    shares = Shares()
    with shares.following("a", 30, LIMITS), shares.connected("a", LIMITS):
        with pytest.raises(RequestRefused) as refused, shares.following("a", 30, LIMITS):
            pass
        assert refused.value.code == "TOO_MANY_SUBSCRIPTIONS"
        with shares.following("a", 20, LIMITS), shares.following("b", 50, LIMITS):
            pass
        with shares.connected("a", LIMITS):
            with pytest.raises(RequestRefused) as refused, shares.connected("a", LIMITS):
                pass
            assert refused.value.code == "TOO_MANY_SOCKETS"
    with shares.following("a", 50, LIMITS):
        assert len(shares) == 1
    assert len(shares) == 0


def test_many_spenders_do_not_push_one_out() -> None:
    """Whoever has spent stays known; those who come when all places are taken share one bucket."""
    buckets = Buckets(2, 1.0, most=3)
    for _ in range(2):
        assert buckets.admit([Spender("attacker")], 0.0)
    assert not buckets.admit([Spender("attacker")], 0.0)
    for number in range(100):
        buckets.admit([Spender(f"other {number}")], 0.0)
    assert len(buckets) == 3
    assert not buckets.admit([Spender("attacker")], 0.0)
    assert not buckets.admit([Spender("new")], 0.0)
    assert buckets.is_empty([Spender("newer")], 0.0)
    assert buckets.admit([Spender("attacker")], 2.0)
    assert buckets.admit([Spender("new")], 10.0)
    assert not buckets.is_empty([Spender("newer")], 10.0)


def test_a_household_pays_with_its_provider() -> None:
    """Both have to have something left; the larger network has more; and a refusal costs neither of them."""
    buckets = Buckets(2, 1.0)
    site = Spender("site", 2)
    homes = [Spender(f"home {number}") for number in range(4)]
    assert [buckets.admit([home, site], 0.0) for home in homes[:1] * 3] == [True, True, False]
    assert [buckets.admit([home, site], 0.0) for home in homes[1:]] == [True, True, False]
    assert buckets.admit([homes[3]], 0.0)


def _client_of(context: Context) -> Client:
    return Client(str(context.authenticated), is_known=True)


@pytest.fixture
def shared(serve: Serve) -> Iterator[Server]:
    with serve(client_of=_client_of) as server:
        yield server


async def test_a_client_has_so_many_sockets(shared: Server) -> None:
    """One more is closed with 4429; another client has its own; and the place of a closed one is free again."""
    most = ShareLimits().sockets
    async with contextlib.AsyncExitStack() as sockets:
        opened = [
            await sockets.enter_async_context(shared.socket(init={"token": "a"}))
            for _ in range(most)
        ]
        async with shared.socket() as one_more:
            await one_more.send({"type": "connection_init", "payload": {"token": "a"}})
            assert (await one_more.closing())[0] == 4429
        async with shared.socket(init={"token": "b"}) as other:
            assert await other.is_served()
        await opened[0].connection.close()

        async def again() -> bool:
            async with shared.socket() as next_one:
                await next_one.send({"type": "connection_init", "payload": {"token": "a"}})
                try:
                    return await next_one.receive() == {"type": "connection_ack"}
                except ConnectionClosed:
                    return False

        assert await eventually(again)
