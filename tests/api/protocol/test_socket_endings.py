"""Every way in which a socket ends, and what must have stopped when it has.

Running subscriptions hold database listeners and memory; a guard that outlives its socket polls for
nobody. So each test counts what was opened and waits until all of it is closed.
"""

import asyncio
import socket as sockets

import websockets

from api.protocol import SocketLimits
from api.protocol.server import BoundedWebSocketProtocol
from tests.api.protocol.probe_server import Client, Serve, Server
from tests.waiting import becomes


async def _open(client: Client, *queries: str) -> None:
    for number, query in enumerate(queries):
        await client.subscribe(str(number), query)
    seen: set[str] = set()
    while len(seen) < len(queries):
        seen.add((await client.receive())["id"])


async def test_the_guard_closes_a_socket_that_waits_for_its_client(server: Server) -> None:
    """At the end of its session, though the client sends nothing."""
    async with server.socket(init={"token": "guarded"}) as client:
        server.probe.revoked.set()
        assert await client.closing() == (4403, "The session has ended")
    assert server.probe.guards == 0


async def test_the_guard_closes_a_socket_that_streams(server: Server) -> None:
    """Also in the middle of busy and of silent subscriptions, which are closed with it."""
    async with server.socket(init={"token": "guarded"}) as client:
        await _open(
            client, *["subscription { ticks(every: 0.005) }", "subscription { silence }"] * 5
        )
        server.probe.revoked.set()
        assert (await client.closing())[0] == 4403
    await becomes(lambda: server.probe.opened == server.probe.closed == 10)


async def test_a_guard_that_fails_closes_the_socket(server: Server, secret: str) -> None:
    """A socket is not left unwatched: 4500."""
    async with server.socket() as client:
        await client.send({"type": "connection_init", "payload": {"token": "faulty"}})
        code, reason = await client.closing()
    assert code == 4500
    assert secret not in str(reason)


async def test_a_client_that_closes_ends_everything(server: Server) -> None:
    """Its subscriptions are closed and its guard is stopped."""
    async with server.socket(init={"token": "guarded"}) as client:
        await _open(client, "subscription { ticks }", "subscription { silence }")
        assert server.probe.guards == 1
    await becomes(lambda: server.probe.opened == server.probe.closed == 2)
    await becomes(lambda: server.probe.guards == 0)


async def test_a_client_that_vanishes_ends_everything(server: Server) -> None:
    """The connection is reset, without a close frame."""
    async with server.socket(init={"token": "guarded"}) as client:
        await _open(client, "subscription { ticks }", "subscription { silence }")
        client.connection.transport.abort()
        await becomes(lambda: server.probe.opened == server.probe.closed == 2)
        await becomes(lambda: server.probe.guards == 0)


async def test_a_violation_ends_everything(server: Server) -> None:
    """A malformed message closes what well-formed ones had opened."""
    async with server.socket(init={"token": "guarded"}) as client:
        await _open(client, "subscription { ticks }", "subscription { silence }")
        await client.raw("nope")
        assert (await client.closing())[0] == 4400
    await becomes(lambda: server.probe.opened == server.probe.closed == 2)
    await becomes(lambda: server.probe.guards == 0)


async def test_a_generator_that_stops_slowly_is_waited_for(server: Server) -> None:
    """The client gets its close frame at once; the generator gets to finish what it must."""
    async with server.socket(init={}) as client:
        await _open(client, "subscription { stubborn }")
        await client.raw("nope")
        assert (await client.closing())[0] == 4400
        assert server.probe.closed == 0
        server.probe.released.set()
        await becomes(lambda: server.probe.closed == 1)


async def test_a_server_that_stops_closes_its_sockets(serve: Serve) -> None:
    """With 1012, which clients take as an invitation to come back; nothing is left running."""
    with serve() as server:
        connection = await websockets.connect(
            server.ws,
            subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
            compression=None,
        )
        await connection.send('{"type":"connection_init","payload":{"token":"guarded"}}')
        await connection.recv()
        await connection.send(
            '{"type":"subscribe","id":"1","payload":{"query":"subscription{silence}"}}'
        )
        await connection.recv()
    async with asyncio.timeout(5):
        await connection.wait_closed()
    assert connection.close_code == 1012
    assert (server.probe.opened, server.probe.closed, server.probe.guards) == (1, 1, 0)


# Clients that do not read

MOST_FRAMES = 160
"""Of 100,000 bytes each, which is an event of `flood`: more than the buffers of both kernels take."""


class ImpatientProtocol(BoundedWebSocketProtocol):
    """Lingers for less, so that a test need not."""

    linger = 0.2


