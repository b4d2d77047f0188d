"""What is read at every change and acknowledgement is asked in words that both databases read."""

from typing import Any
from uuid import uuid4

from domain.database.statements import Select
from domain.sync import statements
from tests.databases import Database

A_KEY, KEYS, NAMES = uuid4(), [uuid4() for _ in range(2_000)], ["settings", 'it\'s "quoted"']
ASKED: dict[str, tuple[Any, ...]] = {
    "NEXT_ENTRIES": (A_KEY, 0, 10),
    "ENTRIES_NAMED": (KEYS, NAMES),
    "ENTRIES_OF_PINS_AT": (KEYS, KEYS),
}
"""All others take a list of keys."""


async def test_every_statement_is_one_for_both_databases(database: Database) -> None:
    """However long its lists, and for empty ones; who asks for what is not there gets nothing."""
    found = {name: each for name, each in vars(statements).items() if isinstance(each, Select)}

    assert found.keys() > ASKED.keys()
    for name, select in found.items():
        asked = ASKED.get(name, (KEYS,))
        assert await select(*asked) == []
        assert await select(*([] if isinstance(each, list) else each for each in asked)) == []
