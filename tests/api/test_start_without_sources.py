"""A start reads no source text: reading it can fail in a process that runs, and a server must not die of that."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.databases import Database
from tests.processes import environment, free_port, output_of

SERVES_ANYWAY = """
import inspect, asyncio
from tortoise.models import Model
read = inspect.getsource
def unreadable(thing):
    if inspect.isclass(thing) and thing is not Model:
        raise SystemError("AST constructor recursion depth mismatch")
    return read(thing)
inspect.getsource = unreadable
from api import starting
from api.app import create_app
chosen = starting.settings()
asyncio.run(starting.migrated(chosen))
async def lives():
    for _ in range(2):
        async with starting.database(chosen):
            pass
    print("started twice")
asyncio.run(lives())
"""


@pytest.fixture
def model_modules() -> Sequence[str]:
    """No tables at all: a database as an operator has just made it."""
    return []


async def test_tables_and_migrations_need_no_source(
    fresh_database: Database, tmp_path: Path
) -> None:
    """Every class of a table is made, the schema brought up to date, and what is pending asked twice."""
    variables = environment(fresh_database, tmp_path, port=free_port())
    code, output = await output_of([sys.executable, "-c", SERVES_ANYWAY], variables)
    assert (code, output.strip()) == (0, "started twice")
