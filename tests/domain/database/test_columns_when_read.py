"""A row whose columns are converted when they are read says what one says that Tortoise has converted whole."""

import copy
from datetime import UTC, date, datetime, timedelta, timezone
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from tortoise.models import Model

from domain.database import lock_row, transaction
from domain.database.models import MODEL_MODULES
from domain.database.rows import Row, saving
from tests.databases import Database
from tests.domain.database.all_columns import AllColumns, Colour, Owner

VALUES: dict[str, list[Any]] = {
    "moment": [
        datetime(2026, 3, 1, 12, 30, 15, 123456, UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 7, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
    ],
    "day": [date(2026, 2, 28)],
    "text": ["", "a \N{GREEK SMALL LETTER OMEGA}", "2026-03-01 12:30:15"],
    "name": ["Door", "1970-01-01 00:00:00+00:00"],
    "colour": [Colour.RED],
    "flag": [True, False],
    "small": [0, -1],
    "number": [7],
    "large": [2**40],
    "sealed": [b"", b"\x00\xff"],
    "kept": [[], {"a": [1, None]}, 0],
    "key": [uuid4()],
}


@pytest.fixture
def model_modules() -> list[str]:
    return ["tests.domain.database.all_columns"]


def whole(row: AllColumns) -> AllColumns:
    """The same, converted by Tortoise."""
    found = dict(zip(row._places, row._values, strict=True))
    made: AllColumns = Model._init_from_db.__func__(AllColumns, **found)  # type: ignore[attr-defined]
    return made


async def test_each_column_is_what_tortoise_makes_of_it(database: Database) -> None:
    owner = await Owner.create()
    rows = [AllColumns(), AllColumns(owner=owner)]
    rows += [AllColumns(**{name: each}) for name, several in VALUES.items() for each in several]
    for row in rows:
        await row.save(force_create=True)
    read = {row.id: row for row in await AllColumns.all()}

    assert len(read) == len(rows)
    for row in rows:
        expected = whole(read[row.id])
        for name in AllColumns._meta.fields_db_projection:
            ours, theirs = getattr(read[row.id], name), getattr(expected, name)
            assert (type(ours), ours) == (type(theirs), theirs), name
        assert read[row.id] == row
    assert {row.moment for row in rows} == {row.moment for row in read.values()}


async def test_a_row_is_read_with_what_it_names(database: Database) -> None:
    owner = await Owner.create()
    await AllColumns.create(owner=owner, moment=VALUES["moment"][0])
    joined = await AllColumns.get(owner_id=owner.id).select_related("owner")

    assert joined.owner == owner
    assert joined.moment == VALUES["moment"][0]
    assert not hasattr(joined, "colours")


async def test_what_is_assigned_counts_and_is_saved(database: Database) -> None:
    """Also of columns that were not read before, and a copy goes its own way."""
    made = await AllColumns.create(name="old", number=1)
    async with transaction():
        row = await lock_row(AllColumns, made.id)
        assert row is not None
        twin = copy.copy(row)
        async with saving(row):
            row.name = "new"
    again = await AllColumns.get(id=made.id)

    assert (twin.name, again.name, again.number) == ("old", "new", 1)


def test_each_kind_of_column_is_tried() -> None:
    tables = {
        table
        for module in MODEL_MODULES
        for table in vars(import_module(module)).values()
        if isinstance(table, type) and issubclass(table, Row) and table is not Row
    }
    kinds = {type(field) for table in tables for field in table._meta.fields_map.values()}
    tried = {
        type(field) for table in (AllColumns, Owner) for field in table._meta.fields_map.values()
    }

    assert {kind.__name__ for kind in kinds} <= {kind.__name__ for kind in tried}
