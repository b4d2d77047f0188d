"""The price list of the schema: no computed field and no list without a price, no input without a bound."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    get_nullable_type,
    parse,
)
from graphql import (
    build_schema as schema_of,
)

from api.prices import prices
from api.protocol import Limits
from api.protocol.measuring import measured
from api.protocol.prices import PAGE_FIELDS, with_all_lists
from api.schema.bounds import LONGER_STRINGS, LONGEST_STRING, MOST_ITEMS, bound_inputs
from api.whole_schema import build_schema
from domain.clock import system_clock
from domain.locks.rules import MOST_READERS
from tests.serving import Served

SCHEMA = build_schema(development=True)._schema


def _fields() -> Iterator[tuple[str, str, GraphQLField]]:
    """Every field of every object and interface."""
    for kind in SCHEMA.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and kind.name[:2] != "__":
            for name, field in kind.fields.items():
                yield kind.name, name, field


def _is_computed(field: GraphQLField) -> bool:
    definition = field.extensions.get("strawberry-definition")
    return definition is not None and definition.base_resolver is not None


def test_every_computed_field_has_a_price() -> None:
    """Whoever adds one measures it and names it in `api/prices.py`; who takes one away takes its price away."""
    computed = {f"{kind}.{name}" for kind, name, field in _fields() if _is_computed(field)}
    assert computed == set(prices().fields)
    assert min(prices().fields.values()) > 1


def test_every_list_has_a_size() -> None:
    """Connections are priced by their page; every other list by the size that the price list assumes."""
    lists = {
        name
        for _, name, field in _fields()
        if isinstance(get_nullable_type(field.type), GraphQLList) and name not in PAGE_FIELDS
    }
    assert lists == set(prices().lists)


def _arguments() -> Iterator[tuple[str, Any]]:
    """Every argument and every field of an input, by its name, with its type."""
    for _, _, field in _fields():
        yield from ((name, argument.type) for name, argument in field.args.items())
    for kind in SCHEMA.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((name, field.type) for name, field in kind.fields.items())


def test_every_list_of_an_input_has_a_bound() -> None:
    """And no bound is left of a list that is gone."""
    lists = {n for n, kind in _arguments() if isinstance(get_nullable_type(kind), GraphQLList)}
    assert lists == set(MOST_ITEMS)
    assert max(MOST_ITEMS.values()) <= 1_000


def test_a_schema_with_an_unbounded_list_is_not_built() -> None:
    """At any depth of an input."""
    for sdl in (
        "type Query { a(unbounded: [Int]): Int }",
        "type Query { a(input: I): Int } input I { b: J } input J { unbounded: [String!]! }",
    ):
        with pytest.raises(AssertionError, match="unbounded"):
            bound_inputs(schema_of(sdl))


def _longest(kind: Any, name: str, by: int) -> Iterator[tuple[str, Any]]:
    """Values of this type in which one string or list is `by` longer than its bound; the place of that one first."""
    nullable = get_nullable_type(kind)
    if isinstance(nullable, GraphQLList):
        yield name, [_least(nullable.of_type)] * (MOST_ITEMS[name] + by)
        for inside, value in _longest(nullable.of_type, name, by):
            yield ".".join((name, "0", *inside.split(".")[1:])), [value]
    elif isinstance(nullable, GraphQLInputObjectType):
        for field, of_field in nullable.fields.items():
            for inside, value in _longest(of_field.type, field, by):
                yield inside if name == "input" else f"{name}.{inside}", {field: value}
    elif nullable.name in {"String", "ID"}:
        yield name, "x" * (LONGER_STRINGS.get(name, LONGEST_STRING) + by)


def _least(kind: Any) -> Any:
    nullable = get_nullable_type(kind)
    return {} if isinstance(nullable, GraphQLInputObjectType) else "x"


def test_every_string_and_list_of_an_input_is_held_to_its_bound() -> None:
    """In every field of the schema that takes one, at every depth: one more than the bound never reaches the resolver."""
    tried = 0
    for kind, name, field in _fields():
        call = field.subscribe if kind == "Subscription" else field.resolve
        for argument, of_argument in field.args.items():
            for inside, value in _longest(of_argument.type, argument, by=1):
                tried += 1
                assert call is not None
                refused = _refusal(call, argument, value)
                assert refused == inside, f"{kind}.{name}({argument}) takes a long {inside}"
    assert tried > 150


_ASKED = SimpleNamespace(context=SimpleNamespace(clock=system_clock))
"""What a refusal is made with, and a resolver fails over."""


def _refusal(call: Any, argument: str, value: Any) -> str | None:
    """The field that is refused; None where the resolver was reached, which fails without a context."""
    try:
        answer = call(None, _ASKED, **{argument: value})
    except Exception as refusal:
        return getattr(refusal, "field", None)
    if hasattr(answer, "close"):
        answer.close()
    return getattr(answer, "field", None)


def _cost(document: str) -> str | int:
    """What the document costs, or the limit that it exceeds."""
    limits = Limits()
    list_price = with_all_lists(prices(), SCHEMA, limits.list_size)
    found = measured(parse(document), limits, list_price, SCHEMA)
    if found.error is None:
        return found.cost
    assert found.error.extensions is not None
    return str(found.error.extensions["limit"])


def _calendar(shown: str) -> str:
    days = 'firstDay: "2026-01-01", lastDay: "2026-02-28"'
    return f'site(id: "s") {{ calendar({days}) {{ occurrences {{ {shown} }} }} }}'


@pytest.mark.parametrize(
    "document",
    [
        "{" + " ".join(f"a{n}: {_calendar('day')}" for n in range(33)) + "}",
        f"{{ a: {_calendar('day startsAt endsAt')} b: {_calendar('day startsAt endsAt')} }}",
        '{ site(id: "s") { tags(first: 100) { nodes { members { nodes'
        " { tags { nodes { members { nodes { tags { nodes { name } } } } } } } } } } } }",
    ],
)
def test_a_dear_document_is_refused(document: str) -> None:
    """Calendars beside each other, lists to and fro."""
    assert _cost(document) == "cost"


@pytest.mark.parametrize(
    "document",
    [
        f"{{ {_calendar('day startsAt endsAt invitation { id name }')} }}",
        '{ site(id: "s") { invitations(first: 50) { nodes { id name state codeHint } } } }',
        """{ site(id: "s") { id name timezone seats { used }
            locks(first: 100) { nodes { id name online lastContactAt readers { id name }
              tags(first: 5) { nodes { id name } }
              sync { status } hub { id name } } }
            pins(first: 50) { nodes { id kind owner { id name }
            lockSync(first: 10) { nodes { lock { id name } status } } } } } }""",
        """{ site(id: "s") { tags(first: 100) { nodes { name
            members { nodes { id name } } locks { nodes { id name } } } } } }""",
        """{ site(id: "s") { accessRules(first: 100) { nodes { id label
            grantee { ... on Member { name } ... on Tag { name } } locks { nodes { id name } }
            chosenLocks { id name } lockTags { id name } } } } }""",
    ],
)
def test_an_honest_screen_is_not(document: str) -> None:
    """A month of a calendar, fifty invitations, a hundred locks with all that is shown of them."""
    cost = _cost(document)
    assert isinstance(cost, int), cost


async def test_what_is_too_long_gets_a_typed_answer(served: Served) -> None:
    """A mutation names the field; a query has its code; and what is as long as it may be goes through."""
    house = await served.site()
    many = [{"name": f"Reader {n}"} for n in range(MOST_READERS + 1)]
    fields = "... on InvalidInput { field }"

    refused = await house.change("createLock", fields, siteId=house.id, name="Door", readers=many)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", "readers")
    made = await house.change(
        "createLock",
        "... on CreatedLock { lock { id } }",
        siteId=house.id,
        name="Door",
        readers=many[1:],
    )
    one_more = await house.change(
        "createReader", fields, lockId=made["lock"]["id"], name="One more", hasKeypad=False
    )
    assert (one_more["__typename"], one_more["field"]) == ("InvalidInput", "lockId")

    answer = await served.post(
        "query($id: ID!, $k: [ActivityKind!]) { site(id: $id) { events(kinds: $k) { nodes { id } } } }",
        {"authorization": f"Bearer {house.token}"},
        id=house.id,
        k=["OPENED"] * 9_000,
    )
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "kinds"}

    name = "x" * 250_000
    stranger = "mutation($i: SignInInput!) { signIn(input: $i) { __typename ... on InvalidInput { field } } }"
    sent = {"email": "a@example.com", "password": "x" * 20, "deviceName": name}
    assert (await served.post(stranger, i=sent)).status_code == 413
    sent["deviceName"] = "x" * (LONGEST_STRING + 1)
    assert (await served.post(stranger, i=sent)).json()["data"]["signIn"] == {
        "__typename": "InvalidInput",
        "field": "deviceName",
    }
