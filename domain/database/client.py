"""What both database clients have in common: values on their way in, errors on their way out.

Every call to a driver passes here, so both are decided in one place; a call that went round it
would show driver errors to users.
"""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from domain.database.errors import translated


class OurClient(BaseDBAsyncClient):
    """Mixed in before Tortoise's client. Errors leave as `DatabaseUnavailable`, `Conflict` or
    `DuplicateRow`; values enter as `bound` makes them.
    """

    def bound(self, values: list[Any]) -> list[Any]:
        """The values as the driver is to store them."""
        return values

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        with translated():
            return await super().execute_insert(query, self.bound(values))

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        with translated():
            await super().execute_many(query, [self.bound(row) for row in values])

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Any]:
        with translated():
            return await super().execute_query(query, values and self.bound(values))

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        with translated():
            return await super().execute_query_dict(query, values and self.bound(values))

    async def execute_script(self, query: str) -> None:
        with translated():
            await super().execute_script(query)
