"""What one GraphQL document comes to, counted before anything expensive looks at it.

Finding it out must itself be cheap: fragments let a document of a thousand bytes expand to 2^50 fields, so each fragment
is measured once and its size reused (time linear in the document), sums saturate instead of growing, and recursion is
bounded.

What is counted is the document as it would execute: fragments expanded, `first` and `last` multiplied into the fields
below them. A document is measured twice. Before it is validated the schema is not consulted, so a refusal tells nothing
about it. Once it is valid, and knows the names that it holds anyway, the prices of fields count too, and lists without
pages are multiplied by the size that is assumed for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)
from graphql.language import ArgumentNode

from api.protocol.limits import Limits, too_complex
from api.protocol.masking import PublicError
from api.protocol.prices import NO_PRICES, PAGE_FIELDS, Prices

_SATURATED: Final = 10**9  # no limit is larger; keeps the arithmetic on machine-sized numbers
_PAGE_ARGUMENTS: Final = frozenset({"first", "last"})


@dataclass(frozen=True, slots=True)
class Size:
    """What a selection set comes to, with its fragments expanded.

    `selected` counts the fields at its own level; `paged` tells whether `edges` or `nodes` is
    among them, `lists` the names of the lists without pages at any level.
    """

    depth: int = 0
    nesting: int = 0
    selected: int = 0
    fields: int = 0
    aliases: int = 0
    cost: int = 0
    paged: bool = False
    lists: frozenset[str] = frozenset()


class _TooDeepError(Exception):
    """The document nests deeper than `Limits.nesting`; measuring stops before the stack does."""


class _Measure:
    """Sizes of the selection sets of one document. Each fragment is measured once."""

    def __init__(
        self,
        document: DocumentNode,
        limits: Limits,
        prices: Prices,
        schema: GraphQLSchema | None,
    ) -> None:
        self.limits = limits
        self.prices = prices
        self.schema = schema
        self.directives = 0
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Size] = {}

    def fragment(self, name: str, level: int) -> Size:
        """Size of a fragment. Unknown ones and cycles count as empty: validation refuses both."""
        if (known := self._measured.get(name)) is not None:
            return known
        definition = self.fragments.get(name)
        if definition is None:
            return Size()
        self._measured[name] = Size()  # what a cycle finds
        self.directives += len(definition.directives or ())
        within = definition.type_condition.name.value
        size = self.selections(definition.selection_set, level, within)
        self._measured[name] = size
        return size

    def selections(
        self, selection_set: SelectionSetNode | None, level: int, within: str | None
    ) -> Size:
        """Size of a selection set on the type `within` (None: not known), nested `level` deep.

        Raises `_TooDeepError` when that is more than the limit.
        """
        if selection_set is None:
            return Size()
        if level > self.limits.nesting:
            raise _TooDeepError
        depth = nesting = selected = fields = aliases = cost = 0
        paged = False
        lists: frozenset[str] = frozenset()
        for selection in selection_set.selections:
            self.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                size = self._field(selection, level, within)
                paged = paged or selection.name.value in PAGE_FIELDS
            elif isinstance(selection, FragmentSpreadNode):
                size = self.fragment(selection.name.value, level + 1)
                paged = paged or size.paged
            else:
                assert isinstance(selection, InlineFragmentNode)
                named = selection.type_condition
                inner = named.name.value if named else within
                size = self.selections(selection.selection_set, level + 1, inner)
                paged = paged or size.paged
            depth = max(depth, size.depth)
            nesting = max(nesting, size.nesting)
            selected = min(selected + size.selected, _SATURATED)
            fields = min(fields + size.fields, _SATURATED)
            aliases = min(aliases + size.aliases, _SATURATED)
            cost = min(cost + size.cost, _SATURATED)
            lists |= size.lists
        return Size(depth, nesting + 1, selected, fields, aliases, cost, paged, lists)

    def _field(self, field: FieldNode, level: int, within: str | None) -> Size:
        name = field.name.value
        below = self.selections(field.selection_set, level + 1, self._type_of(within, name))
        factor = self._items(name, field.arguments or (), below)
        return Size(
            depth=below.depth + 1,
            nesting=below.nesting,
            selected=1,
            fields=below.fields + 1,
            aliases=below.aliases + (field.alias is not None),
            cost=min(
                self.prices.fields.get(f"{within}.{name}", 1) + factor * below.cost, _SATURATED
            ),
            lists=below.lists | {name} if name in self.prices.lists else below.lists,
        )

    def _type_of(self, within: str | None, name: str) -> str | None:
        """The type that a field of this type selects on."""
        parent = self.schema.type_map.get(within) if self.schema and within else None
        definition = getattr(parent, "fields", {}).get(name)
        return get_named_type(definition.type).name if definition is not None else None

    def _items(self, name: str, arguments: Iterable[ArgumentNode], below: Size) -> int:
        """How many times the fields below are answered: the size of the page, or of the list; 1
        where there is neither.
        """
        pages = [
            _literal(argument, unknown=self.limits.page)
            for argument in arguments
            if argument.name.value in _PAGE_ARGUMENTS
        ]
        if pages:
            return max(pages)
        if below.paged:
            return self.limits.default_page
        size = self.prices.lists.get(name, 1)
        return max(size, self.limits.repeated_list) if name in below.lists else size


def _literal(argument: ArgumentNode, unknown: int) -> int:
    value = argument.value
    if not isinstance(value, IntValueNode):
        return unknown
    if len(value.value) > 9:  # too long for `int` to be cheap, and for any page
        return _SATURATED
    return max(1, int(value.value))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a document comes to: the first limit that it exceeds, as the error to answer, or else its cost.

    The cost is that of its dearest operation.
    """

    error: PublicError | None
    cost: int = 0


