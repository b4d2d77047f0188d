"""What a document of an older schema is told: the new name of what it asks for, outside development too.

A schema that is kept to oneself must not be guessed from errors; what was renamed is public, so it can be told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    NamedTypeNode,
    Node,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    visit,
)

from api.protocol.masking import VALIDATION_FAILED, PublicError

_UNKNOWN_FIELD: Final = re.compile(
    r"Variable '\$\w+' has invalid value[^:]*: Expected value of type '(\w+)' not to include unknown field '(\w+)'"
)
"""What graphql-core says of a variable."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """New names by old places.

    A place is `Type`, `Type.field`, `Type.field(argument)`, `Input.field` or `Enum.VALUE`. A field that is still called so
    may be named where it is another thing now: it got fields, lost them, or has others.
    """

    names: Mapping[str, str] = field(default_factory=dict)

    def in_document(self, schema: GraphQLSchema, document: DocumentNode) -> list[PublicError]:
        """What a document that does not validate calls by an old name, in the order of its text."""
        if not self.names:
            return []
        finder = _OldNames(schema, TypeInfo(schema), self)
        visit(document, TypeInfoVisitor(finder.info, finder))
        return finder.found

    def in_variable(self, message: str) -> str | None:
        """What to say of an error about a variable's value that holds a field's old name; None for any other error."""
        match = _UNKNOWN_FIELD.match(message)
        return self.said(f"{match[1]}.{match[2]}") if match else None

    def said(self, place: str) -> str | None:
        """What to say of this place, if it was renamed."""
        return f"{place} is now {self.names[place]}." if place in self.names else None


class _OldNames(Visitor):
    """Walks a document with the types that it is at."""

    def __init__(self, schema: GraphQLSchema, info: TypeInfo, renamed: Renamed) -> None:
        super().__init__()
        self.info = info
        self.found: list[PublicError] = []
        self._schema = schema
        self._renamed = renamed
        self._above: list[str] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, known = self.info.get_parent_type(), self.info.get_field_def()
        place = f"{parent.name}.{node.name.value}" if parent is not None else ""
        self._above.append(place)
        if parent is None:
            return
        if known is None or is_leaf_type(get_named_type(known.type)) == bool(node.selection_set):
            if not self._note(place, node) and len(self._above) > 1:
                self._note(self._above[-2], node)  # the field around it has other fields now
            return
        for argument in node.arguments or ():
            if argument.name.value not in known.args:
                self._note(f"{place}({argument.name.value})", argument)

    def leave_field(self, *_: Any) -> None:
        self._above.pop()

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        if node.name.value not in self._schema.type_map:
            self._note(node.name.value, node)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        parent = get_named_type(self.info.get_parent_input_type())
        if isinstance(parent, GraphQLInputObjectType) and node.name.value not in parent.fields:
            self._note(f"{parent.name}.{node.name.value}", node)

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        kind = get_named_type(self.info.get_input_type())
        if isinstance(kind, GraphQLEnumType) and node.value not in kind.values:
            self._note(f"{kind.name}.{node.value}", node)

    def _note(self, place: str, node: Node) -> bool:
        """Whether there is something to say of this place."""
        said = self._renamed.said(place)
        if said is not None:
            self.found.append(PublicError(said, code=VALIDATION_FAILED, nodes=[node]))
        return said is not None