def _deaf(server: Server, query: str | None) -> sockets.socket:
    """A raw client with a small receive buffer, which has subscribed and now reads nothing."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
    raw.settimeout(5)
    raw.connect(("127.0.0.1", server.port))
    raw.sendall(
        b"GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    )
    assert b"101" in raw.recv(4_096)
    raw.sendall(_frame(1, b'{"type":"connection_init"}'))
    assert b"ack" in raw.recv(4_096)
    if query is not None:
        message = b'{"type":"subscribe","id":"1","payload":{"query":"%s"}}' % query.encode()
        raw.sendall(_frame(1, message))
    return raw


def _frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame of less than 126 bytes, masked with zeros (RFC 6455 5.2)."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


async def _finished(raw: sockets.socket) -> bool:
    """Whether the server gives the connection up, once what it had sent has been read."""
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(5):
            while await loop.sock_recv(raw, 1_000_000):
                pass
    except ConnectionError:
        pass
    return True


async def test_a_slow_reader_holds_no_more_than_buffers(serve: Serve) -> None:
    """An endless source is asked for its next event only after the last was taken by the network.

    What the generator has yielded is bounded by the buffers of both kernels (some MB on loopback);
    it stops at once, and after `send_timeout` the subscription is closed.
    """
    limits = SocketLimits(send_timeout=1.0)
    with serve(socket_limits=limits, protocol=ImpatientProtocol) as server:
        raw = _deaf(server, "subscription { flood }")
        try:
            await becomes(lambda: server.probe.closed == 1 or server.probe.yielded >= MOST_FRAMES)
            assert 0 < server.probe.yielded < MOST_FRAMES
            assert await _finished(raw)
        finally:
            raw.close()


async def test_a_client_that_never_reads_again_is_released(serve: Serve) -> None:
    """Its connection and the buffer of it are gone, though it never took what was in it."""
    limits = SocketLimits(send_timeout=0.2)
    with serve(socket_limits=limits, protocol=ImpatientProtocol) as server:
        raw = _deaf(server, "subscription { flood }")
        try:
            await becomes(lambda: server.connections == 1)
            await becomes(lambda: server.connections == 0, 5)
        finally:
            raw.close()


async def test_a_slow_reader_with_many_subscriptions_has_one_message_waiting_each(
    serve: Serve,
) -> None:
    """Twenty endless sources share what the buffers take; beyond it each has yielded once."""
    limits = SocketLimits(send_timeout=1.0)
    with serve(socket_limits=limits, protocol=ImpatientProtocol) as server:
        raw = _deaf(server, None)
        try:
            payload = b'{"query":"subscription{flood(held:true)}"}'
            for number in range(20):
                subscribe = b'{"type":"subscribe","id":"%d","payload":%s}' % (number, payload)
                raw.sendall(_frame(1, subscribe))
            await becomes(lambda: server.probe.opened == 20)
            server.probe.released.set()
            most = MOST_FRAMES + 20
            await becomes(lambda: server.probe.closed == 20 or server.probe.yielded >= most)
            assert 20 <= server.probe.yielded < most
            assert await _finished(raw)
        finally:
            raw.close()


async def test_a_reader_that_recovers_loses_nothing(serve: Serve) -> None:
    """A pause shorter than `send_timeout` costs time and no event."""
    with serve(socket_limits=SocketLimits(send_timeout=5.0)) as server:
        async with server.socket(init={}, max_queue=1) as client:
            await client.subscribe("a", "subscription { count(to: 2000) }")
            await asyncio.sleep(0.5)
            numbers = [(await client.receive())["payload"]["data"]["count"] for _ in range(2000)]
            assert (await client.receive())["type"] == "complete"
    assert numbers == list(range(2000))


async def test_pings_that_are_never_read_do_not_fill_the_server(server: Server) -> None:
    """The server stops reading from a client that does not take its pongs.

    uvicorn alone would answer each into a buffer without end; here the client's own sending stalls.
    """
    raw = _deaf(server, None)
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 65_536)
    raw.settimeout(1.0)
    pings = _frame(9, b"x" * 125) * 1_000
    sent = 0
    try:
        while sent < 60_000_000:
            await asyncio.to_thread(raw.sendall, pings)
            sent += len(pings)
    except TimeoutError:
        pass
    finally:
        raw.close()
    assert sent < 30_000_000
    assert (await server.post("{hello}")).status_code == 200


async def test_one_deaf_client_does_not_hold_up_another(serve: Serve) -> None:
    """Endless sources towards a client that reads nothing, and towards one that reads all."""
    with serve(socket_limits=SocketLimits(send_timeout=2.0)) as server:
        raw = _deaf(server, "subscription { flood }")
        try:
            async with server.socket(init={}) as client:
                await client.subscribe("a", "subscription { count(to: 200) }")
                while (await client.receive())["type"] == "next":
                    pass
            assert (await server.post("{hello}")).status_code == 200
        finally:
            raw.close()
