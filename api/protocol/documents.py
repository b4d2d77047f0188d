"""What happens to a document before it runs: taken from the cache, or parsed, measured, validated.

A document enters the cache only after all steps, and what is in the cache has passed all of them; what was refused is
remembered too (`api.protocol.guard`). Then the operation waits for its turn among what the same client has running.

Outside development nothing that is answered here may tell what the schema holds: documents that do
not validate get one flat error whatever is wrong with them, `__schema` counts as such an error, and
`__type` finds nothing.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, Final, cast

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    visit,
)
from graphql.language import ArgumentNode, NameNode
from strawberry.extensions import SchemaExtension
from strawberry.schema import BaseSchema
from strawberry.types.execution import ParseOptions
from strawberry.types.graphql import OperationType

from api.protocol.caching import Valid
from api.protocol.guard import Admission, Client, Guard, flat, too_many_values
from api.protocol.masking import OPERATION_NOT_FOUND, PublicError

_INTROSPECTION: Final = re.compile(r"\b__(?:schema|type)\b")


class GuardedDocuments(SchemaExtension):
    """The steps above for one operation. One extension and not four: each costs every request."""

    _client: Client | None
    _admission: Admission

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard
        self._valid: Valid | None = None
        self._held = AsyncExitStack()

    async def on_operation(self) -> AsyncIterator[None]:
        """Hand the parser its limits and the validator its rules; at the end, give the client's share back."""
        context = self.execution_context
        self._client = self.guard.client_of(context.context)
        self._admission = self.guard.admission(self._client)
        context.parse_options = cast("ParseOptions", self._admission.limits.parse_options())
        context.validation_rules = self._admission.rules
        async with self._held:
            yield

    def on_parse(self) -> Iterator[None]:
        """Take the document from the cache.

        Where it is not there, Strawberry parses, and reports errors.

        Raises the error of a document that was refused before, and RequestRefused for a client that asks too much.
        """
        context = self.execution_context
        text = context.query or ""
        if self._client is not None:
            self.guard.shares.check(self._client.name, self._admission.share)
        self._valid = self._admission.valid.find(text)
        if self._valid is not None:
            context.graphql_document = self._valid.document
        elif refused := self._admission.refused.find(text):
            raise refused
        else:
            self.guard.check_budget(self._client)
        yield
        if context.pre_execution_errors:
            self._refuse(text, context.pre_execution_errors)

    async def on_validate(self) -> AsyncIterator[None]:
        """Decide whether the document may run. What is set here replaces Strawberry's validation.

        Raises RequestRefused where the client has too much running.
        """
        context = self.execution_context
        document = context.graphql_document
        assert document is not None
        assert context.query is not None
        errors: list[GraphQLError] = []
        if self._valid is None:
            errors = self._examine(document, context.query)
        # What the request named; `operation_name` would fall back to the first operation's.
        if not errors and context._provided_operation_name is None:
            errors = _unnamed(document)
        if not errors:
            limit = self._admission.limits.values
            if too_many := too_many_values(context.variables, limit):
                errors = [too_many]
        context.pre_execution_errors = errors
        if not errors:
            await self._take_turn()
        yield

    def on_execute(self) -> Iterator[None]:
        """Outside development, let `__type` find nothing."""
        context = self.execution_context
        if not self.guard.development and _INTROSPECTION.search(context.query or ""):
            assert context.graphql_document is not None
            context.graphql_document = visit(context.graphql_document, _NoTypes())
        yield

    def _examine(self, document: DocumentNode, text: str) -> list[GraphQLError]:
        """What is wrong with a document that is not known yet; from now on it is."""
        schema = self.execution_context.schema._schema
        found, cost = self._admission.examine(schema, document, development=self.guard.development)
        errors: list[GraphQLError] = [*found]
        hidden = not self.guard.development and _INTROSPECTION.search(text)
        if not errors and hidden and _selects_schema(document):
            errors = [flat()]
        if errors:
            self._refuse(text, errors)
        else:
            self._valid = Valid(document, cost)
            self._admission.valid.keep(text, document, cost)
        return errors

    def _refuse(self, text: str, errors: list[GraphQLError]) -> None:
        self.guard.note_refusal(self._client)
        if (
            not self.guard.development
        ):  # where there may be several errors, and the writer wants them again
            self._admission.refused.keep(text, errors[0])

    async def _take_turn(self) -> None:
        """Wait until the client may have this operation running too; its share is given back at the end of it."""
        if self._client is None:
            return
        assert self._valid is not None
        shares, share = self.guard.shares, self._admission.share
        name, cost = self._client.name, self._valid.cost
        if self.execution_context.operation_type is OperationType.SUBSCRIPTION:
            self._held.enter_context(shares.following(name, cost, share))
        else:
            await self._held.enter_async_context(shares.running(name, cost, share))


def guard_of(schema: BaseSchema) -> Guard | None:
    """The guard of a schema; None if it has no `GuardedDocuments`."""
    get_extensions: Callable[[], list[SchemaExtension]] = getattr(schema, "get_extensions", list)
    for extension in get_extensions():
        if isinstance(extension, GuardedDocuments):
            return extension.guard
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
