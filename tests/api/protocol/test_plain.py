"""What is answered of plain fields in one pass is, to the byte, what graphql-core's own execution answers; errors too."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute, parse
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.protocol.execution import UNINTERRUPTED, bounded_execution
from api.whole_schema import build_schema
from tests.api.protocol.random_documents import Chance, picked

CASES = 600
OURS: Any = bounded_execution(10_000)


class Ordinary(StrawberryGraphQLCoreExecutionContext):
    """As Strawberry has it."""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return picked(build_schema(development=True))


async def executed(
    schema: GraphQLSchema, chance: Chance, document: Any, by: Any
) -> ExecutionResult:
    result: Any = execute(
        schema,
        document,
        root_value=_Root(chance),
        variable_values={"yes": True},
        executor_class=by,
        operation_extensions=None,
    )
    return result if isinstance(result, ExecutionResult) else await result


class _Root:
    """The same value for the same field, however often it is asked."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._made: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._made:
            query = self._chance.schema.query_type
            assert query is not None
            self._made[name] = self._chance.value(query.fields[name].type)
        return self._made[name]


def said(result: ExecutionResult) -> bytes:
    return orjson.dumps([result.data, [error.formatted for error in result.errors or ()]])


@pytest.mark.parametrize("part", range(6))
async def test_random_documents_are_answered_alike(schema: GraphQLSchema, part: int) -> None:
    for seed in range(part * CASES // 6, (part + 1) * CASES // 6):
        chance = Chance(schema, seed)
        document = chance.document()
        state = chance.dice.getstate()
        answers = []
        for by in (Ordinary, OURS):
            chance.dice.setstate(state)
            answers.append(said(await executed(schema, chance, document, by)))

        assert answers[0] == answers[1], f"seed {seed}"


@strawberry.type
class Thing:
    name: str
    parts: list["Thing"]

    @strawberry.field
    def computed(self) -> str:
        return self.name


@strawberry.type
class Query:
    things: list[Thing]


TOYS = strawberry.Schema(Query)._schema


async def called_for(document: str, things: list[Thing]) -> list[str]:
    """The fields that the executor is called for."""
    called: list[str] = []

    class Noting(OURS):  # type: ignore[misc]
        def execute_field(self, parent_type: Any, source: Any, details: Any, *rest: Any) -> Any:
            called.append(f"{parent_type.name}.{details[0].node.name.value}")
            return super().execute_field(parent_type, source, details, *rest)

    result = await answered(document, Query(things=things), Noting)
    assert result.errors is None
    assert result.data is not None
    assert len(result.data["things"]) == len(things)
    return called


async def answered(document: str, root: Any, by: Any) -> ExecutionResult:
    result: Any = execute(
        TOYS, parse(document), root_value=root, executor_class=by, operation_extensions=None
    )
    return result if isinstance(result, ExecutionResult) else await result


def things(count: int) -> list[Thing]:
    return [Thing(name=str(n), parts=[Thing(name="part", parts=[])]) for n in range(count)]


async def test_the_executor_is_not_called_for_plain_fields() -> None:
    document = "{ things { kind: __typename ...F } } fragment F on Thing { name parts { name } }"

    assert await called_for(document, things(3)) == ["Query.things"]
    assert await called_for(document, things(UNINTERRUPTED + 1)) == ["Query.things"]


async def test_a_computed_field_is_asked_of_each_object() -> None:
    assert set(await called_for("{ things { name computed } }", things(3))) == {
        "Query.things",
        "Thing.name",
        "Thing.computed",
    }


@pytest.mark.parametrize("document", ["{ things { name } }", "{ things { parts { name } } }"])
@pytest.mark.parametrize("most", [5, 8, 9, 10])
async def test_items_count_alike(document: str, most: int) -> None:
    """Those of a list that was answered plainly, and once each where that was given up."""
    root = Query(things=things(5))
    assert isinstance(root.things[4].parts, list)
    root.things[4].parts.append(None)  # type: ignore[arg-type]

    class Ordinarily(bounded_execution(most)):  # type: ignore[misc]
        def _new_ways(self) -> Any:
            return SimpleNamespace(of=lambda *_: None)

    assert said(await answered(document, root, Ordinarily)) == said(
        await answered(document, root, bounded_execution(most))
    )


async def test_nothing_is_kept_of_an_events_selection() -> None:
    """A stream may be followed for weeks."""
    made: Any = OURS.build(TOYS, parse("{ things { computed } }"), operation_extensions=None)
    for _ in range(3):
        event = made.build_per_event_executor(Query(things=things(2)))
        event.execute_operation(False)

        assert (len(event._relevant_sub_fields), len(made._relevant_sub_fields)) == (1, 0)
