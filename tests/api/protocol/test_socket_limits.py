"""How much one socket may send: the length of a message, messages per second, operations at a time."""

from hypothesis import given
from hypothesis import strategies as st

from api.protocol import SocketLimits
from api.protocol.buckets import TokenBucket
from tests.api.protocol.probe_server import Serve, Server
from tests.waiting import becomes


async def test_a_message_that_is_too_long_closes_with_1009(serve: Serve, server: Server) -> None:
    """64 KiB by the server, and less where the application wants it, in bytes of UTF-8."""
    async with server.socket(init={}) as client:
        await client.raw("x" * 70_000)
        assert (await client.closing())[0] == 1009
    with serve(socket_limits=SocketLimits(message_bytes=100)) as small:
        async with small.socket() as client:
            await client.raw('{"type":"ping","x":"' + "é" * 39 + '"}')
            assert await client.receive() == {"type": "pong"}
            await client.raw('{"type":"ping","x":"' + "é" * 40 + '"}')
            assert (await client.closing())[0] == 1009


async def test_too_many_messages_close_with_4429(serve: Serve) -> None:
    """A burst passes, a flood does not, and what has been saved up is no more than a burst."""
    with serve(socket_limits=SocketLimits(burst=10, per_second=1)) as server:
        async with server.socket() as client:
            for _ in range(10):
                await client.send({"type": "pong"})
            assert (await client.connection.ping()) is not None
            for _ in range(3):
                await client.send({"type": "pong"})
            assert await client.closing() == (4429, "Too many messages")


async def test_too_many_operations_get_an_error_each(serve: Serve) -> None:
    """Those that run are not disturbed; one that has been stopped counts until it has stopped."""
    with serve(socket_limits=SocketLimits(operations=2)) as server:
        async with server.socket(init={}) as client:
            for id_ in "ab":
                await client.subscribe(id_, "subscription { stubborn }")
                assert (await client.receive())["type"] == "next"
            await client.subscribe("c", "{ hello }")
            refused = await client.receive()
            assert (refused["type"], refused["id"]) == ("error", "c")
            assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
            await client.send({"type": "complete", "id": "a"})
            await client.subscribe("c", "{ hello }")
            assert (await client.receive())["type"] == "error"
            server.probe.released.set()
            await becomes(lambda: server.probe.closed == 1)
            await client.subscribe("c", "{ hello }")
            assert (await client.receive())["type"] == "next"


@given(st.integers(1, 20), st.floats(0.1, 50), st.lists(st.floats(0, 3), max_size=60))
def test_the_bucket_admits_no_more_than_burst_and_rate(
    burst: int, per_second: float, waits: list[float]
) -> None:
    """In any stretch of time from the start: at most the burst and what the rate adds."""
    now = 0.0
    bucket = TokenBucket(burst, per_second, now)
    admitted = 0
    for wait in waits:
        now += wait
        admitted += bucket.admit(now)
        assert admitted <= burst + now * per_second + 1e-6


def test_the_bucket_saves_no_more_than_a_burst() -> None:
    """A day of silence buys nothing."""
    bucket = TokenBucket(3, 1.0, 0.0)
    assert [bucket.admit(86_400.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.admit(86_400.5)
    assert bucket.admit(86_401.0)
