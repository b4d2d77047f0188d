"""No answer and no log line holds what an exception, a document or a variable says."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from api.protocol import request_id
from api.protocol.masking import silence_strawberry
from tests.api.protocol.probe_server import Server, code_of


@pytest.fixture
def logged() -> Iterator[Any]:
    """Everything that is logged, by structlog and by the standard library, as text."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with capture_logs() as entries:

        def everything() -> str:
            return stream.getvalue() + repr(entries)

        yield everything
    root.removeHandler(handler)
    root.setLevel(level)


@contextmanager
def _no_secret(secret: str, logged: Any) -> Iterator[list[str]]:
    answers: list[str] = []
    yield answers
    assert answers
    assert secret not in "".join(answers)
    assert secret not in logged()


async def test_an_unexpected_error_is_masked_with_a_request_id(
    server: Server, secret: str, logged: Any
) -> None:
    """The client gets an id, the log the same id with types and places, neither gets the text."""
    with _no_secret(secret, logged) as answers:
        response = await server.post("{ broken hello }")
        answers.append(response.text)
    answer = response.json()
    assert answer["data"] == {"broken": None, "hello": "hello world"}
    (error,) = answer["errors"]
    assert error["message"] == "Internal error"
    assert error["path"] == ["broken"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["requestId"] in logged()
    assert "ValueError" in logged()
    assert "Query.broken" in logged()


async def test_errors_of_one_answer_share_their_request_id(server: Server) -> None:
    """One request, one id to quote."""
    answer = (await server.post("{ a: broken b: broken }")).json()
    assert len({error["extensions"]["requestId"] for error in answer["errors"]}) == 1


@pytest.mark.parametrize("inline", [True, False], ids=["written into the document", "a variable"])
async def test_a_failed_mutation_leaves_no_secret_in_the_log(
    server: Server, secret: str, logged: Any, inline: bool
) -> None:
    """Nor the chain of exceptions behind it: Strawberry would print them with the document."""
    with _no_secret(secret, logged) as answers:
        if inline:
            response = await server.post(f'mutation {{ fail(digits: "{secret}") }}')
        else:
            query = "mutation ($d: String!) { fail(digits: $d) }"
            response = await server.post(query, variables={"d": secret})
        answers.append(response.text)
    assert "RuntimeError" in logged()
    assert "ValueError" in logged()


@pytest.mark.parametrize(
    "variables",
    [{"d": ["40718263"]}, {"d": {"pin": "40718263"}}, {"d": 40718263}, {"x": "40718263"}],
)
async def test_a_refused_variable_is_not_echoed(
    server: Server, secret: str, logged: Any, variables: dict[str, Any]
) -> None:
    """graphql-core quotes the value in its message."""
    with _no_secret(secret, logged) as answers:
        query = "mutation ($d: String!) { fail(digits: $d) }"
        response = await server.post(query, variables=variables)
        answers.append(response.text)
        assert response.json()["errors"][0]["extensions"]["code"] == "VARIABLES_INVALID"


@pytest.mark.parametrize(
    "query",
    [
        'mutation {{ fail(digits: "{}" }}',
        'mutation {{ fail(digit: "{}") }}',
        "mutation {{ fail(digits: {}) }}",
        "{{ hello(name: {}) }}",
    ],
)
async def test_a_document_that_fails_is_not_logged(
    server: Server, secret: str, logged: Any, query: str
) -> None:
    """Neither for its syntax nor for what it says."""
    await server.post(query.format(secret))
    assert secret not in logged()


async def test_development_logs_no_document_either(
    development_server: Server, secret: str, logged: Any
) -> None:
    """It explains to the client what is wrong with a value; its log is as silent as any."""
    query = "mutation ($d: String!) { fail(digits: $d) }"
    answer = await development_server.post(query, variables={"d": [secret]})
    assert "String cannot represent" in answer.text
    answer = await development_server.post(query, variables={"d": secret})
    assert answer.json()["errors"][0]["message"] == "Internal error"
    assert "RuntimeError" in logged()
    assert secret not in logged()


async def test_a_result_that_cannot_be_serialised_is_masked(
    server: Server, secret: str, logged: Any
) -> None:
    """graphql-core quotes the value that a resolver returned by mistake."""
    with _no_secret(secret, logged) as answers:
        response = await server.post("{ unserialisable }")
        answers.append(response.text)
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_a_public_error_passes_with_its_extensions(server: Server) -> None:
    """What was written for the client reaches it, with the path and the place."""
    answer = (await server.post("{ refused }")).json()
    assert answer["errors"] == [
        {
            "message": "The plan has no such feature.",
            "extensions": {"code": "FEATURE_NOT_IN_PLAN", "limit": 3},
            "locations": [{"line": 1, "column": 3}],
            "path": ["refused"],
        }
    ]


async def test_a_null_where_a_default_was_relied_on_is_the_clients_error(server: Server) -> None:
    """Validation allows it; execution refuses the value. That is no fault of the server."""
    query = 'query ($n: String = "x") { hello(name: $n) }'
    answer = (await server.post(query, variables={"n": None})).json()
    assert answer["errors"][0]["extensions"]["code"] == "VARIABLES_INVALID"


NULL_CONDITIONS = [
    "query ($d: Boolean = true) { hello @skip(if: $d) }",
    "query ($d: Boolean = true) { hello @include(if: $d) }",
    "query ($d: Boolean = true) { serial who hello @skip(if: $d) }",
    "query ($d: Boolean = true) { ... @skip(if: $d) { hello } }",
    "query ($d: Boolean = true) { ...F @include(if: $d) } fragment F on Query { hello }",
    "query ($d: Boolean = true) { ...F } fragment F on Query { hello @include(if: $d) }",
]


@pytest.mark.parametrize("document", NULL_CONDITIONS)
async def test_a_null_condition_at_the_root_is_the_clients_error(
    server: Server, development_server: Server, document: str
) -> None:
    """By POST, by GET and on a socket: a request error with its code, and 400 where statuses say so."""
    accept = {"accept": "application/graphql-response+json"}
    for each in (server, development_server):
        async with each.client() as client:
            sent = {"query": document, "variables": {"d": None}}
            posted = await client.post(each.http, json=sent, headers=accept)
        got = await each.get(accept, query=document, variables='{"d":null}')
        for response in (posted, got):
            assert response.status_code == 400
            assert code_of(response) == "VARIABLES_INVALID"
        async with each.socket(init={}) as socket:
            await socket.subscribe("a", document, variables={"d": None})
            answer = await socket.receive()
            assert answer["type"] == "error"
            assert answer["payload"][0]["extensions"]["code"] == "VARIABLES_INVALID"


@pytest.mark.parametrize(
    "document",
    [
        "mutation ($d: Boolean = true) { touch @skip(if: $d) }",
        "query ($d: Boolean = true) { me { hello @skip(if: $d) } }",
        "query ($d: Boolean = true) { me { ... @include(if: $d) { hello } } }",
    ],
)
async def test_a_null_condition_is_the_clients_error_wherever_it_is(
    server: Server, document: str
) -> None:
    """In mutations, of which nothing ran, and below the root."""
    before = server.probe.mutations
    answer = (await server.post(document, variables={"d": None})).json()
    assert answer["errors"][0]["extensions"]["code"] == "VARIABLES_INVALID"
    assert server.probe.mutations == before


async def test_faults_of_hooks_are_logged_without_their_text(
    server: Server, secret: str, logged: Any
) -> None:
    """Authentication in HTTP and on a socket, the guard, and a subscription."""
    async with server.client() as client:
        headers = {"authorization": "Bearer crash"}
        await client.post(server.http, json={"query": "{hello}"}, headers=headers)
    for token in ("crash", "faulty"):
        async with server.socket() as socket:
            await socket.send({"type": "connection_init", "payload": {"token": token}})
            assert (await socket.closing())[0] == 4500
    async with server.socket(init={}) as socket:
        await socket.subscribe("a", "subscription { failing }")
        await socket.receive()
        assert (await socket.receive())["type"] == "error"
    assert logged().count("unexpected_error") == 4
    assert secret not in logged()


async def test_a_bound_request_id_is_used() -> None:
    """The id of the server's middleware, where there is one, so that its log lines can be found."""
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        assert request_id() == "r-1"
    assert request_id() != request_id()


def test_strawberrys_logger_stays_silent_after_logging_is_configured(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A level would be undone by `dictConfig`; silencing twice adds nothing."""
    silence_strawberry()
    silence_strawberry()
    logger = logging.getLogger("strawberry.execution")
    logger.setLevel(logging.DEBUG)
    logger.error("a document with a secret")
    assert caplog.text == ""
    assert len(logger.filters) == 1
