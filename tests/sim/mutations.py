"""What crosses what: every mutation at a site, what its ids point to, and which rows it may so touch.

Nothing of it is listed by hand. The mutations are those of `every_mutation.py`, which a test keeps complete; their inputs
are those of the schema; an id's field names a type of the schema; and which row belongs to which the tables say. Where a new
id says nothing of these, it is an error, not a gap.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
)
from graphql import build_schema as read_schema
from tortoise.models import Model

from api.whole_schema import build_schema
from domain.database.rows import Row
from tests.api.every_mutation import AT_A_SITE


@dataclass(frozen=True)
class Mutation:
    """A mutation, its input's fields, and the kinds of things that each of its ids may name, the main one's first.

    Fields of a field have a dot: `target.lockId`."""

    name: str
    fields: dict[str, GraphQLInputField]
    ids: dict[str, frozenset[str]]
    result: GraphQLObjectType
    """What it answers with when it has taken place."""

    @property
    def rows(self) -> frozenset[str]:
        """The kinds of rows that it may touch: those its ids name, and those to which these belong."""
        named = {kind for kinds in self.ids.values() for kind in kinds}
        return frozenset(row for kind in named for row in belongings()[kind])

    @property
    def ends(self) -> bool:
        """Whether what it names is gone afterwards."""
        return self.name.startswith(("delete", "remove", "erase", "revoke", "cancel", "end"))


@cache
def schema() -> GraphQLSchema:
    """The printed schema."""
    return read_schema(build_schema(development=False).as_str())


@cache
def kinds() -> dict[str, GraphQLObjectType]:
    """The types of things that have an id, by the kind that their ids begin with."""
    node = schema().get_type("Node")
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): each
        for name, each in schema().type_map.items()
        if isinstance(each, GraphQLObjectType) and node in each.interfaces
    }


@cache
def mutations() -> dict[str, Mutation]:
    """Every mutation at a site."""
    root = schema().mutation_type
    assert root is not None
    return {name: _mutation(name, root.fields[name]) for name in AT_A_SITE}


def _mutation(name: str, field: Any) -> Mutation:
    asked = get_named_type(field.args["input"].type)
    assert isinstance(asked, GraphQLInputObjectType)
    union = get_named_type(field.type)
    assert isinstance(union, GraphQLUnionType)
    ids = {each: _kinds_named(name, each) for each in _ids(asked, "")}
    return Mutation(name, dict(asked.fields), ids, union.types[0])


def _ids(asked: GraphQLInputObjectType, within: str) -> Iterator[str]:
    for name, shape in asked.fields.items():
        inner = get_named_type(shape.type)
        if inner.name == "ID":
            yield f"{within}{name}"
        elif isinstance(inner, GraphQLInputObjectType):
            yield from _ids(inner, f"{within}{name}.")


def _kinds_named(mutation: str, field: str) -> frozenset[str]:
    """What an id of an input names: by the name of a type, or of a field of one."""
    snake = re.sub(r"(?=[A-Z])", "_", field.rpartition(".")[2]).lower()
    words = re.sub(r"_ids?$", "", snake).split("_")
    for start in range(len(words)):
        word = "_".join(words[start:])
        found = [kind for kind in kinds() if kind == word or kind.endswith(f"_{word}")]
        if word in kinds() or len(found) == 1:
            return frozenset({word if word in kinds() else found[0]})
    for each in kinds().values():
        if words[0] in each.fields:
            named = get_named_type(each.fields[words[0]].type)
            return frozenset(kind for kind, known in kinds().items() if known is named)
    raise AssertionError(f"{mutation}.{field}: nothing says what this id names")


@cache
def belongings() -> dict[str, frozenset[str]]:
    """For each kind of thing the kinds of rows to which one belongs, its own among them.

    By what its type names, by the tables' foreign keys, and one step over the tables that tie two things together.
    """
    tables = {each.__name__: each for each in _rows(Row)}
    kind_of = {known.name: kind for kind, known in kinds().items()}
    parents: dict[str, set[str]] = defaultdict(set)
    for kind, shape in kinds().items():  # what a type itself says, whatever its table is called
        single = (get_nullable_type(each.type) for each in shape.fields.values())
        parents[kind] |= {kind_of[each.name] for each in single if each in kinds().values()}
    tied: dict[str, set[str]] = defaultdict(set)
    for name, table in tables.items():
        named = {_target(table, field) for field in table._meta.fk_fields} & kind_of.keys()
        if name in kind_of:
            parents[kind_of[name]] |= {kind_of[each] for each in named}
            continue
        for each in named - {"Site"}:
            tied[kind_of[each]] |= {kind_of[other] for other in named}
    found = {}
    for kind in kinds():
        reached, fresh = {kind}, {kind} | tied[kind]
        while fresh:
            reached |= fresh
            fresh = {above for each in fresh for above in parents[each]} - reached
        found[kind] = frozenset(reached)
    return found


def _rows(model: type[Model]) -> set[type[Model]]:
    return {each for sub in model.__subclasses__() for each in (sub, *_rows(sub))}


def _target(table: type[Model], field: str) -> str:
    return str(table._meta.fields_map[field].model_name).partition(".")[2]  # type: ignore[attr-defined]


@cache
def pairs() -> dict[tuple[str, str], frozenset[str]]:
    """Every two mutations that may touch a common row (one with itself, too), and the kinds of those rows."""
    found = {}
    for first, second in combinations_with_replacement(mutations().values(), 2):
        common = first.rows & second.rows
        if common:
            found[first.name, second.name] = common
    return found


def is_list(field: GraphQLInputField) -> bool:
    """Whether a field of an input takes several."""
    return isinstance(get_nullable_type(field.type), GraphQLList)


def is_required(field: GraphQLInputField) -> bool:
    """Whether it must be given."""
    return isinstance(field.type, GraphQLNonNull)
