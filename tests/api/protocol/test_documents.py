"""What a stranger can learn of the schema, and what the cache keeps of a document."""

from functools import partial
from typing import Any

import pytest
import strawberry
from graphql import DocumentNode, get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from api.protocol import Documents, GraphQLApp, Guard, GuardedDocuments, build_schema_kwargs
from tests.api.protocol.probe_server import Server

DOCUMENT = parse("{ hello }")
FLAT = {
    "message": "The document does not match the schema",
    "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
}


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def sign_in(self, password: str) -> bool:
        return bool(password)


@pytest.mark.parametrize(
    "document",
    [
        "{ helo }",
        "{ hello { length } }",
        "{ me }",
        "{ hello(nam: 1) }",
        "{ hello(name: 1) }",
        "mutation { tuch }",
        "{ ...F } fragment F on Quer { hello }",
        "{ ... on Things { edges { nod } } }",
        "query ($x: Strin) { hello(name: $x) }",
        "{ hello @skp(if: true) }",
        "query Q { hello } query Q { hello }",
        "{ __schema { types { name } } }",
        "{ x: __schema { queryType { name } } }",
        "{ ...F } fragment F on Query { __schema { types { name } } }",
        get_introspection_query(),
    ],
)
async def test_in_production_every_invalid_document_gets_the_same_error(
    server: Server, document: str
) -> None:
    """No names, no hints, no places: a guess at the schema learns only that it was wrong."""
    response = await server.post(document)
    assert response.json() == {"errors": [FLAT]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{ __type(name: "Query") { name fields { name } } }', {"__type": None}),
        ('{ x: __type(name: "Query") { name } hello }', {"x": None, "hello": "hello world"}),
        ('{ ...F } fragment F on Query { __type(name: "Query") { name } }', {"__type": None}),
        ('{ ... @include(if: true) { __type(name: "Query") { name } } }', {"__type": None}),
        ('{ __type(name: "Query") @skip(if: true) { name } hello }', {"hello": "hello world"}),
        (
            "{ __typename me { __typename } }",
            {"__typename": "Query", "me": {"__typename": "Query"}},
        ),
    ],
)
async def test_in_production_a_type_is_null(server: Server, document: str, expected: Any) -> None:
    """`__type` finds nothing, by whatever way it is selected; `__typename` still works."""
    for _ in range(2):  # the second time from the cache
        assert (await server.post(document)).json() == {"data": expected}


async def test_in_production_a_type_by_variable_is_null(server: Server) -> None:
    """The variable is used as far as validation can see."""
    query = "query ($name: String!) { __type(name: $name) { name } }"
    answer = (await server.post(query, variables={"name": "Query"})).json()
    assert answer == {"data": {"__type": None}}


async def test_a_socket_tells_no_more_than_http(server: Server) -> None:
    """The same flat error, the same null."""
    async with server.socket(init={}) as client:
        await client.subscribe("a", "{ __schema { types { name } } }")
        assert (await client.receive())["payload"] == [FLAT]
        await client.subscribe("a", '{ __type(name: "Query") { name } }')
        assert (await client.receive())["payload"] == {"data": {"__type": None}}


async def test_in_production_values_are_refused_without_hints(server: Server) -> None:
    """A wrong variable says no type, no field and no near miss."""
    query = "query ($n: String!) { hello(name: $n) }"
    answer = (await server.post(query, variables={"n": {"a": "b"}})).json()
    assert answer["errors"][0]["message"] == "A value does not match the schema."
    assert "String" not in str(answer)


async def test_a_limit_is_named_in_production_too(server: Server) -> None:
    """It tells nothing about the schema, and honest clients need to know."""
    answer = (await server.post("{" + "me{" * 20 + "hello" + "}" * 21)).json()
    assert answer["errors"][0]["extensions"] == {
        "code": "QUERY_TOO_COMPLEX",
        "limit": "depth",
        "maximum": 16,
    }


async def test_development_explains(development_server: Server) -> None:
    """Hints, places and introspection are there for those who write clients."""
    answer = (await development_server.post("{ helo }")).json()
    assert "Did you mean 'hello'" in answer["errors"][0]["message"]
    assert answer["errors"][0]["locations"] == [{"line": 1, "column": 3}]
    introspected = (await development_server.post(get_introspection_query())).json()
    assert introspected["data"]["__schema"]["queryType"]["name"] == "Query"
    typed = (await development_server.post('{ __type(name: "Query") { name } }')).json()
    assert typed == {"data": {"__type": {"name": "Query"}}}


