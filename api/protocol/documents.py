"""What happens to a document before it runs: taken from the cache, or parsed, measured, validated.

The order protects: measuring is linear and comes before validation, which is not; what the schema's
lists may come to is measured after it, when the answer can tell nothing new. The dangerous
mistake is a step that is skipped for some documents; a document enters the cache only after all of
them, and what is in the cache has passed all of them.

Outside development nothing that is answered here may tell what the schema holds: documents that do
not validate get one flat error whatever is wrong with them, `__schema` counts as such an error, and
`__type` finds nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    StringValueNode,
    ValidationContext,
    Visitor,
    specified_rules,
    validate,
    visit,
)
from graphql.language import ArgumentNode, NameNode
from strawberry.extensions import SchemaExtension
from strawberry.schema import BaseSchema
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.execution import ParseOptions

from api.protocol.caching import Documents
from api.protocol.limits import Limits, exceeded, list_sizes
from api.protocol.masking import OPERATION_NOT_FOUND, VALIDATION_FAILED, PublicError

_MERGE_BUDGET: Final = 50_000  # comparisons, some 60 ms; an honest document takes next to none


class BoundedMergingRule(OverlappingFieldsCanBeMergedRule):
    """The rule that fields of one name can be merged, with a tenth of graphql-core's budget.

    Its work grows with the square of the fields; graphql-core gives up after a second.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _MERGE_BUDGET


RULES: Final[tuple[type[ASTValidationRule], ...]] = (
    *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
    BoundedMergingRule,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)
"""The rules for every document: what the GraphQL specification says, and Strawberry's two."""

_INTROSPECTION: Final = re.compile(r"\b__(?:schema|type)\b")
_FLAT: Final = "The document does not match the schema"


class SchemaLists:
    """How long the lists of one schema are assumed to be; worked out when first asked for."""

    def __init__(self, limits: Limits, known: Mapping[str, int]) -> None:
        self._limits = limits
        self._known = known
        self._sizes: Mapping[str, int] | None = None

    def sizes(self, schema: GraphQLSchema) -> Mapping[str, int]:
        """By the field's name."""
        if self._sizes is None:
            self._sizes = list_sizes(schema, self._limits, self._known)
        return self._sizes


class GuardedDocuments(SchemaExtension):
    """The steps above for one operation. One extension and not four: each costs every request."""

    def __init__(
        self, documents: Documents, limits: Limits, lists: SchemaLists, *, development: bool
    ) -> None:
        super().__init__()
        self._documents = documents
        self._limits = limits
        self._lists = lists
        self.development = development
        self._valid = False

    def on_operation(self) -> Iterator[None]:
        """Hand the parser its limits and the validator its rules."""
        self.execution_context.parse_options = cast("ParseOptions", self._limits.parse_options())
        self.execution_context.validation_rules = RULES
        yield

    def on_parse(self) -> Iterator[None]:
        """Take the document from the cache.

        Where it is not there, Strawberry parses, and reports errors.
        """
        document = self._documents.find(self.execution_context.query or "")
        if document is not None:
            self.execution_context.graphql_document = document
            self._valid = True
        yield

    def on_validate(self) -> Iterator[None]:
        """Decide whether the document may run. What is set here replaces Strawberry's validation."""
        context = self.execution_context
        document = context.graphql_document
        assert document is not None
        assert context.query is not None
        errors: list[GraphQLError] = []
        if not self._valid:
            errors = self._faults(document, context.query)
            if not errors:
                self._documents.keep(context.query, document)
        # What the request named; `operation_name` would fall back to the first operation's.
        if not errors and context._provided_operation_name is None:
            errors = _unnamed(document)
        context.pre_execution_errors = errors
        yield

    def on_execute(self) -> Iterator[None]:
        """Outside development, let `__type` find nothing."""
        context = self.execution_context
        if not self.development and _INTROSPECTION.search(context.query or ""):
            assert context.graphql_document is not None
            context.graphql_document = visit(context.graphql_document, _NoTypes())
        yield

    def _faults(self, document: DocumentNode, text: str) -> list[GraphQLError]:
        if too_much := exceeded(document, self._limits):
            return [too_much]
        schema = self.execution_context.schema._schema
        errors = validate(
            schema,
            document,
            RULES,
            max_errors=20 if self.development else 1,
            hide_suggestions=not self.development,
        )
        if errors and self.development:
            return [PublicError(e.message, code=VALIDATION_FAILED, nodes=e.nodes) for e in errors]
        hidden = not self.development and _INTROSPECTION.search(text)
        if errors or (hidden and _selects_schema(document)):
            return [PublicError(_FLAT, code=VALIDATION_FAILED)]
        too_much = exceeded(document, self._limits, self._lists.sizes(schema))
        return [too_much] if too_much else []


def schema_mode(schema: BaseSchema) -> bool | None:
    """Whether the schema was made for development; None if it has no `GuardedDocuments`."""
    get_extensions: Callable[[], list[SchemaExtension]] = getattr(schema, "get_extensions", list)
    for extension in get_extensions():
        if isinstance(extension, GuardedDocuments):
            return extension.development
    return None


def _unnamed(document: DocumentNode) -> list[GraphQLError]:
    """The error for several operations and no `operationName` (GraphQL spec, 6.1 GetOperation).

    Strawberry would run the first.
    """
    operations = sum(isinstance(d, OperationDefinitionNode) for d in document.definitions)
    if operations <= 1:
        return []
    message = "The document has several operations: say which by operationName."
    return [PublicError(message, code=OPERATION_NOT_FOUND)]


class _FindSchema(Visitor):
    """Notices a selection of `__schema`, wherever it is."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.found = self.found or node.name.value == "__schema"


def _selects_schema(document: DocumentNode) -> bool:
    finder = _FindSchema()
    visit(document, finder)
    return finder.found


class _NoTypes(Visitor):
    """Asks `__type` for a name that no type has, so that its answer is null.

    The original is not changed.
    """

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if node.name.value != "__type":
            return None
        nameless = ArgumentNode(name=NameNode(value="name"), value=StringValueNode(value=""))
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=(nameless,),
            directives=node.directives,
            selection_set=node.selection_set,
            loc=node.loc,
        )
