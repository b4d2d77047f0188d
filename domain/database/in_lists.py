"""`column IN (a list)` as one parameter, however long the list.

Tortoise writes a parameter for each element. PostgreSQL takes 32,767 in a statement and SQLite as many as it was built
for, so that rows named by a longer list could not be read or changed any more.
"""

import json
from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Equality
from pypika_tortoise.terms import BasicCriterion, Criterion, Function, Term, ValueWrapper
from tortoise.backends.asyncpg.executor import AsyncpgExecutor
from tortoise.backends.sqlite.executor import SqliteExecutor
from tortoise.filters import is_in

from domain.database.columns_when_read import ExecutorOfRows

MOST_PARAMETERS = 500
"""Of one list on SQLite, which reads a short one a little faster than JSON; every build takes 999 in a statement."""


def _in_array(field: Term, values: Any) -> Criterion:
    if not isinstance(values, list) or not values:
        return is_in(field, values)
    return BasicCriterion(Equality.eq, field, Function("ANY", ValueWrapper(values)))


def _in_json(field: Term, values: Any) -> Criterion:
    long = isinstance(values, list) and len(values) > MOST_PARAMETERS
    if not long or not all(isinstance(each, str | int) for each in values):
        return is_in(field, values)
    return field.isin(_Elements("json_each", ValueWrapper(json.dumps(values))))


class _Elements(Function):
    """Those of a JSON list, as a subquery."""

    def get_sql(self, ctx: SqlContext) -> str:
        return f"(SELECT value FROM {super().get_sql(ctx)})"  # noqa: S608 - the list is a parameter


class PostgresExecutor(ExecutorOfRows, AsyncpgExecutor):
    """With such lists as arrays."""

    FILTER_FUNC_OVERRIDE = AsyncpgExecutor.FILTER_FUNC_OVERRIDE | {is_in: _in_array}


class OurSqliteExecutor(ExecutorOfRows, SqliteExecutor):
    """With long ones as JSON."""

    FILTER_FUNC_OVERRIDE = SqliteExecutor.FILTER_FUNC_OVERRIDE | {is_in: _in_json}