def measured(
    document: DocumentNode,
    limits: Limits,
    prices: Prices = NO_PRICES,
    schema: GraphQLSchema | None = None,
) -> Measured:
    """Holds the document against the limits; at these prices of the schema's fields, if it is valid for that.

    Linear in the document's length. Parsing has enforced `Limits.parse_options` already. All
    operations are measured, the one that will run and those that will not, and fragments that
    nothing uses.
    """
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    for what, count, limit in (
        ("definitions", len(document.definitions), limits.definitions),
        ("operations", len(operations), limits.operations),
        (
            "variables",
            max((len(each.variable_definitions or ()) for each in operations), default=0),
            limits.variables,
        ),
    ):
        if count > limit:
            return Measured(too_complex(what, limit))
    measure, cost = _Measure(document, limits, prices, schema), 0
    try:
        for operation in operations:
            measure.directives += len(operation.directives or ())
            size = measure.selections(operation.selection_set, 1, _root(schema, operation))
            if error := _exceeded_by(operation, size, limits):
                return Measured(error)
            cost = max(cost, size.cost)
        for name in measure.fragments:
            measure.fragment(name, 1)
    except _TooDeepError:
        return Measured(too_complex("nesting", limits.nesting))
    if measure.directives > limits.directives:
        return Measured(too_complex("directives", limits.directives))
    return Measured(None, cost)


def _root(schema: GraphQLSchema | None, operation: OperationDefinitionNode) -> str | None:
    root = schema.get_root_type(operation.operation) if schema is not None else None
    return root.name if root is not None else None


def _exceeded_by(
    operation: OperationDefinitionNode, size: Size, limits: Limits
) -> PublicError | None:
    counted = [
        ("depth", size.depth, limits.depth),
        ("nesting", size.nesting, limits.nesting),
        ("fields", size.fields, limits.fields),
        ("aliases", size.aliases, limits.aliases),
        ("cost", size.cost, limits.cost),
    ]
    if operation.operation is OperationType.MUTATION:
        counted.append(("mutations", size.selected, limits.root_mutations))
    for what, count, limit in counted:
        if count > limit:
            return too_complex(what, limit)
    return None
