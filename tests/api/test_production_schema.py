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


CYCLE = "fields { type { " * 8 + "name" + " } }" * 8
OVERLOADED = {
    "alias overloading": "{ " + " ".join(f"a{each}: __typename" for each in range(101)) + " }",
    "field duplication": "{ " + "__typename " * 1001 + "}",
    "directive overloading": "{ __typename " + "@aa" * 10 + " }",
    "many directives that are there": "{ __typename " + "@skip(if: false)" * 1000 + " }",
    "circular fragments": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "circular introspection": f"{{ __schema {{ types {{ {CYCLE} }} }} }}",
    "introspection": "{ __schema { queryType { name } } }",
    "field suggestions": "{ __schema { directive } }",
    "unhandled errors": "qwerty cop { abc }",
}
"""What graphql-cop sends, by the names of its checks, and what stands beside each."""


@pytest.mark.parametrize("check", OVERLOADED)
def test_what_graphql_cop_sends_is_refused_with_one_error(production: Process, check: str) -> None:
    """Without any data, a suggestion, a trace of the program, or an error for each of a thousand parts."""
    response = ask(production, OVERLOADED[check])
    answer = response.json()
    assert response.status_code < 500
    assert answer.get("data") is None
    assert len(answer["errors"]) == 1
    for word in ("did you mean", "traceback", "exception", "stack", "graphql-core", ".py"):
        assert word not in response.text.lower()


def test_graphql_cop_finds_no_batches(production: Process) -> None:
    """Ten operations in an array are one request that is refused, not ten guesses."""
    batch = httpx.post(f"{production.url}/graphql", json=[{"query": "{ __typename }"}] * 10)
    assert batch.status_code == 400
    assert not isinstance(batch.json(), list)


def test_graphql_cop_finds_no_tracing(production: Process) -> None:
    """No answer says how long what took, asked for by a header or not."""
    for headers in ({}, {"x-apollo-tracing": "1"}, {"apollo-federation-include-trace": "ftv1"}):
        answer = httpx.post(
            f"{production.url}/graphql", json={"query": "{ __typename }"}, headers=headers
        )
        assert answer.json() == {"data": {"__typename": "Query"}}


def test_graphql_cop_finds_no_change_by_get_or_by_a_form(production: Process) -> None:
    """A page of somebody else's can have a browser send a GET or a form without asking first: neither changes anything, and
    a GET, which may read (GraphQL over HTTP), sets no cookie."""
    mutation = "mutation { signOut { __typename } }"
    url = f"{production.url}/graphql"
    by_get = httpx.get(url, params={"query": mutation})
    assert (by_get.status_code, by_get.json().get("data")) == (405, None)
    read = httpx.get(url, params={"query": "{ __typename }"})
    assert read.json() == {"data": {"__typename": "Query"}}
    assert "set-cookie" not in read.headers
    for body in ({"data": {"query": mutation}}, {"files": {"query": (None, mutation)}},
                 {"content": f'{{"query": "{mutation}"}}', "headers": {"content-type": "text/plain"}}):  # fmt: skip
        posted = httpx.post(url, **body)
        assert posted.status_code == 415
        assert "data" not in posted.text


@pytest.mark.parametrize(
    "path", ["/graphql", "/graphiql", "/playground", "/graphql/console", "/console", "/altair", "/v1/graphql"]
)  # fmt: skip
def test_graphql_cop_finds_no_explorer(production: Process, path: str) -> None:
    """Nor anything that would load one."""
    page = httpx.get(f"{production.url}{path}", headers={"accept": "text/html"}).text.lower()
    for name in ("graphiql", "graphql playground", "altair", "voyager"):
        assert name not in page


def test_all_audits_pass_in_production(production: Process) -> None:
    """The 61 audits of graphql-http against the server as it is deployed."""
    assert failed_audits(f"{production.url}/graphql") == []


async def test_all_audits_pass_in_development(served: Served) -> None:
    """And as it is developed with, on either database."""
    assert await asyncio.to_thread(failed_audits, f"{served.url}/graphql") == []
