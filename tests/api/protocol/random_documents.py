"""Random selections over any schema, and random objects to select from, among them such as no resolver should return."""

import random
from datetime import UTC, date, datetime, time
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
    is_required_argument,
    parse,
)

DEFINITION = "strawberry-definition"
LEAVES: dict[str, list[Any]] = {
    "String": ["", "Door"],
    "ID": ["lock_1"],
    "Int": [0, 7],
    "Float": [1.5],
    "Boolean": [True, False],
    "DateTime": [datetime(2026, 3, 1, 12, tzinfo=UTC)],
    "Date": [date(2026, 3, 1)],
    "Time": [time(8, 30)],
    "Int64": [2**40],
}
DEPTH = 5


class Chance:
    """One random case: a document, and what its root fields return."""

    def __init__(self, schema: GraphQLSchema, seed: int) -> None:
        self.schema = schema
        self.dice = random.Random(seed)
        self.wrong = self.dice.choice([0.0, 0.0, 0.05, 0.2])
        self._objects = [
            each
            for each in schema.type_map.values()
            if is_object_type(each) and DEFINITION in each.extensions
        ]
        self._fragments: list[str] = []

    def document(self) -> DocumentNode:
        query = self.schema.query_type
        assert query is not None
        selected = self._selection(query, 0)
        operation = f"query ($yes: Boolean!, $no: Boolean = false) {selected}"
        return parse("\n".join([operation, *self._fragments]))

    def _selection(self, kind: Any, depth: int) -> str:
        if is_abstract_type(kind) and self.dice.random() < 0.8:
            chosen = self.dice.sample(
                self.schema.get_possible_types(kind),
                k=min(3, len(self.schema.get_possible_types(kind))),
            )
            parts = [f"... on {each.name} {self._selection(each, depth + 1)}" for each in chosen]
            return f"{{ {self._directive('__typename')} {' '.join(parts)} }}"
        fields: dict[str, GraphQLField] = getattr(kind, "fields", {})
        possible = [
            name
            for name, each in fields.items()
            if not any(is_required_argument(argument) for argument in each.args.values())
            and (depth < DEPTH or is_leaf_type(get_named_type(each.type)))
        ]
        plain = [name for name in possible if _attribute(fields[name]) is not None]
        among = plain if plain and self.dice.random() < 0.7 else possible
        names = self.dice.choices(among, k=self.dice.randint(0, 5)) if among else []
        parts = [self._field(name, fields[name], depth) for name in names]
        if not parts or self.dice.random() < 0.2:
            parts.append(self._directive(self.dice.choice(["__typename", "kind: __typename"])))
        text = f"{{ {' '.join(parts)} }}"
        if self.dice.random() < 0.2:
            text = f"{{ {self._directive('...')} {text} }}"
        if self.dice.random() < 0.1:
            name = f"F{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {kind.name} {text}")
            text = f"{{ {self._directive(f'...{name}')} }}"
        return text

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        alias = self.dice.choice(["", "", f"{name}_{depth}_{self.dice.randint(1, 2)}: "])
        text = self._directive(f"{alias}{name}")
        named = get_named_type(field.type)
        return f"{text} {self._selection(named, depth + 1)}" if is_composite_type(named) else text

    def _directive(self, text: str) -> str:
        if self.dice.random() < 0.8:
            return text
        name = self.dice.choice(["skip", "include"])
        return f"{text} @{name}(if: {self.dice.choice(['true', 'false', '$yes', '$no'])})"

    def value(self, kind: Any, depth: int = 0) -> Any:
        if self.dice.random() < self.wrong:
            stranger = self.instance(self.dice.choice(self._objects), DEPTH + 1)
            return self.dice.choice(
                [
                    None,
                    ValueError("wrong"),
                    "nonsense",
                    3.5,
                    [],
                    object(),
                    _Later(),
                    2**70,
                    stranger,
                ]
            )
        if not isinstance(kind, GraphQLNonNull) and self.dice.random() < 0.2:
            return None
        kind = get_nullable_type(kind)
        if is_list_type(kind):
            return [self.value(kind.of_type, depth) for _ in range(self.dice.randint(0, 3))]
        if isinstance(kind, GraphQLEnumType):
            return self.dice.choice(list(kind.extensions[DEFINITION].wrapped_cls))
        if is_leaf_type(kind):
            return self.dice.choice(LEAVES.get(kind.name, ["text"]))
        if is_abstract_type(kind):
            kind = self.dice.choice(self.schema.get_possible_types(kind))
        return self.instance(kind, depth + 1)

    def instance(self, kind: GraphQLObjectType, depth: int) -> Any:
        definition = kind.extensions[DEFINITION]
        made = object.__new__(definition.origin)
        for field in kind.fields.values():
            attribute = _attribute(field)
            if attribute is not None:
                deep = depth > DEPTH and is_composite_type(get_named_type(field.type))
                setattr(made, attribute, None if deep else self.value(field.type, depth))
        return made


async def _never() -> str:
    return "late"


class _Later:
    """What can be awaited, and leaves no warning where it is not."""

    def __await__(self) -> Any:
        return _never().__await__()


def _attribute(field: GraphQLField) -> str | None:
    definition = field.extensions.get(DEFINITION)
    return definition.python_name if definition is not None and definition.is_basic_field else None


def picked(schema: strawberry.Schema) -> GraphQLSchema:
    """A schema of the same types whose root gives any of them, alone and in lists."""
    whole = schema._schema
    fields: dict[str, GraphQLField] = {}
    for kind in whole.type_map.values():
        roots = {whole.query_type, whole.mutation_type, whole.subscription_type}
        if is_composite_type(kind) and not kind.name.startswith("__") and kind not in roots:
            assert is_object_type(kind) or is_abstract_type(kind)
            fields[f"one{kind.name}"] = GraphQLField(kind)
            fields[f"all{kind.name}"] = GraphQLField(GraphQLList(GraphQLNonNull(kind)))
    return GraphQLSchema(GraphQLObjectType("Picked", fields), types=[*whole.type_map.values()])
