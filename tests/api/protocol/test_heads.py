"""A request's head arrives in time, or its connection ends: on real sockets, by a client that dawdles."""

import asyncio

import pytest

from api.protocol.server import BoundedHttpProtocol
from tests.api.protocol.probe_server import Serve
from tests.waiting import becomes

GET = b"GET /graphql?query={hello} HTTP/1.1\r\nhost: x\r\n"
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)


class HastyProtocol(BoundedHttpProtocol):
    """Heads have less than a second, so that the test need not wait."""

    head_seconds = 0.4


async def _ends(reader: asyncio.StreamReader) -> bool:
    """Whether the server ends the connection within three seconds, without another byte."""
    try:
        async with asyncio.timeout(3):
            return await reader.read(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The next answer whole."""
    async with asyncio.timeout(3):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await reader.readexactly(length)


@pytest.mark.parametrize(
    "sent", [b"", b"\r\n", b"GE", b"GET /graphql HTTP/1.1\r\n", GET, GET + b"x-slow: "]
)
async def test_a_head_that_does_not_arrive_ends_the_connection(serve: Serve, sent: bytes) -> None:
    """Nothing, half a request line, headers without an end; first on a connection and behind an answer."""
    with serve(http_protocol=HastyProtocol) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        assert await _ends(reader)
        writer.close()
        if sent:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(GET + b"\r\n")
            assert b"hello world" in await _answer(reader)
            writer.write(sent)
            assert await _ends(reader)
            writer.close()
        await becomes(lambda: server.connections == 0)


async def test_drops_of_a_head_do_not_prolong_it(serve: Serve) -> None:
    """A client that sends a byte now and then has no longer than one that sends none."""
    with serve(http_protocol=HastyProtocol) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        async def drip() -> None:
            while not writer.is_closing():
                writer.write(b"x")
                await asyncio.sleep(0.05)

        writer.write(GET)
        dripping = asyncio.create_task(drip())
        assert await _ends(reader)
        dripping.cancel()
        writer.close()


async def test_a_head_in_time_is_served_and_so_is_what_follows_it(serve: Serve) -> None:
    """Requests one behind the other, and a socket behind a request, outlive the time that heads have."""
    with serve(http_protocol=HastyProtocol) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(3):
            writer.write(GET)
            await asyncio.sleep(HastyProtocol.head_seconds / 2)
            writer.write(b"\r\n")
            assert b"hello world" in await _answer(reader)
        writer.write(UPGRADE)
        async with asyncio.timeout(3):
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(HastyProtocol.head_seconds * 2)
        assert len(server.uvicorn.server_state.connections) == 1
        writer.close()
