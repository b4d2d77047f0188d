"""Every kind of change, on populated databases of both kinds: the schema becomes what the models say,
and nothing else changes.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from domain.database import build
from tests.databases import Database, Servers
from tests.domain.database.workshop import Workshop, run_sql, what_it_has, workshop

__all__ = ["workshop"]

MODELS = """
class Site(Model):
    id = fields.IntField(primary_key=True, generated=False)
    name = fields.CharField(max_length=50)
    class Meta:
        table = "sites"

class Pin(Model):
    id = fields.BigIntField(primary_key=True)
    site = fields.ForeignKeyField("latchwork.Site", related_name="pins", on_delete=fields.RESTRICT)
    parent = fields.ForeignKeyField("latchwork.Pin", null=True, on_delete=fields.SET_NULL)
    tag = fields.IntField()
    code = fields.CharField(max_length=20, unique=True)
    label = fields.CharField(max_length=30, null=True)
    note = fields.CharField(max_length=30, null=True, db_index=True)
    made_at = fields.DatetimeField()
    removed_at = fields.DatetimeField(null=True)
    class Meta:
        table = "pins"
        unique_together = (("site", "tag"),)
        indexes = (("site", "removed_at"), Index(fields=("made_at",), name="pins_by_age"))
        constraints = (
            UniqueConstraint(fields=("site", "label"), name="pins_live_label", condition="removed_at IS NULL"),
            CheckConstraint(name="pins_tag", check="tag >= 0"),
        )

class Use(Model):
    id = fields.BigIntField(primary_key=True)
    pin = fields.ForeignKeyField("latchwork.Pin", related_name="uses", on_delete=fields.CASCADE)
    class Meta:
        table = "uses"
