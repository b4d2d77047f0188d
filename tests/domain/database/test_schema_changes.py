"""Every kind of change, on populated databases of both kinds: the schema becomes what the models say,
and nothing else changes.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from domain.database import build
from domain.database.schema_editors import MigrationFailed
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

class Door(Model):
    id = fields.IntField(primary_key=True)
    key = fields.OneToOneField("latchwork.Pin", null=True, on_delete=fields.CASCADE)
    class Meta:
        table = "doors"

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
    "INSERT INTO doors (key_id) VALUES (1), (NULL), (NULL)",
]
KEPT = "SELECT id, site_id, parent_id, made_at, removed_at FROM pins ORDER BY id"
USES = "SELECT id, pin_id FROM uses ORDER BY id"

DOOR = MODELS[MODELS.index("class Door") : MODELS.index("class Use")]
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
    "add columns with defaults": [
        (
            AFTER_NOTE,
            '    a = fields.CharField(max_length=9, db_default="it\'s;")\n'
            "    b = fields.BigIntField(db_default=7, db_index=True)\n"
            "    c = fields.BooleanField(db_default=True)\n"
            "    d = fields.DatetimeField(db_default=Now())\n    made_at =",
        )
    ],
    "add a unique column and an indexed reference": [
        (
            AFTER_NOTE,
            "    hint = fields.IntField(null=True, unique=True)\n"
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
    "allow null, give a default, widen": [
        ("    tag = fields.IntField()", "    tag = fields.IntField(null=True, db_default=3)"),
        ("code = fields.CharField(max_length=20", "code = fields.CharField(max_length=40"),
    ],
    "drop a column's index and another's uniqueness": [
        (NOTE, NOTE.replace(", db_index=True", "")),
        ("max_length=20, unique=True", "max_length=20"),
    ],
    "make a column unique instead of indexed": [
        (NOTE, NOTE.replace("db_index=True", "unique=True"))
    ],
    "drop a reference": [
        (
            '    key = fields.OneToOneField("latchwork.Pin", null=True, on_delete=fields.CASCADE)\n',
            "",
        )
    ],
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
    "add every kind of unique": [
        (
            PARTIAL,
            PARTIAL
            + '            UniqueConstraint(fields=("site", "label"), name="pins_dead_label",'
            ' condition="tag > 50"),\n'
            '            UniqueConstraint(fields=("site", "code"), name="pins_site_code"),\n',
        ),
        ('(("site", "tag"),)', '(("site", "tag"), ("code", "site"))'),
    ],
    "drop a composite unique": [('        unique_together = (("site", "tag"),)\n', "")],
    "change indexes": [
        ('(("site", "removed_at"), Index', '(("parent", "site"),'),
        ('(fields=("made_at",), name="pins_by_age")', ""),
    ],
    "change what a deletion does": [(SITE, SITE.replace("RESTRICT", "CASCADE"))],
    "add a table": [
        (
            "class Door(",
            """class Lamp(Model):
    id = fields.UUIDField(primary_key=True)
    site = fields.ForeignKeyField("latchwork.Site", on_delete=fields.CASCADE)
    class Meta:
        table = "lamps"
        constraints = (
            CheckConstraint(name="lamps_site", check="site_id > 0"),
            UniqueConstraint(fields=("site",), name="lamps_one", condition="site_id > 5"),
        )

class Door(""",
        )
    ],
    "drop a table": [(DOOR, "")],
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
