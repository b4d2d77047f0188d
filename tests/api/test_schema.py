"""The schema is the contract and the manual: printed, committed, and described to the last argument."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.operations import DECLARED
from api.whole_schema import build_schema

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(development=True)._schema


def test_the_committed_schema_is_the_codes() -> None:
    """Whoever changes one changes the other: run `make schema`."""
    committed = (ROOT / "schema.graphql").read_text("utf-8")
    assert committed == build_schema(development=True).as_str() + "\n"


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Everything that a reader of the schema can point at, and what is said of it."""
    for name, kind in schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            for value, of_value in kind.values.items():
                yield f"{name}.{value}", of_value.description
        if isinstance(kind, GraphQLInputObjectType):
            for field, of_input in kind.fields.items():
                yield f"{name}.{field}", of_input.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, of_field in kind.fields.items():
                yield f"{name}.{field}", of_field.description
                for argument, of_argument in of_field.args.items():
                    yield f"{name}.{field}({argument})", of_argument.description


def test_everything_is_described(schema: GraphQLSchema) -> None:
    """Types, fields, arguments, enum values, input fields: a sentence each, since the schema is the manual."""
    silent = [place for place, text in described(schema) if not (text or "").strip()]
    assert silent == []


def test_what_is_declared_is_what_is_served(schema: GraphQLSchema) -> None:
    """No operation reaches the schema without a rule of who may call it."""
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    served = {name for root in roots if root is not None for name in root.fields}
    assert served == set(DECLARED)
