"""Values of which nothing but plain fields is selected are answered in one pass, without a call of the executor a field.

A plain field is an attribute of its object: reading it needs no resolver, waits for nothing and does nothing. So whatever is
unusual about a value (a null where none may be, another type's object, a failing scalar, a list that is too long) ends the
pass, and the executor completes the same value from the start: what is wrong, and where, it alone says.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

Way: TypeAlias = Callable[[Any], Any]
"""From a value to what is answered of it. Raises any `Exception` where the executor has to do it."""

_DEFINITION: Final = GraphQLCoreConverter.DEFINITION_BACKREF
_NEVER_PLAIN: Final = (Exception, Awaitable)


class NotPlain(Exception):
    """The executor has to complete this value."""


class PlainWays:
    """The plain ways of one execution, each found when it is first asked for.

    `collect_subfields` is the executor's; `take_list` is told each list that is answered, and raises an `Exception` for one
    that the executor has to complete.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        collect_subfields: Callable[[GraphQLObjectType, FieldDetailsList], CollectedFields],
        take_list: Callable[[list[Any]], None],
    ) -> None:
        self._schema = schema
        self._collect_subfields = collect_subfields
        self._take_list = take_list
        self._ways: dict[tuple[Any, int], tuple[Way | None, FieldDetailsList]] = {}

    def of(self, kind: Any, selected: FieldDetailsList) -> Way | None:
        """The way for values of this type of which this is selected; None: there is none."""
        key = (kind, id(selected))
        known = self._ways.get(key)
        if known is None:
            try:
                way = self._found_way(kind, selected)
            except Exception:  # a directive's value that is none, say
                way = None
            known = self._ways[key] = (way, selected)
        return known[0]

    def _found_way(self, kind: Any, selected: FieldDetailsList) -> Way | None:
        if is_non_null_type(kind):
            return _present(self.of(kind.of_type, selected))
        if is_list_type(kind):
            return self._list(self.of(kind.of_type, selected))
        if is_leaf_type(kind):
            return _leaf(kind)
        if is_abstract_type(kind):
            return self._abstract(kind, selected)
        return self._object(kind, selected)

    def _list(self, item: Way | None) -> Way | None:
        if item is None:
            return None

        def way(value: Any) -> Any:
            if value is None:
                return None
            if type(value) is not list:
                raise NotPlain
            self._take_list(value)
            return [item(each) for each in value]

        return way

    def _abstract(self, kind: GraphQLAbstractType, selected: FieldDetailsList) -> Way:
        ways: dict[type, Way | None] = {}

        def way(value: Any) -> Any:
            if value is None:
                return None
            python = type(value)
            if python not in ways:
                name = value.__strawberry_definition__.name
                runtime = self._schema.get_type(name)
                is_one = is_object_type(runtime) and self._schema.is_sub_type(kind, runtime)
                ways[python] = self.of(runtime, selected) if is_one else None
            found = ways[python]
            if found is None:
                raise NotPlain
            return found(value)

        return way

    def _object(self, kind: GraphQLObjectType, selected: FieldDetailsList) -> Way | None:
        definition: StrawberryObjectDefinition = kind.extensions[_DEFINITION]
        fields: list[tuple[str, str, Way]] = []
        for answered, details in self._collect_subfields(kind, selected).grouped_field_set.items():
            name = details[0].node.name.value
            field = self._schema.get_field(kind, name)
            attribute = None if field is None else _attribute(name, field)
            way = None if field is None or attribute is None else self.of(field.type, details)
            if way is None or attribute is None:
                return None
            if name == "__typename":
                way = _always(kind.name)
            fields.append((answered, attribute, way))
        python = definition.origin if kind.is_type_of is not None else None

        def complete(value: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, _NEVER_PLAIN) or (
                python is not None and type(value) is not python
            ):
                raise NotPlain
            return {answered: way(getattr(value, attribute)) for answered, attribute, way in fields}

        return complete


def _attribute(name: str, field: GraphQLField) -> str | None:
    """The attribute that a field shows; None for one with a resolver."""
    if name == "__typename":
        return "__class__"
    definition: StrawberryField | None = field.extensions.get(_DEFINITION)
    if definition is None or not definition.is_basic_field:
        return None
    return definition.python_name


def _always(answer: str) -> Way:
    return lambda value: answer


def _present(way: Way | None) -> Way | None:
    if way is None:
        return None

    def present(value: Any) -> Any:
        if value is None:
            raise NotPlain
        return way(value)

    return present


def _leaf(kind: GraphQLLeafType) -> Way:
    coerce = kind.coerce_output_value

    def way(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, _NEVER_PLAIN):
            raise NotPlain
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise NotPlain
        return coerced

    if kind is GraphQLString or kind is GraphQLID:
        return lambda value: value if type(value) is str else way(value)
    if isinstance(kind, GraphQLEnumType):
        names: dict[Any, Any] = {}

        def name_of(value: Any) -> Any:
            if value not in names:
                names[value] = way(value)
            return names[value]

        return name_of
    return way
