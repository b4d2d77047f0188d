"""What a schema tells of its old names: where they stood in a document, or in a variable's value."""

from enum import Enum
from typing import Any

import pytest
import strawberry

from api.protocol import Renamed, build_schema_kwargs
from api.protocol.masking import answerable

RENAMED = Renamed(
    {
        "Bolt": "Lock",
        "Lock.title": "name",
        "Lock.owner": "owner { name }",
        "Lock.place": "place",
        "Lock.keys": "keys { nodes { id } }",
        "Query.lock(number)": "id",
        "LockInput.title": "name",
        "Kind.DEAD": "VOID",
    }
)


@strawberry.enum
class Kind(Enum):
    VOID = "VOID"


@strawberry.type
class Owner:
    name: str = "Emma"


@strawberry.type
class Lock:
    name: str = "Front"
    place: str = "Street"

    @strawberry.field
    def keys(self) -> "Keys":
        return Keys()

    @strawberry.field
    def owner(self, kind: Kind | None = None) -> Owner:
        return Owner()


@strawberry.type
class Keys:
    nodes: list[Owner] = strawberry.field(default_factory=list)


@strawberry.input
class LockInput:
    name: str
    size: int = 1


@strawberry.type
class Query:
    @strawberry.field
    def lock(self, id: int = 1, lock: LockInput | None = None) -> Lock:
        return Lock()


def schema(*, development: bool) -> strawberry.Schema:
    kwargs = build_schema_kwargs(development=development, renamed=RENAMED)
    return strawberry.Schema(Query, **kwargs)


async def told(
    query: str, variables: dict[str, Any] | None = None, *, development: bool = False
) -> list[str]:
    """The messages of an answer, as a client sees them."""
    result = await schema(development=development).execute(query, variable_values=variables)
    errors = answerable(
        result.errors or (),
        development=development,
        explain=lambda _: None,
        rename=RENAMED.in_variable,
    )
    return [error["message"] for error in errors]


DOCUMENTS = {
    "{ lock { title } }": "Lock.title is now name.",
    "{ lock { owner } }": "Lock.owner is now owner { name }.",
    "{ lock { place { street } } }": "Lock.place is now place.",
    "{ lock { keys { ... { id } } } }": "Lock.keys is now keys { nodes { id } }.",
    "{ lock { ... on Bolt { id } } }": "Bolt is now Lock.",
    "query($b: Bolt) { lock { name } }": "Bolt is now Lock.",
    "{ lock(number: 1) { name } }": "Query.lock(number) is now id.",
    '{ lock(lock: { title: "x" }) { name } }': "LockInput.title is now name.",
    "{ lock { owner(kind: DEAD) { name } } }": "Kind.DEAD is now VOID.",
}


@pytest.mark.parametrize("query", DOCUMENTS)
async def test_each_kind_of_place_is_found(query: str) -> None:
    """A type, a field, one that is of another kind or has other fields now, an argument, an input's field, a value."""
    assert await told(query) == [DOCUMENTS[query]]
    assert (await told(query, development=True))[0] == DOCUMENTS[query]


async def test_what_was_never_called_so_is_told_nothing() -> None:
    """The flat error, whatever else the table holds."""
    for query in ("{ lock { titel } }", "{ ... on Bolts { id } }", "{ key { title } }"):
        assert await told(query) == ["The document does not match the schema"]


async def test_a_field_of_a_variable_is_found_before_what_is_missing() -> None:
    """Whose new name is missing because the old one was given; quoting no value outside development."""
    query = "query($lock: LockInput) { lock(lock: $lock) { name } }"
    assert await told(query, {"lock": {"title": "secret"}}) == ["LockInput.title is now name."]
    assert await told(query, {"lock": {"size": 2}}) == ["A value does not match the schema."]
    first = (await told(query, {"lock": {"title": "x"}}, development=True))[0]
    assert first.startswith("LockInput.title is now name. Variable '$lock'")
