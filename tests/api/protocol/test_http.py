"""GraphQL over HTTP beyond the audits: methods, media types, bodies, and the hooks' part in it."""

import pytest

from tests.api.protocol.probe_server import JSON, Serve, Server, code_of

NEWER = "application/graphql-response+json"


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
    server: Server, accept: str | None, expected: str
) -> None:
    """Quality values decide; of equals the newer type; wildcards and silence mean the older one."""
    async with server.client() as client:
        del client.headers["accept"]
        headers = {} if accept is None else {"accept": accept}
        response = await client.post(server.http, json={"query": "{hello}"}, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", f"{JSON}; charset=latin1", ", ;q"])
async def test_neither_media_type_wanted_is_406(server: Server, accept: str) -> None:
    """The server does not send a client what it says it cannot read."""
    response = await server.send(b'{"query":"{hello}"}', accept=accept)
    assert response.status_code == 406
    assert code_of(response) == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_405(server: Server, method: str) -> None:
    """POST and GET are served; the answer says so."""
    async with server.client() as client:
        response = await client.request(method, server.http)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_a_mutation_by_get_is_405_and_does_not_run(server: Server) -> None:
    """Links and images send GETs with cookies, so a GET must not change anything."""
    response = await server.get(query="mutation { touch }")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert server.probe.mutations == 0


async def test_a_named_mutation_among_queries_is_refused_by_get(server: Server) -> None:
    """The operation that would run decides, not the first of the document."""
    document = "query Q { hello } mutation M { touch }"
    assert (await server.get(query=document, operationName="M")).status_code == 405
    assert (await server.get(query=document, operationName="Q")).status_code == 200
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
    server: Server, entries: dict[str, str], accept: str, status: int
) -> None:
    """What never ran has no `data` entry; the newer media type says 400, the older 200."""
    async with server.client() as client:
        response = await client.post(server.http, json=entries, headers={"accept": accept})
    assert response.status_code == status
    assert code_of(response)


async def test_a_field_error_has_data_and_is_200_in_the_newer_type(server: Server) -> None:
    """What ran, ran: also when `data` became null because a required field failed."""
    async with server.client() as client:
        response = await client.post(
            server.http, json={"query": "{ brokenRequired }"}, headers={"accept": NEWER}
        )
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["path"] == ["brokenRequired"]


async def test_parameters_of_a_get_are_json_where_they_must_be(server: Server) -> None:
    """Variables are parsed; an empty parameter is an absent one."""
    query = "query Q($n: String!) { hello(name: $n) }"
    response = await server.get(query=query, variables='{"n":"x"}', operationName="", extensions="")
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
async def test_malformed_parameters_of_a_get_are_400(server: Server, query_string: str) -> None:
    """Missing, empty, repeated, or not the JSON they should be."""
    async with server.client() as client:
        response = await client.get(f"{server.http}?{query_string}")
    assert response.status_code == 400


async def test_a_long_url_is_414(serve: Serve) -> None:
    """The parameters of a GET have the limit of a body."""
    with serve(body_limit=100) as server:
        assert (await server.get(query="{hello}" + " " * 100)).status_code == 414


async def test_a_refusal_of_authentication_is_answered_as_it_was_raised(server: Server) -> None:
    """Status, headers, code and further extensions; the mutation has not run."""
    response = await server.send(b'{"query":"mutation { touch }"}', authorization="Bearer expired")
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


async def test_a_fault_in_authentication_is_500_and_says_nothing(
    server: Server, secret: str
) -> None:
    """An exception of a hook is masked as any other, and nothing has run."""
    response = await server.send(b'{"query":"mutation { touch }"}', authorization="Bearer crash")
    assert response.status_code == 500
    assert code_of(response) == "INTERNAL"
    assert secret not in response.text
    assert server.probe.mutations == 0


async def test_what_authentication_returned_is_in_the_context(server: Server) -> None:
    """`authenticate_http` feeds `build_context`, which feeds the resolvers."""
    response = await server.send(b'{"query":"{ who }"}', authorization="me")
    assert response.json() == {"data": {"who": "me"}}


async def test_every_http_operation_has_its_own_context(server: Server) -> None:
    """Two requests never share a DataLoader."""
    serials = {(await server.post("{ serial }")).json()["data"]["serial"] for _ in range(3)}
    assert len(serials) == 3


async def test_a_resolver_can_set_a_cookie(server: Server) -> None:
    """By way of the operation's context and `finish_response`."""
    response = await server.post("mutation { signIn }")
    assert "session=abc" in response.headers["set-cookie"]


async def test_no_response_may_be_stored(server: Server) -> None:
    """Answers hold PINs: not for a cache, and not for a browser to guess their type."""
    for response in (await server.post("{hello}"), await server.post("{")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_graphiql_is_served_in_development_only(
    server: Server, development_server: Server
) -> None:
    """A browser that opens the path sees the page, or a plain 4xx in production."""
    html = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = await development_server.get(headers=html)
    assert page.status_code == 200
    assert "graphiql" in page.text.lower()
    assert (await server.get(headers=html)).status_code == 400
