"""Migrations are applied once, whole or not at all, and are noticed when they are missing."""

import pytest
from tortoise.exceptions import OperationalError

from domain.database import (
    DatabaseUnavailable,
    build,
    connect,
    disconnect,
    drift,
    make_migration,
    pending,
)
from domain.database.connection import connected
from domain.database.schema_editors import MigrationFailed
from tests.databases import Database, only_postgresql, only_sqlite
from tests.domain.database.workshop import Workshop, run_sql, what_it_has, workshop

__all__ = ["workshop"]

MODELS = """
from enum import Enum, IntEnum

class Colour(Enum):
    RED = "red"

class Size(IntEnum):
    BIG = 1

def somewhere():
    return "here"

class Box(Model):
    "A box."
    id = fields.IntField(primary_key=True)
    colour = fields.CharEnumField(Colour, max_length=10, db_default=Colour.RED)
    size = fields.IntEnumField(Size, default=Size.BIG)
    place = fields.CharField(max_length=20, default=somewhere)
    facts = fields.JSONField(default=lambda: [])
    class Meta:
        table = "boxes"

class Toy(Model):
    id = fields.IntField(primary_key=True)
    box = fields.ForeignKeyField("latchwork.Box", on_delete=fields.CASCADE)
    class Meta:
        table = "toys"
"""

FIRST = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    operations = [
        ops.CreateModel("Box", [
            ("id", fields.IntField(primary_key=True)),
            ("name", fields.CharField(max_length=20)),
        ], {"table": "boxes"}),
        ops.CreateModel("Toy", [
            ("id", fields.IntField(primary_key=True)),
            ("box", fields.ForeignKeyField("latchwork.Box", on_delete=fields.CASCADE)),
        ], {"table": "toys"}),
    ]
"""

NEXT = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops
%s
class Migration(migrations.Migration):
    dependencies = [("latchwork", "%s")]
    operations = [%s]
"""


@pytest.fixture
def model_modules() -> list[str]:
    return []


async def test_migrations_are_applied_once_and_in_order(
    fresh_database: Database, workshop: Workshop
) -> None:
    """All are pending, then none; a second call does nothing."""
    url = fresh_database.url
    workshop.write_migration("0001_first", FIRST)
    workshop.write_migration("0002_next", NEXT % ("", "0001_first", 'ops.RunSQL("SELECT 1")'))
    both = ["0001_first", "0002_next"]
    assert await pending(url, migrations=workshop.migrations) == both
    assert await workshop.migrate(url) == both
    assert await pending(url, migrations=workshop.migrations) == []
    assert await workshop.migrate(url) == []
    rows = await run_sql(url, "SELECT name FROM tortoise_migrations ORDER BY id")
    assert [row["name"] for row in rows[0]] == both


async def test_a_server_can_ask_what_is_pending_on_its_own_connection(
    fresh_database: Database, workshop: Workshop
) -> None:
    """The names of what is not applied, and nothing once all is."""
    workshop.write_migration("0001_first", FIRST)
    await connect(fresh_database.url, model_modules=[])
    try:
        assert await pending(migrations=workshop.migrations) == ["0001_first"]
        await workshop.migrate(fresh_database.url)
        assert await pending(migrations=workshop.migrations) == []
    finally:
        await disconnect()


