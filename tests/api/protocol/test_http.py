"""GraphQL over HTTP beyond the audits: methods, media types, bodies, and the hooks' part in it."""

import asyncio
import socket
from typing import Any

import httpx
import pytest

JSON = "application/json"
NEWER = "application/graphql-response+json"


async def _send(server: Any, body: bytes, **headers: str) -> httpx.Response:
    async with server.client() as client:
        return await client.post(
            server.http, content=body, headers={"content-type": JSON, **headers}
        )


async def _get(server: Any, headers: dict[str, str] | None = None, **params: str) -> httpx.Response:
    async with server.client() as client:
        return await client.get(server.http, params=params, headers=headers)


def _code(response: httpx.Response) -> str:
    errors = response.json()["errors"]
    assert "data" not in response.json()
    return errors[0]["extensions"]["code"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (NEWER, NEWER),
        (f"{NEWER}, {JSON}", NEWER),
        (f"{JSON}, {NEWER}", NEWER),
        (f"{NEWER};q=0.4, {JSON}", JSON),
        (f"{NEWER};q=0.4, */*;q=0.1", NEWER),
        (f"{NEWER.upper()}; charset=utf-8", NEWER),
        (f"{JSON};q=0, */*", NEWER),
        (f"{NEWER};q=0, */*", JSON),
        (f"text/event-stream, multipart/mixed, {JSON}", JSON),
    ],
)
async def test_the_accept_header_chooses_between_two_media_types(
    server: Any, accept: str | None, expected: str
) -> None:
    """Quality values decide; of equals the newer type; wildcards and silence mean the older one."""
    async with server.client() as client:
        del client.headers["accept"]
        headers = {} if accept is None else {"accept": accept}
        response = await client.post(server.http, json={"query": "{hello}"}, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", f"{JSON}; charset=latin1", ", ;q"])
async def test_neither_media_type_wanted_is_406(server: Any, accept: str) -> None:
    """The server does not send a client what it says it cannot read."""
    response = await _send(server, b'{"query":"{hello}"}', accept=accept)
    assert response.status_code == 406
    assert _code(response) == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_405(server: Any, method: str) -> None:
    """POST and GET are served; the answer says so."""
    async with server.client() as client:
        response = await client.request(method, server.http)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_a_mutation_by_get_is_405_and_does_not_run(server: Any) -> None:
    """Links and images send GETs with cookies, so a GET must not change anything."""
    response = await _get(server, query="mutation { touch }")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert server.probe.mutations == 0


async def test_a_named_mutation_among_queries_is_refused_by_get(server: Any) -> None:
    """The operation that would run decides, not the first of the document."""
    document = "query Q { hello } mutation M { touch }"
    assert (await _get(server, query=document, operationName="M")).status_code == 405
    assert (await _get(server, query=document, operationName="Q")).status_code == 200
    assert server.probe.mutations == 0


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (NEWER, 400)])
@pytest.mark.parametrize(
    "entries",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query ($x: Int!) { hello }"},
        {"query": "query A { hello } query B { hello }"},
        {"query": "query A { hello }", "operationName": "B"},
        {"query": "fragment F on Query { hello }"},
        {"query": "subscription { count }"},
    ],
    ids=lambda entries: entries["query"],
)
async def test_a_request_error_has_no_data_and_a_status_by_media_type(
    server: Any, entries: dict[str, str], accept: str, status: int
) -> None:
    """What never ran has no `data` entry; the newer media type says 400, the older 200."""
    async with server.client() as client:
        response = await client.post(server.http, json=entries, headers={"accept": accept})
    assert response.status_code == status
    assert _code(response)


async def test_a_field_error_has_data_and_is_200_in_the_newer_type(server: Any) -> None:
    """What ran, ran: also when `data` became null because a required field failed."""
    async with server.client() as client:
        response = await client.post(
            server.http, json={"query": "{ brokenRequired }"}, headers={"accept": NEWER}
        )
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["path"] == ["brokenRequired"]


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
async def test_a_malformed_body_is_400(server: Any, body: bytes) -> None:
    """Scalars, null, lists, deep nesting, bytes that are not UTF-8: refused, never an exception."""
    response = await _send(server, body)
    assert response.status_code == 400
    assert _code(response) == "BAD_REQUEST"
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
async def test_a_body_that_is_not_json_is_415(server: Any, content_type: str) -> None:
    """A form of another site can send these; it cannot send JSON."""
    async with server.client() as client:
        response = await client.post(
            server.http, content=b'{"query":"{hello}"}', headers={"content-type": content_type}
        )
    assert response.status_code == 415


async def test_a_compressed_body_is_415(server: Any) -> None:
    """Nothing is unpacked, so nothing unpacks to more than the limit."""
    response = await _send(server, b"x", **{"content-encoding": "gzip"})
    assert response.status_code == 415


