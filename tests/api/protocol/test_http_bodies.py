"""The body of a POST: malformed, of another kind, too long, too slow, cut off."""

import asyncio
import socket
from typing import Any

import pytest

from tests.api.protocol.probe_server import JSON, Serve, Server, code_of


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"true",
        b"1",
        b'"{hello}"',
        b"[]",
        b'[{"query":"{hello}"}]',
        b"{}",
        b'{"query":""}',
        b'{"query":null}',
        b'{"query":"{hello}","variables":[]}',
        b'{"query":"{hello}","extensions":"x"}',
        b'{"query":"{hello}","operationName":7}',
        b'{"query":"{hello}"',
        b'{"query":"\xff"}',
        b'{"query":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 30_000,
        b'{"query":"{hello}","variables":{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
        b"NaN",
        b"1e999",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
async def test_a_malformed_body_is_400(server: Server, body: bytes) -> None:
    """Scalars, null, lists, deep nesting, bytes that are not UTF-8: refused, never an exception."""
    response = await server.send(body)
    assert response.status_code == 400
    assert code_of(response) == "BAD_REQUEST"
    assert server.probe.bodies == []


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/jsonx",
    ],
)
async def test_a_body_that_is_not_json_is_415(server: Server, content_type: str) -> None:
    """A form of another site can send these; it cannot send JSON."""
    async with server.client() as client:
        response = await client.post(
            server.http, content=b'{"query":"{hello}"}', headers={"content-type": content_type}
        )
    assert response.status_code == 415


async def test_a_compressed_body_is_415(server: Server) -> None:
    """Nothing is unpacked, so nothing unpacks to more than the limit."""
    response = await server.send(b"x", **{"content-encoding": "gzip"})
    assert response.status_code == 415


async def test_ten_megabytes_are_413(server: Server) -> None:
    """By the declared length, before any of it is read."""
    response = await server.send(b"x" * 10_000_000)
    assert response.status_code == 413
    assert code_of(response) == "BODY_TOO_LARGE"


async def test_ten_megabytes_of_undeclared_length_are_413(server: Server) -> None:
    """A chunked body is refused once it exceeds the limit; the rest is not kept."""

    async def chunks() -> Any:
        for _ in range(100):
            yield b"x" * 100_000

    async with server.client() as client:
        response = await client.post(server.http, content=chunks(), headers={"content-type": JSON})
    assert response.status_code == 413
    assert server.probe.bodies == []


@pytest.mark.parametrize("declared", [True, False])
async def test_ten_megabytes_are_413_where_the_client_asked_to_close(
    server: Server, declared: bool
) -> None:
    """The whole answer arrives, though the connection ends behind it: no reset over unread bytes."""
    framing = b"content-length: 10000000" if declared else b"transfer-encoding: chunked"
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    chunk = b"x" * 100_000
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head + framing + b"\r\n\r\n")
    for _ in range(100):
        writer.write(chunk if declared else b"186a0\r\n" + chunk + b"\r\n")
        await writer.drain()
    writer.write(b"" if declared else b"0\r\n\r\n")
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert b" 413 " in answer.splitlines()[0]
    assert b"BODY_TOO_LARGE" in answer


async def test_what_is_read_of_a_refused_body_is_bounded(server: Server) -> None:
    """A client that asked to close and sends on without end is answered all the same, within seconds."""
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head + b"content-length: 99000000\r\n\r\nx")
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert b" 413 " in answer.splitlines()[0]


async def test_the_limit_itself_is_accepted(serve: Serve) -> None:
    """A body of exactly the limit passes, one byte more does not; the hook gets it whole."""
    body = b'{"query":"{hello}"}'
    with serve(body_limit=len(body)) as server:
        assert (await server.send(body)).status_code == 200
        assert (await server.send(body + b" ")).status_code == 413
        assert server.probe.bodies == [body]


async def test_a_body_that_does_not_arrive_is_408(serve: Serve) -> None:
    """A client that stalls is answered, and does not hold the request for ever."""
    with serve(body_timeout=0.2) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{"
        )
        async with asyncio.timeout(3):
            status = await reader.readline()
        writer.close()
    assert b" 408 " in status


async def test_a_client_that_leaves_during_its_body_harms_nobody(server: Server) -> None:
    """The connection ends, the server goes on."""
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.sendall(
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: 100\r\n\r\n{"
    )
    raw.close()
    assert (await server.post("{hello}")).json() == {"data": {"hello": "hello world"}}
