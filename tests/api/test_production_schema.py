"""The server in production: whoever asks for the schema learns nothing of it, and the protocol is kept all the same."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.databases import Database, Servers
from tests.http_audits import failed_audits
from tests.processes import Process, hands
from tests.serving import Served

FLAT = {
    "message": "The document does not match the schema",
    "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
}
WRONG = {
    "an unknown field": "{ me { __typename nmae } }",
    "an unknown operation": "{ locks { id } }",
    "an unknown type": "{ me { ... on Membr { id } } }",
    "an unknown argument": '{ site(uuid: "x") { id } }',
    "a missing argument": "{ site { id } }",
    "a value of the wrong type": "{ site(id: { a: 1 }) { id } }",
    "an unknown enum value": '{ site(id: "x") { pins(states: [GONE]) { nodes { id } } } }',
    "an unknown input field": 'mutation { openLock(input: { lock: "x" }) { __typename } }',
    "a variable of the wrong type": "query($id: Int!) { site(id: $id) { id } }",
    "a missing selection": "{ me }",
    "an unknown mutation": "mutation { openAll { __typename } }",
    "an unknown directive": "{ me @secret { __typename } }",
    "the whole schema": "{ __schema { types { name } } }",
    "the schema in a fragment": "query { ...F } fragment F on Query { __schema { types { name } } }",
    "the schema under another name": "{ a: __schema { queryType { name } } }",
}


@pytest.fixture(scope="module")
def database(servers: Servers) -> Database:
    return asyncio.run(servers.fresh("sqlite", None))


@pytest.fixture(scope="module")
def production(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process.start(database, tmp_path_factory.mktemp("production"), env="production")
    try:
        yield process.until_ready()
    finally:
        process.stop()


def ask(process: Process, query: str) -> httpx.Response:
    return httpx.post(f"{process.url}/graphql", json={"query": query})


@pytest.mark.parametrize("what", WRONG)
def test_whatever_is_wrong_with_a_document_the_answer_is_the_same(
    production: Process, what: str
) -> None:
    """One flat error, without a suggestion, a place, a name, or a count of mistakes."""
    assert ask(production, WRONG[what]).json() == {"errors": [FLAT]}


async def test_a_socket_tells_no_more_than_http(production: Process, database: Database) -> None:
    """The same flat error as the payload of `error`, also for someone who has signed in."""
    async with hands(production, database) as served:
        house = await served.site()
        async with await served.socket({"token": house.token}) as socket:
            for document in WRONG.values():
                with pytest.raises(RuntimeError, match=f"^{FLAT['message']}$"):
                    await anext(socket.subscribe(document))


def test_a_type_asked_for_by_name_is_nowhere(production: Process) -> None:
    """`__type` is null for every name, so that names cannot be tried."""
    query = (
        '{ a: __type(name: "Lock") { name fields { name } } b: __type(name: "Nothing") { name } }'
    )
    assert ask(production, query).json() == {"data": {"a": None, "b": None}}


def test_a_value_that_cannot_be_used_is_refused_without_the_types_name(production: Process) -> None:
    """A variable of a right type with a wrong value: the message is flat too."""
    answer = httpx.post(
        f"{production.url}/graphql",
        json={"query": "query($id: ID!) { site(id: $id) { id } }", "variables": {"id": {"a": 1}}},
    ).json()
    (error,) = answer["errors"]
    assert error["message"] == "A value does not match the schema."


def test_there_is_no_page_to_explore_with(production: Process) -> None:
    """GraphiQL is served in development only."""
    answer = httpx.get(f"{production.url}/graphql", headers={"accept": "text/html"})
    assert answer.status_code in (400, 406)
    assert "<html" not in answer.text.lower()


def test_all_audits_pass_in_production(production: Process) -> None:
    """The 61 audits of graphql-http against the server as it is deployed."""
    assert failed_audits(f"{production.url}/graphql") == []


async def test_all_audits_pass_in_development(served: Served) -> None:
    """And as it is developed with, on either database."""
    assert await asyncio.to_thread(failed_audits, f"{served.url}/graphql") == []
