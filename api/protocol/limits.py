"""How much one GraphQL document may ask for, counted before anything expensive looks at it.

Every limit here is a defence against one small request that costs the server a great deal. The
dangerous mistake is a limit that is itself slow: fragments let a document of a thousand bytes
expand to 2^50 fields, so each fragment is measured once and its size reused (time linear in the
document), sums saturate instead of growing, and recursion is bounded. A limit set too low refuses
an honest screen of the console, which is noticed at once; a limit that is missing is noticed by
an attacker first.

What is counted is the document as it would execute: fragments expanded, `first` and `last`
multiplied into the fields below them. A document is measured twice. Before it is validated the
schema is not consulted, so a refusal tells nothing about it. Once it is valid, and knows the names
that it holds anyway, lists without pages are multiplied too, by an assumed size (`list_sizes`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_nullable_type,
)
from graphql.language import ArgumentNode

from api.protocol.masking import PublicError

_SATURATED: Final = 10**9  # no limit is larger; keeps the arithmetic on machine-sized numbers
_PAGE_ARGUMENTS: Final = frozenset({"first", "last"})
_PAGE_FIELDS: Final = frozenset({"edges", "nodes"})
NO_LISTS: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest document that is executed. Counts are of the expanded document unless said
    otherwise.

    `source_chars`      length of the document's text, in characters
    `tokens`            lexical tokens (comments excluded), `comments` comments
    `definitions`       operations and fragments, as written
    `directives`        directives, as written
    `depth`             fields inside fields
    `nesting`           selection sets inside selection sets, counting fragments too (bounds
    recursion)
    `fields`            fields of one operation
    `aliases`           aliased fields of one operation
    `root_mutations`    fields directly under one mutation
    `cost`              fields of one operation, each page multiplied by its size
    `page`              size assumed for a page whose size is a variable
    `default_page`      size assumed for a connection that is asked for without `first` or `last`
    `list_size`         size assumed for a list without pages
    `repeated_list`     size assumed for one that has a list of the same name somewhere below it:
    such a document goes to and fro between two lists, and gets each item many times over
    """

    source_chars: int = 32_768
    tokens: int = 4_000
    comments: int = 200
    definitions: int = 100
    directives: int = 60
    depth: int = 16
    nesting: int = 48
    fields: int = 1_000
    aliases: int = 100
    root_mutations: int = 10
    cost: int = 100_000
    page: int = 100
    default_page: int = 50
    list_size: int = 10
    repeated_list: int = 100

    def parse_options(self) -> dict[str, int]:
        """The limits that the parser itself enforces, as keyword arguments of `graphql.parse`."""
        return {
            "max_source_length": self.source_chars,
            "max_lexical_tokens": self.tokens,
            "max_comments": self.comments,
        }


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
        self, document: DocumentNode, limits: Limits, list_sizes: Mapping[str, int]
    ) -> None:
        self.limits = limits
        self.list_sizes = list_sizes
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
        size = self.selections(definition.selection_set, level)
        self._measured[name] = size
        return size

    def selections(self, selection_set: SelectionSetNode | None, level: int) -> Size:
        """Size of a selection set that is nested `level` deep.

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
                size = self._field(selection, level)
                paged = paged or selection.name.value in _PAGE_FIELDS
            elif isinstance(selection, FragmentSpreadNode):
                size = self.fragment(selection.name.value, level + 1)
                paged = paged or size.paged
            else:
                inline: SelectionSetNode = selection.selection_set  # type: ignore[attr-defined]
                size = self.selections(inline, level + 1)
                paged = paged or size.paged
            depth = max(depth, size.depth)
            nesting = max(nesting, size.nesting)
            selected = min(selected + size.selected, _SATURATED)
            fields = min(fields + size.fields, _SATURATED)
            aliases = min(aliases + size.aliases, _SATURATED)
            cost = min(cost + size.cost, _SATURATED)
            lists |= size.lists
        return Size(depth, nesting + 1, selected, fields, aliases, cost, paged, lists)

    def _field(self, field: FieldNode, level: int) -> Size:
        below = self.selections(field.selection_set, level + 1)
        name = field.name.value
        factor = self._items(name, field.arguments or (), below)
        return Size(
            depth=below.depth + 1,
            nesting=below.nesting,
            selected=1,
            fields=below.fields + 1,
            aliases=below.aliases + (field.alias is not None),
            cost=min(1 + factor * below.cost, _SATURATED),
            lists=below.lists | {name} if name in self.list_sizes else below.lists,
        )

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
        size = self.list_sizes.get(name, 1)
        return max(size, self.limits.repeated_list) if name in below.lists else size


def _literal(argument: ArgumentNode, unknown: int) -> int:
    value = argument.value
    if not isinstance(value, IntValueNode):
        return unknown
    if len(value.value) > 9:  # too long for `int` to be cheap, and for any page
        return _SATURATED
    return max(1, int(value.value))


def list_sizes(
    schema: GraphQLSchema, limits: Limits, known: Mapping[str, int]
) -> Mapping[str, int]:
    """The sizes to assume for the schema's lists without pages, by the field's name.

    `known` are those that are larger than usual. One name stands for all fields of that name: a
    connection among them is priced as a page, by what is selected of it.
    """
    return {
        name: known.get(name, limits.list_size)
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        if isinstance(get_nullable_type(field.type), GraphQLList) and name not in _PAGE_FIELDS
    }


def exceeded(
    document: DocumentNode, limits: Limits, list_sizes: Mapping[str, int] = NO_LISTS
) -> PublicError | None:
    """The first limit that the document exceeds, as the error to answer, or None.

    Linear in the document's length. Parsing has enforced `Limits.parse_options` already. All
    operations are measured, the one that will run and those that will not, and fragments that
    nothing uses.
    """
    if len(document.definitions) > limits.definitions:
        return _too_complex("definitions", limits.definitions)
    measure = _Measure(document, limits, list_sizes)
    try:
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                measure.directives += len(definition.directives or ())
                size = measure.selections(definition.selection_set, 1)
                if error := _exceeded_by(definition, size, limits):
                    return error
        for name in measure.fragments:
            measure.fragment(name, 1)
    except _TooDeepError:
        return _too_complex("nesting", limits.nesting)
    if measure.directives > limits.directives:
        return _too_complex("directives", limits.directives)
    return None


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
            return _too_complex(what, limit)
    return None


def _too_complex(what: str, limit: int) -> PublicError:
    return PublicError(
        f"The document exceeds the limit of {limit} on {what}.",
        code="QUERY_TOO_COMPLEX",
        limit=what,
        maximum=limit,
    )
