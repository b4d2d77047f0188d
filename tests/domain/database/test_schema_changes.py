"""Every kind of change, on populated databases of both kinds: the schema becomes what the models say,
and nothing else changes.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from domain.database import build
from domain.database.schema_editors import MigrationFailed
from tests.databases import Database, Servers
from tests.domain.database.drawing_board import (
    CHANGES,
    KEPT,
    MODELS,
    ROWS,
    USES,
    changed,
)
from tests.domain.database.workshop import Workshop, run_sql, what_it_has, workshop

__all__ = ["workshop"]


_migrations: dict[str, str] = {}
_first_migration: str | None = None


@pytest.fixture
async def populated(
    database_kind: str, servers: Servers, workshop: Workshop
) -> AsyncIterator[Database]:
    """A database with the rows, made by the first migration of the workshop."""
    global _first_migration  # noqa: PLW0603 - the same for all, and slow to make
    if _first_migration is None:
        _first_migration = await workshop.change(workshop.version(MODELS), "the beginning")
    else:
        workshop.write_migration("0001_the_beginning", _first_migration)

    async def populate(url: str) -> None:
        assert len(await workshop.migrate(url)) == 1
        await run_sql(url, *ROWS)

    if database_kind == "sqlite":
        made = await servers.copy_of(("sqlite", "pins"), populate)
    else:
        made = await servers.fresh(database_kind, [])
        await populate(made.url)
    yield made
    await servers.remove(made)


@pytest.fixture
async def drawing_board(database_kind: str, servers: Servers) -> AsyncIterator[Database]:
    """A database without any table."""
    made = await servers.fresh(database_kind, [])
    yield made
    await servers.remove(made)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_keeps_everything_else(
    populated: Database, drawing_board: Database, workshop: Workshop, change: str
) -> None:
    """Made on a populated database, the schema is the one that the new models would make on an empty
    one (columns, indexes, uniques, checks, references); all rows, children and keys are as before; keys of
    deleted rows are not given out again; and there is nothing left to migrate.
    """
    url = populated.url
    pins, uses = await run_sql(url, KEPT, USES)
    after = workshop.version(changed(MODELS, change))
    if change not in _migrations:
        text = await workshop.change(after)
        assert text is not None
        _migrations[change] = text
    else:
        workshop.write_migration("0002_change", _migrations[change])
    assert len(await workshop.migrate(url)) == 1

    again = ("INSERT INTO uses (pin_id) VALUES (3)", "DELETE FROM uses WHERE pin_id = 3")
    assert (await run_sql(url, KEPT, USES, *again))[:2] == [pins, uses]
    await build(drawing_board.url, model_modules=[after])
    assert await what_it_has(url) == await what_it_has(drawing_board.url)
    assert await workshop.migrate(url) == []


async def test_old_rows_get_the_database_s_default(populated: Database, workshop: Workshop) -> None:
    """New columns are filled, and so are the NULLs of a column that forbids them from now on; what
    was there stays.
    """
    url = populated.url
    text = changed(changed(MODELS, "add columns with defaults"), "forbid null")
    await workshop.change(workshop.version(text))
    await workshop.migrate(url)
    ((*rows,),) = await run_sql(url, "SELECT note, a, b, c, d FROM pins ORDER BY id")
    assert [row["note"] for row in rows] == ["it's", "none", "n"]
    assert {(row["a"], row["b"], bool(row["c"]), row["d"] is None) for row in rows} == {
        ("it's;", 7, True, False)
    }


async def test_what_was_named_after_a_column_is_found_when_the_column_has_another_name(
    populated: Database, workshop: Workshop
) -> None:
    """Generated names of indexes and uniques are not renamed with their columns; dropping them later
    works all the same.
    """
    renamed = MODELS.replace("note", "remark").replace("    code =", "    digits =")
    renamed = renamed.replace("    tag =", "    number =").replace('"tag"', '"number"')
    renamed = renamed.replace("tag >=", "number >=")
    bare = renamed.replace(", db_index=True", "").replace(
        "max_length=20, unique=True", "max_length=20"
    )
    bare = bare.replace('        unique_together = (("site", "number"),)\n', "")
    for text in (renamed, bare):
        await workshop.change(workshop.version(text))
        await workshop.migrate(populated.url)
    left = (await what_it_has(populated.url))["pins"]
    assert not any("number" in fact for fact in left if "INDEX" in fact.upper())
    again = "INSERT INTO pins (site_id, number, digits, made_at) SELECT site_id, number, digits, made_at FROM pins"
    await run_sql(populated.url, again)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"doors"', '"gates"', "doors cannot be renamed"),
        ("class Door(", "class Gate(", "in the migrations as well"),
        ("    key = fields", "    opener = fields", "three migrations"),
        ('name="pins_tag", ', "name=None, ", "needs a name"),
    ],
)
async def test_what_tortoise_would_get_wrong_is_refused(
    workshop: Workshop, old: str, new: str, says: str
) -> None:
    """Another name of a table (not noticed), of a class (breaks what follows), of a reference (its
    values are lost); a constraint that could never be removed.
    """
    await workshop.change(workshop.version(MODELS))
    with pytest.raises(MigrationFailed, match=says):
        await workshop.change(workshop.version(MODELS.replace(old, new)))


def steps(*changes: str) -> Iterator[str]:
    text = MODELS
    for change in changes:
        text = changed(text, change)
        yield text


async def test_changes_one_after_the_other_and_in_one_migration_lead_to_the_same(
    populated: Database, drawing_board: Database, workshop: Workshop
) -> None:
    """Six changes of one table, as six migrations and as one."""
    names = (
        "add columns with defaults",
        "drop an indexed column",
        "change a check",
        "drop a composite unique",
        "add a table",
        "change what a deletion does",
    )
    url = populated.url
    pins, uses = await run_sql(url, KEPT, USES)
    for text in steps(*names):
        await workshop.change(workshop.version(text))
    assert len(await workshop.migrate(url)) == len(names)
    assert await run_sql(url, KEPT, USES) == [pins, uses]
    has = await what_it_has(url)

    await workshop.migrate(drawing_board.url)
    assert await what_it_has(drawing_board.url) == has
