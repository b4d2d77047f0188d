"""What strangers may send, and that they take nothing from those who are known."""

import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import strawberry
from graphql import GraphQLError, get_introspection_query, parse

from api.protocol import STRANGERS, Client, Guard, Limits, Spender
from api.protocol.guard import REFUSALS_AT_ONCE
from api.protocol.refused_documents import RefusedDocuments
from tests.api.protocol.probe_schema import Context, Mutation, Query
from tests.api.protocol.probe_server import JSON, Serve, Server, code_of

SCHEMA = strawberry.Schema(Query, Mutation)._schema
KNOWN = {"authorization": "Bearer member"}
MOST_CALLS = 30_000
"""Function calls that a stranger's document may take; some 0.2 microseconds each."""

STRANGER = Client("192.0.2.7", is_known=False, networks=(Spender("192.0.2.7"),))
MEMBER = Client("member", is_known=True)

ATTACKS = {
    "one field 300 times, with other arguments": "{"
    + " ".join(f'x:hello(name:"{n}")' for n in range(300))
    + "}",
    "one field under a thousand names": "{" + " ".join(f"a{n}:hello" for n in range(1000)) + "}",
    "one field 300 times": "{" + "me{hello}" * 300 + "}",
    "fragments that each select the same": "{"
    + " ".join(f"...F{n}" for n in range(90))
    + "}"
    + " ".join(f"fragment F{n} on Query{{hello}}" for n in range(90)),
    "fragments in fragments": "{...F0}"
    + "".join(f"fragment F{n} on Query{{hello ...F{n + 1}}}" for n in range(40))
    + "fragment F40 on Query{hello}",
    "inline fragments in each other": "{" + "...{" * 40 + "hello" + "}" * 40 + "}",
    "inline fragments beside each other": "{" + "...on Query{hello}" * 300 + "}",
    "variables": "query(" + " ".join(f"$v{n}:Int" for n in range(400)) + "){hello}",
    "operations": " ".join(f"query Q{n}{{hello}}" for n in range(60)),
    "directives": "{hello" + " @skip(if:true)" * 200 + "}",
    "a long string": '{hello(name:"' + "x" * 9_000 + '")}',
    "a long block string": '{hello(name:"""' + "\n  x" * 3_000 + '""")}',
    "a long list": "{hello(name:[" + "1," * 3_000 + "])}",
    "a list 3,000 deep": "{hello(name:" + "[" * 3_000 + "]" * 3_000 + ")}",
    "an object with many fields": "{hello(name:{" + "a:1 " * 600 + "})}",
    "comments": "#\n" * 100 + "{hello}",
    "mutations": "mutation{" + " ".join(f"a{n}:touch" for n in range(11)) + "}",
}


def _client_of(context: Context) -> Client | None:
    """By the Authorization header: a name of somebody known, or nothing."""
    return STRANGER if context.authenticated is None else Client(str(context.authenticated), True)


@pytest.fixture
def guarded(serve: Serve) -> Iterator[Server]:
    with serve(client_of=_client_of) as server:
        yield server


def _calls(work: Callable[[], Any]) -> int:
    """How many functions are called: the same on every machine, however busy it is."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def _read(client: Client | None, document: str) -> list[str]:
    """The codes of what is wrong with the document, for this client."""
    admission = Guard(development=False).admission(client)
    try:
        parsed = parse(document, **cast("Any", admission.limits.parse_options()))
    except GraphQLError as error:
        return [error.message]
    errors, _ = admission.examine(SCHEMA, parsed, development=False)
    return [error.code for error in errors]


@pytest.mark.parametrize("document", ATTACKS.values(), ids=ATTACKS)
def test_a_strangers_document_is_refused_before_it_costs_much(document: str) -> None:
    """Each shape of attack, by the parser or by what it comes to."""
    assert _read(STRANGER, document)
    assert _calls(lambda: _read(STRANGER, document)) < MOST_CALLS


@pytest.mark.parametrize("document", ATTACKS.values(), ids=ATTACKS)
def test_a_known_clients_document_costs_a_bounded_amount_too(document: str) -> None:
    """Somewhat more, but nothing that grows with the square of the document."""
    assert _calls(lambda: _read(MEMBER, document)) < 10 * MOST_CALLS


@pytest.mark.parametrize(
    "document",
    [
        "mutation($input: SignInInput!) { signIn }",
        "query { me { hello friends { hello } things(first: 3) { edges { node { id name } } } } }",
        get_introspection_query(
            specified_by_url=True, directive_is_repeatable=True, schema_description=True
        ),
    ],
)
def test_what_strangers_need_is_within_their_limits(document: str) -> None:
    """Signing in, and the introspection of development tools."""
    document = document.replace("($input: SignInInput!)", "")
    guard = Guard(development=True)
    parsed = parse(document, **cast("Any", STRANGERS.parse_options()))
    errors, cost = guard.admission(STRANGER).examine(SCHEMA, parsed, development=True)
    assert errors == []
    assert 0 < cost < STRANGERS.cost


async def test_what_is_known_to_be_good_for_members_is_not_for_strangers(guarded: Server) -> None:
    """The cache of one is not the other's, so that a large document cannot be had by its text."""
    document = "{" + " ".join(f"a{n}:hello" for n in range(60)) + "}"
    async with guarded.client() as client:
        sent = {"query": document}
        for _ in range(2):
            assert (
                "errors" not in (await client.post(guarded.http, json=sent, headers=KNOWN)).json()
            )
            refused = await client.post(guarded.http, json=sent)
            assert refused.json()["errors"][0]["extensions"]["limit"] == "aliases"