async def test_a_migration_that_fails_leaves_nothing_of_itself(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Its first half is undone, it stays pending, those before it stay; mended, it is applied."""
    url = fresh_database.url
    add = 'ops.AddField("Box", "size", fields.IntField(db_default=1)), ops.RunSQL("%s")'
    workshop.write_migration("0001_first", FIRST)
    await workshop.migrate(url)
    await run_sql(
        url, "INSERT INTO boxes (name) VALUES ('a')", "INSERT INTO toys (box_id) VALUES (1)"
    )
    before = await what_it_has(url)

    broken = NEXT % ("", "0001_first", add % "UPDATE nowhere SET x = 1")
    workshop.write_migration("0002_broken", broken)
    with pytest.raises(OperationalError):
        await workshop.migrate(url)
    assert await what_it_has(url) == before
    assert await pending(url, migrations=workshop.migrations) == ["0002_broken"]

    workshop.remove_migration("0002_broken")
    workshop.write_migration("0002_mended", NEXT % ("", "0001_first", add % "SELECT 1"))
    assert await workshop.migrate(url) == ["0002_mended"]
    assert (await run_sql(url, "SELECT size FROM boxes")) == [[{"size": 1}]]


async def test_a_migration_may_move_data_with_the_models_of_its_time(
    fresh_database: Database, workshop: Workshop
) -> None:
    """`RunPython` works in the migration's transaction, on the columns that there were then."""
    url = fresh_database.url
    code = """
async def shout(apps, editor):
    Box = apps.get_model("latchwork.Box")
    for box in await Box.all():
        await Box.filter(id=box.id).update(name=box.name.upper())
    await Box.create(name="NEW")
"""
    workshop.write_migration("0001_first", FIRST)
    await workshop.migrate(url)
    await run_sql(url, "INSERT INTO boxes (name) VALUES ('a'), ('b')")
    workshop.write_migration("0002_shout", NEXT % (code, "0001_first", "ops.RunPython(shout)"))
    await workshop.migrate(url)
    rows = await run_sql(url, "SELECT name FROM boxes ORDER BY id")
    assert [row["name"] for row in rows[0]] == ["A", "B", "NEW"]


@only_postgresql
async def test_a_migration_may_take_longer_than_a_request(
    fresh_database: Database, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits on statements that protect the server do not end a migration half way."""
    monkeypatch.setattr("domain.database.postgresql.STATEMENT_SECONDS", 0.2)
    await connect(fresh_database.url, model_modules=[])
    try:
        with pytest.raises(DatabaseUnavailable):
            await connected().client.execute_query("SELECT pg_sleep(0.5)")
    finally:
        await disconnect()
    workshop.write_migration("0001_first", FIRST)
    slow = NEXT % ("", "0001_first", 'ops.RunSQL("SELECT pg_sleep(0.5)")')
    workshop.write_migration("0002_slow", slow)
    assert len(await workshop.migrate(fresh_database.url)) == 2


async def test_a_migration_outside_of_a_transaction_is_refused(
    fresh_database: Database, workshop: Workshop
) -> None:
    """It could stop half way; the refusal names the file."""
    text = FIRST.replace("    operations", "    atomic = False\n    operations", 1)
    workshop.write_migration("0001_first", text)
    with pytest.raises(MigrationFailed, match="0001_first"):
        await workshop.migrate(fresh_database.url)


@only_sqlite
async def test_a_migration_that_leaves_references_to_nothing_is_undone(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Foreign keys are not enforced while SQLite's tables are remade; so they are checked after."""
    url = fresh_database.url
    workshop.write_migration("0001_first", FIRST)
    await workshop.migrate(url)
    await run_sql(
        url, "INSERT INTO boxes (name) VALUES ('a')", "INSERT INTO toys (box_id) VALUES (1)"
    )
    text = NEXT % ("", "0001_first", 'ops.RunSQL("DELETE FROM boxes")')
    workshop.write_migration("0002_orphans", text)
    with pytest.raises(MigrationFailed, match="toys"):
        await workshop.migrate(url)
    assert await run_sql(url, "SELECT count(*) AS n FROM boxes") == [[{"n": 1}]]


@only_sqlite
async def test_remaking_a_table_keeps_what_was_made_by_hand(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Triggers and indexes of `RunSQL`, and the mark below which no key is given out again."""
    url = fresh_database.url
    by_hand = '''ops.RunSQL(["CREATE INDEX by_hand ON boxes (lower(name)) WHERE name <> ';'",
        """CREATE TRIGGER t AFTER INSERT ON boxes BEGIN
            INSERT INTO toys (box_id) VALUES (new.id); UPDATE boxes SET name = 'x;' WHERE id = new.id;
        END"""])'''
    workshop.write_migration("0001_first", FIRST)
    workshop.write_migration("0002_by_hand", NEXT % ("", "0001_first", by_hand))
    await workshop.migrate(url)
    await run_sql(url, "INSERT INTO boxes (name) VALUES ('a'), ('b'), ('c')")
    await run_sql(url, "DELETE FROM boxes WHERE id > 1")
    remake = 'ops.AddField("Box", "size", fields.IntField(db_default=1))'
    workshop.write_migration("0003_remake", NEXT % ("", "0002_by_hand", remake))
    await workshop.migrate(url)
    *_, boxes, toys, made = await run_sql(
        url,
        "INSERT INTO boxes (name) VALUES ('d')",
        "SELECT id, name FROM boxes ORDER BY id",
        "SELECT box_id FROM toys ORDER BY id",
        "SELECT sql FROM sqlite_master WHERE name = 'by_hand'",
    )
    assert boxes == [{"id": 1, "name": "x;"}, {"id": 4, "name": "x;"}]
    assert toys == [{"box_id": 1}, {"box_id": 4}]
    assert "lower(name)" in made[0]["sql"]


async def test_what_the_database_does_not_know_needs_no_migration(workshop: Workshop) -> None:
    """Enums, Python defaults and docstrings: a change of them is no drift, and a migration names
    nothing of our code, so renaming it later breaks no old migration.
    """
    first = workshop.version(MODELS)
    text = await workshop.change(first, "the beginning")
    assert text is not None
    assert first not in text
    assert "db_default='red'" in text
    other = MODELS.replace("Colour", "Paint").replace("A box.", "A crate.").replace("here", "there")
    other = other.replace('RED = "red"', 'RED = "red"\n    BLUE = "blue"')
    assert await workshop.change(workshop.version(other)) is None


async def test_drift_names_what_is_missing(workshop: Workshop) -> None:
    """Whole models before the first migration, and a single field after it."""
    first = workshop.version(MODELS)
    assert await drift(model_modules=[first], migrations=workshop.migrations) == [
        "Create model Box",
        "Create model Toy",
    ]
    await workshop.change(first)
    more = workshop.version(
        MODELS.replace("    size =", "    width = fields.IntField()\n    size =")
    )
    left = await drift(model_modules=[more], migrations=workshop.migrations)
    assert left == ["Add field width to Box"]


async def test_migrations_that_stand_side_by_side_are_told(workshop: Workshop) -> None:
    """Two people wrote the next one at once: which comes first would be chance."""
    module = workshop.version(MODELS)
    await workshop.change(module, "first")
    for name in ("0002_mine", "0002_yours"):
        workshop.write_migration(name, NEXT % ("", "0001_first", 'ops.RunSQL("SELECT 1")'))
    told = await drift(model_modules=[module], migrations=workshop.migrations)
    assert told == ["0002_mine and 0002_yours stand side by side: give one the next number"]


async def test_migrations_are_numbered_and_named(workshop: Workshop) -> None:
    """The next number, and the words of the name in small letters."""
    module = workshop.version(MODELS)
    path = await make_migration(
        "The Beginning", model_modules=[module], migrations=workshop.migrations
    )
    assert path is not None
    assert path.name == "0001_the_beginning.py"
    more = workshop.version(MODELS.replace('"boxes"', '"boxes"\n        indexes = (("place",),)'))
    path = await make_migration(
        "find a place", model_modules=[more], migrations=workshop.migrations
    )
    assert path is not None
    assert path.name == "0002_find_a_place.py"


async def test_tables_of_the_connected_database_are_not_taken_away(
    fresh_database: Database, workshop: Workshop
) -> None:
    """`build` and `drift` bind the models to another database; not while they serve this one."""
    module = workshop.version(MODELS)
    await connect(fresh_database.url, model_modules=[])
    try:
        with pytest.raises(RuntimeError, match="connected"):
            await build(fresh_database.url, model_modules=[module])
    finally:
        await disconnect()


async def test_a_many_to_many_field_is_refused(workshop: Workshop) -> None:
    """Its joining table would have no constraints that we can see."""
    text = MODELS.replace(
        '    class Meta:\n        table = "toys"',
        '    friends = fields.ManyToManyField("latchwork.Box", related_name="friends")\n'
        '    class Meta:\n        table = "toys"',
    )
    with pytest.raises(MigrationFailed, match="joining table"):
        await workshop.change(workshop.version(text))