def test_a_schema_without_limits_or_for_the_other_mode_is_not_served() -> None:
    """An endpoint that would stand open, or explain itself to strangers, is not made."""
    for schema in (
        strawberry.Schema(Query),
        strawberry.Schema(Query, **build_schema_kwargs(development=True)),
    ):
        with pytest.raises(ValueError, match="build_schema_kwargs"):
            GraphQLApp(schema)
    GraphQLApp(strawberry.Schema(Query, **build_schema_kwargs()))


def _schema(documents: Documents) -> strawberry.Schema:
    guard = Guard(development=False)
    guard.admission(None).valid = documents
    return strawberry.Schema(Query, Mutation, extensions=[partial(GuardedDocuments, guard)])


async def test_a_valid_document_is_kept_and_runs_again_from_the_cache() -> None:
    """The second run finds the very same document."""
    documents = Documents()
    schema = _schema(documents)
    query = "query ($n: String!) { hello(name: $n) }"
    for name in ("a", "b"):
        result = await schema.execute(query, variable_values={"n": name})
        assert result.data == {"hello": f"hello {name}"}
    assert len(documents) == 1
    assert documents.find(query) is documents.find(query) is not None


@pytest.mark.parametrize(
    "document",
    [
        'mutation { signIn(password: "hunter2") }',
        'query A { hello } mutation B { signIn(password: "hunter2") }',
        'mutation { signIn(password: """hunter2""") }',
    ],
)
async def test_a_mutation_with_a_literal_is_never_kept(document: str) -> None:
    """Passwords and PINs written into a document do not stay in memory."""
    documents = Documents()
    await _schema(documents).execute(document, operation_name="B" if "B" in document else None)
    assert len(documents) == 0


@pytest.mark.parametrize("document", ["{", "{ nothing }", "{ hello" + " hello" * 2_000 + "}"])
async def test_only_valid_documents_of_moderate_size_are_kept(document: str) -> None:
    """A stranger cannot fill the cache with nonsense."""
    documents = Documents()
    await _schema(documents).execute(document)
    assert len(documents) == 0


async def test_what_the_cache_finds_is_still_checked_for_its_operation() -> None:
    """Several operations and no name: an error from the cache as before it (GraphQL spec, 6.1)."""
    schema = _schema(Documents())
    document = "query A { hello } query B { hello }"
    for _ in range(2):
        assert (await schema.execute(document, operation_name="B")).errors is None
        result = await schema.execute(document)
        assert result.errors is not None
        extensions = result.errors[0].extensions
        assert extensions is not None
        assert extensions["code"] == "OPERATION_NOT_FOUND"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40)), max_size=80))
def test_the_cache_never_exceeds_its_bounds(requests: list[tuple[int, int]]) -> None:
    """Entries, characters and the sum that is kept of them agree, in any order of use."""
    documents = Documents(entries=8, characters=100, largest=30)
    texts = set()
    for name, length in requests:
        text = f"{name:02}".ljust(length, "x")
        texts.add(text)
        if documents.find(text) is None:
            documents.keep(text, DOCUMENT, 1)
        assert len(documents) <= 8
        assert documents.held <= 100
    assert documents.held == sum(len(text) for text in documents._kept)
    assert all(len(text) <= 30 for text in documents._kept)


def _found(documents: Documents, text: str) -> DocumentNode | None:
    valid = documents.find(text)
    return valid.document if valid is not None else None


def test_the_least_recently_used_document_goes_first() -> None:
    """What is asked for stays."""
    documents = Documents(entries=2)
    for text in ("a", "b"):
        documents.keep(text, DOCUMENT, 1)
    assert _found(documents, "a") is DOCUMENT
    documents.keep("c", DOCUMENT, 1)
    assert documents.find("b") is None
    assert _found(documents, "a") is _found(documents, "c") is DOCUMENT


async def test_variables_that_lack_several_fields_get_one_flat_error(
    server: Server, development_server: Server
) -> None:
    """Outside development, so that the number of errors does not tell how many fields an input wants."""
    document = "query($a: Int!, $b: Int!, $c: Int!) { hello x: things(first: $a, last: $b) { edges { node { id } } }"
    document += " y: things(first: $c) { edges { node { id } } } }"
    (error,) = (await server.post(document, variables={})).json()["errors"]
    assert error["message"] == "A value does not match the schema."
    assert error["extensions"]["code"] == "VARIABLES_INVALID"
    told = (await development_server.post(document, variables={})).json()["errors"]
    assert len(told) == 3
