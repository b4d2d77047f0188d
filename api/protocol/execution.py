"""How an operation's answer is put together: no more than so many items of lists, and never for long without a pause.

What a document comes to is known before it runs only as far as the sizes of lists are; a list without pages may be longer
than was assumed. So what is answered is counted as well.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.protocol.masking import PublicError
from api.protocol.plain import NotPlain, PlainWays

UNINTERRUPTED = 100
"""Items of a list that are answered at a stretch: a whole page, so that its rows are read together."""


def bounded_execution(items: int) -> type[StrawberryGraphQLCoreExecutionContext]:
    """An execution that answers so many items of lists at most, and lets others run in between.

    A list beyond that is an error with the code ANSWER_TOO_LARGE.
    """

    class BoundedExecution(StrawberryGraphQLCoreExecutionContext):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._left = items
            self._ways = self._new_ways()

        def build_per_event_executor(self, payload: Any) -> Any:
            """As graphql-core's, which would keep what each event collects for as long as a stream is followed."""
            executor: Any = super().build_per_event_executor(payload)
            executor._relevant_sub_fields = {}
            executor._ways = executor._new_ways()
            return executor

        def _new_ways(self) -> PlainWays:
            return PlainWays(self.schema, self.collect_subfields, self._take_list)

        def _take_list(self, value: list[Any]) -> None:
            self._left -= len(value)
            if len(value) > UNINTERRUPTED or self._left < 0:
                raise NotPlain

        def complete_value(
            self,
            return_type: Any,
            field_details_list: Any,
            info: Any,
            path: Any,
            result: Any,
            position_context: Any,
        ) -> Any:
            """Complete a value, the plain way if there is one."""
            way = None if result is None else self._ways.of(return_type, field_details_list)
            if way is not None:
                left = self._left
                try:
                    return way(result)
                except Exception:
                    self._left = left
            return super().complete_value(
                return_type, field_details_list, info, path, result, position_context
            )

        def complete_list_value(
            self,
            return_type: Any,
            field_details_list: Any,
            info: Any,
            path: Any,
            result: Any,
            position_context: Any,
        ) -> Any:
            """Complete a list value, counted, and in parts where it is long."""
            if isinstance(result, list):
                self._left -= len(result)
                if self._left < 0:
                    raise PublicError(
                        f"The answer holds more than {items} items: ask for less.",
                        code="ANSWER_TOO_LARGE",
                        maximum=items,
                    )
                if len(result) > UNINTERRUPTED:
                    result = _in_parts(result)
            return super().complete_list_value(
                return_type, field_details_list, info, path, result, position_context
            )

    return BoundedExecution


async def _in_parts(items: Sequence[Any]) -> AsyncGenerator[Any, None]:
    for index, item in enumerate(items, 1):
        yield item
        if index % UNINTERRUPTED == 0:
            await asyncio.sleep(0)