async def test_a_refused_document_is_read_once(guarded: Server) -> None:
    """Its error is found again, whole, and its repetition takes nothing from the budget."""
    async with guarded.client() as client:
        for document in ("{ hello( }", "{ nothing }", ATTACKS["inline fragments in each other"]):
            first = (await client.post(guarded.http, json={"query": document})).json()
            for _ in range(REFUSALS_AT_ONCE + 10):
                again = (await client.post(guarded.http, json={"query": document})).json()
                assert again == first


async def test_refusals_are_budgeted_by_address(guarded: Server) -> None:
    """A stranger who has had too many gets 429 and when to come back; what is known to be good goes on."""
    async with guarded.client() as client:
        good = {"query": "{ hello }"}
        await client.post(guarded.http, json=good)
        codes = []
        for number in range(REFUSALS_AT_ONCE + 30):
            response = await client.post(guarded.http, json={"query": f"{{ nothing{number} }}"})
            codes.append(response.status_code)
        assert codes[:REFUSALS_AT_ONCE] == [200] * REFUSALS_AT_ONCE
        assert codes.count(429) > 5
        refused = await client.post(guarded.http, json={"query": "{ something }"})
        while refused.status_code != 429:  # the budget grows meanwhile
            refused = await client.post(guarded.http, json={"query": f"{{ x{len(codes)} }}"})
            codes.append(refused.status_code)
        assert code_of(refused) == "THROTTLED"
        assert refused.headers["retry-after"] == "1"
        assert (await client.post(guarded.http, json=good)).json()["data"] == {
            "hello": "hello world"
        }
        known = await client.post(guarded.http, json={"query": "{ nothing }"}, headers=KNOWN)
        assert code_of(known) == "GRAPHQL_VALIDATION_FAILED"


async def test_a_strangers_body_is_short(guarded: Server) -> None:
    """16 KiB by POST and by GET; 256 KiB for those who are known."""
    body = b'{"query":"{hello}","variables":{"x":"' + b"x" * 20_000 + b'"}}'
    refused = await guarded.send(body)
    assert refused.status_code == 413
    assert code_of(refused) == "BODY_TOO_LARGE"
    assert (await guarded.send(body, **KNOWN)).json()["data"] == {"hello": "hello world"}
    got = await guarded.get(
        {"accept": JSON}, query="{hello}", variables='{"x":"' + "x" * 20_000 + '"}'
    )
    assert got.status_code == 413


async def test_variables_hold_a_bounded_number_of_values(guarded: Server) -> None:
    """Whatever they are nested in, and whether the document uses them or not; for members more."""
    few: Any = {"x": [{"a": [1] * 100}] * 4}
    many: Any = {"x": [{"a": [1] * 100}] * 5}
    for variables, headers, ok in ((few, {}, True), (many, {}, False), (many, KNOWN, True)):
        async with guarded.client() as client:
            answer = await client.post(
                guarded.http,
                json={"query": "{ hello }", "variables": variables},
                headers=headers,
            )
        assert ("errors" not in answer.json()) is ok
        if not ok:
            assert answer.json()["errors"][0]["extensions"]["limit"] == "values"


def test_no_error_is_kept_that_may_quote_a_secret() -> None:
    """The parser quotes strings; and what is kept is bounded, in entries and in their length."""
    refusals = RefusedDocuments(entries=3, longest=50)
    for text in ('{ signIn(password: "hunter2" "hunter3") }', "{ " + "x" * 100 + "( }"):
        with pytest.raises(GraphQLError) as refused:
            parse(text)
        if '"' in text:
            assert "hunter" in refused.value.message
        refusals.keep(text, refused.value)
    refusals.keep("long", GraphQLError("x" * 51))
    assert refusals.find('{ signIn(password: "hunter2" "hunter3") }') is None
    assert refusals.find("long") is None
    for number in range(5):
        refusals.keep(str(number), GraphQLError("no"))
    assert len(refusals) == 3
    assert refusals.find("1") is None
    found = refusals.find("4")
    assert found is not None
    assert (found.message, found.code) == ("no", "GRAPHQL_PARSE_FAILED")


def test_strangers_have_less_of_everything() -> None:
    """No limit of theirs is larger than a member's."""
    members = Limits()
    for name in Limits.__dataclass_fields__:
        assert getattr(STRANGERS, name) <= getattr(members, name)