"""

ROWS = [
    "INSERT INTO sites (id, name) VALUES (1, 'north'), (2, 'south')",
    "INSERT INTO pins (site_id, parent_id, tag, code, label, note, made_at, removed_at) VALUES"
    " (1, NULL, 1, 'c1', 'door', 'it''s', NOW, NULL), (1, 1, 2, 'c2', 'door', NULL, NOW, NOW),"
    " (2, 1, 1, 'c3', NULL, 'n', NOW, NULL), (2, NULL, 2, 'c4', NULL, NULL, NOW, NULL)".replace(
        "NOW", "'2026-01-01 00:00:00+00:00'"
    ),
    "DELETE FROM pins WHERE id = 4",
    "INSERT INTO uses (pin_id) VALUES (1), (1), (2), (3)",
]
KEPT = "SELECT id, site_id, parent_id, made_at, removed_at FROM pins ORDER BY id"
USES = "SELECT id, pin_id FROM uses ORDER BY id"

NOTE = "    note = fields.CharField(max_length=30, null=True, db_index=True)\n"
AFTER_NOTE = "    made_at ="
CHECK = '            CheckConstraint(name="pins_tag", check="tag >= 0"),\n'
PARTIAL = (
    '            UniqueConstraint(fields=("site", "label"), name="pins_live_label",'
    ' condition="removed_at IS NULL"),\n'
)
SITE = '"latchwork.Site", related_name="pins", on_delete=fields.RESTRICT'

CHANGES: dict[str, list[tuple[str, str]]] = {
    "add a nullable column": [
        (AFTER_NOTE, "    hint = fields.CharField(max_length=9, null=True)\n    made_at =")
    ],
    "add a column with a text": [
        (
            AFTER_NOTE,
            '    hint = fields.CharField(max_length=9, db_default="it\'s;")\n    made_at =',
        )
    ],
    "add a column with a number": [
        (AFTER_NOTE, "    hint = fields.BigIntField(db_default=7, db_index=True)\n    made_at =")
    ],
    "add a column with a truth": [
        (AFTER_NOTE, "    hint = fields.BooleanField(db_default=True)\n    made_at =")
    ],
    "add a column with the time": [
        (AFTER_NOTE, "    hint = fields.DatetimeField(db_default=Now())\n    made_at =")
    ],
    "add a unique column": [
        (AFTER_NOTE, "    hint = fields.IntField(null=True, unique=True)\n    made_at =")
    ],
    "add an indexed reference": [
        (
            AFTER_NOTE,
            '    home = fields.ForeignKeyField("latchwork.Site", null=True, db_index=True,'
            ' related_name="homes", on_delete=fields.SET_NULL)\n    made_at =',
        )
    ],
    "drop an indexed column": [(NOTE, "")],
    "drop a column of a composite unique": [
        ("    tag = fields.IntField()\n", ""),
        ('        unique_together = (("site", "tag"),)\n', ""),
        (CHECK, ""),
    ],
    "forbid null": [
        (NOTE, NOTE.replace("null=True", 'db_default="none"')),
    ],
    "allow null": [("    tag = fields.IntField()", "    tag = fields.IntField(null=True)")],
    "give a default": [("    tag = fields.IntField()", "    tag = fields.IntField(db_default=3)")],
    "widen a column": [
        ("code = fields.CharField(max_length=20", "code = fields.CharField(max_length=40")
    ],
    "drop a column's index": [(NOTE, NOTE.replace(", db_index=True", ""))],
    "drop a column's uniqueness": [("max_length=20, unique=True", "max_length=20")],
    "make a column unique": [(NOTE, NOTE.replace("db_index=True", "unique=True"))],
    "rename a column": [
        (NOTE, NOTE.replace("note", "remark")),
    ],
    "rename a column of every constraint": [
        ("    tag = fields", "    number = fields"),
        ('(("site", "tag"),)', '(("site", "number"),)'),
        ('check="tag >= 0"', 'check="number >= 0"'),
    ],
    "drop a check": [(CHECK, "")],
    "change a check": [("tag >= 0", "tag > 0")],
    "rename a check": [('"pins_tag"', '"pins_tag_positive"')],
    "add a check": [
        (CHECK, CHECK + '            CheckConstraint(name="pins_b", check="tag < 99"),\n')
    ],
    "drop a partial unique": [(PARTIAL, "")],
    "change a partial unique": [("removed_at IS NULL", "removed_at IS NULL AND tag > 0")],
    "add a partial unique": [
        (
            PARTIAL,
            PARTIAL + '            UniqueConstraint(fields=("note",), name="pins_note",'
            ' condition="note IS NOT NULL"),\n',
        )
    ],
    "add a named unique": [
        (
            PARTIAL,
            PARTIAL + '            UniqueConstraint(fields=("site", "code"), name="pins_sc"),\n',
        )
    ],
    "drop a composite unique": [('        unique_together = (("site", "tag"),)\n', "")],
    "add a composite unique": [('(("site", "tag"),)', '(("site", "tag"), ("code", "site"))')],
    "change indexes": [('(("site", "removed_at"), Index', '(("parent", "site"), Index')],
    "drop a named index": [(', Index(fields=("made_at",), name="pins_by_age")', ",")],
    "change what a deletion does": [(SITE, SITE.replace("RESTRICT", "CASCADE"))],
    "add a table": [
        (
            "class Use(",
            "class Door(Model):\n    id = fields.UUIDField(primary_key=True)\n    site = fields.ForeignKeyField("
            '"latchwork.Site", on_delete=fields.CASCADE)\n    class Meta:\n        table = "doors"\n        '
            'constraints = (CheckConstraint(name="doors_c", check="site_id > 0"), UniqueConstraint('
            'fields=("site",), name="doors_u", condition="site_id > 5"))\n\nclass Use(',
        )
    ],
}


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

    made = await servers.fresh(database_kind, [])
    assert len(await workshop.migrate(made.url)) == 1
    await run_sql(made.url, *ROWS)
    yield made
    await servers.remove(made)


@pytest.fixture
async def drawing_board(database_kind: str, servers: Servers) -> AsyncIterator[Database]:
    """A database without any table."""
    made = await servers.fresh(database_kind, [])
    yield made
    await servers.remove(made)


def changed(text: str, change: str) -> str:
    for old, new in CHANGES[change]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


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
        "add a column with a text",
        "drop an indexed column",
        "add a check",
        "add a composite unique",
        "allow null",
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