async def test_ten_megabytes_are_413(server: Any) -> None:
    """By the declared length, before any of it is read."""
    response = await _send(server, b"x" * 10_000_000)
    assert response.status_code == 413
    assert _code(response) == "BODY_TOO_LARGE"


async def test_ten_megabytes_of_undeclared_length_are_413(server: Any) -> None:
    """A chunked body is refused once it exceeds the limit; the rest is not kept."""

    async def chunks() -> Any:
        for _ in range(100):
            yield b"x" * 100_000

    async with server.client() as client:
        response = await client.post(server.http, content=chunks(), headers={"content-type": JSON})
    assert response.status_code == 413
    assert server.probe.bodies == []


async def test_the_limit_itself_is_accepted(serve: Any) -> None:
    """A body of exactly the limit passes, one byte more does not; the hook gets it whole."""
    body = b'{"query":"{hello}"}'
    with serve(body_limit=len(body)) as server:
        assert (await _send(server, body)).status_code == 200
        assert (await _send(server, body + b" ")).status_code == 413
        assert server.probe.bodies == [body]


async def test_a_body_that_does_not_arrive_is_408(serve: Any) -> None:
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


async def test_a_client_that_leaves_during_its_body_harms_nobody(server: Any) -> None:
    """The connection ends, the server goes on."""
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.sendall(
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: 100\r\n\r\n{"
    )
    raw.close()
    assert (await server.post("{hello}")).json() == {"data": {"hello": "hello world"}}


async def test_parameters_of_a_get_are_json_where_they_must_be(server: Any) -> None:
    """Variables are parsed; an empty parameter is an absent one."""
    query = "query Q($n: String!) { hello(name: $n) }"
    response = await _get(
        server, query=query, variables='{"n":"x"}', operationName="", extensions=""
    )
    assert response.json() == {"data": {"hello": "hello x"}}


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=",
        "query=%7Bhello%7D&variables=x",
        "query=%7Bhello%7D&variables=[]",
        "query=%7Bhello%7D&variables=%ff",
        "query=%7Bhello%7D&query=%7Bwho%7D",
    ],
)
async def test_malformed_parameters_of_a_get_are_400(server: Any, query_string: str) -> None:
    """Missing, empty, repeated, or not the JSON they should be."""
    async with server.client() as client:
        response = await client.get(f"{server.http}?{query_string}")
    assert response.status_code == 400


async def test_a_long_url_is_414(serve: Any) -> None:
    """The parameters of a GET have the limit of a body."""
    with serve(body_limit=100) as server:
        assert (await _get(server, query="{hello}" + " " * 100)).status_code == 414


async def test_a_refusal_of_authentication_is_answered_as_it_was_raised(server: Any) -> None:
    """Status, headers, code and further extensions; the mutation has not run."""
    response = await _send(
        server, b'{"query":"mutation { touch }"}', authorization="Bearer expired"
    )
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'DPoP error="invalid_token"'
    assert response.json() == {
        "errors": [
            {
                "message": "The token has expired.",
                "extensions": {"reason": "expired", "code": "UNAUTHENTICATED"},
            }
        ]
    }
    assert server.probe.mutations == 0


async def test_a_fault_in_authentication_is_500_and_says_nothing(server: Any, secret: str) -> None:
    """An exception of a hook is masked as any other, and nothing has run."""
    response = await _send(server, b'{"query":"mutation { touch }"}', authorization="Bearer crash")
    assert response.status_code == 500
    assert _code(response) == "INTERNAL"
    assert secret not in response.text
    assert server.probe.mutations == 0


async def test_what_authentication_returned_is_in_the_context(server: Any) -> None:
    """`authenticate_http` feeds `build_context`, which feeds the resolvers."""
    response = await _send(server, b'{"query":"{ who }"}', authorization="me")
    assert response.json() == {"data": {"who": "me"}}


async def test_every_http_operation_has_its_own_context(server: Any) -> None:
    """Two requests never share a DataLoader."""
    serials = {(await server.post("{ serial }")).json()["data"]["serial"] for _ in range(3)}
    assert len(serials) == 3


async def test_a_resolver_can_set_a_cookie(server: Any) -> None:
    """By way of the operation's context and `finish_response`."""
    response = await server.post("mutation { signIn }")
    assert "session=abc" in response.headers["set-cookie"]


async def test_no_response_may_be_stored(server: Any) -> None:
    """Answers hold PINs: not for a cache, and not for a browser to guess their type."""
    for response in (await server.post("{hello}"), await server.post("{")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_graphiql_is_served_in_development_only(server: Any, development_server: Any) -> None:
    """A browser that opens the path sees the page, or a plain 4xx in production."""
    html = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = await _get(development_server, headers=html)
    assert page.status_code == 200
    assert "graphiql" in page.text.lower()
    assert (await _get(server, headers=html)).status_code == 400
