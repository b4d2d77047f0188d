"""Counting SQL statements where all of them pass: at our own database clients, outside and inside of transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from api.auth import remembered
from domain.database.client import OurClient

_BY_ITSELF = ("recorded_keys", "serving_processes")
"""What a server looks at every other second, whoever asks it for what."""
_CALLS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many")


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent while it is open, in order; each request finds out anew who asks, however fast the machine is."""
    statements: list[str] = []

    def counting(name: str) -> Any:
        sent = getattr(OurClient, name)

        async def send(client: OurClient, query: str, *values: Any) -> Any:
            if not any(table in query for table in _BY_ITSELF):
                statements.append(query)
            return await sent(client, query, *values)

        return send

    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            patch.setattr(OurClient, name, counting(name))
        patch.setattr(remembered, "LIFETIME", timedelta())
        yield statements
