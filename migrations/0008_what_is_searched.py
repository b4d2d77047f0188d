"""What is searched, folded; the rows that there are get theirs here."""
# ruff: noqa: E501, RUF012

from unicodedata import normalize

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

SEARCHED = {
    "Hub": "name",
    "Invitation": "name",
    "Lock": "name",
    "Member": "name",
    "Pin": "notes",
    "SmartPin": "guest_name",
    "Tag": "name",
}


def folded(text: str) -> str:
    """As the server folds it in this version."""
    caseless = normalize("NFKC", normalize("NFKC", text).casefold())
    return caseless.replace("i\u0307", "i").replace("\u0131", "i")


async def fold(apps, editor) -> None:  # type: ignore[no-untyped-def]
    """Row by row: the databases have no such function in common."""
    for model, column in SEARCHED.items():
        rows = apps.get_model(f"latchwork.{model}")
        for key, text in await rows.all().values_list("id", column):
            if text:
                await rows.filter(id=key).update(search_text=folded(text))


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0007_recorded_keys")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Hub",
            name="search_text",
            field=fields.TextField(db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Invitation",
            name="search_text",
            field=fields.TextField(db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Lock",
            name="search_text",
            field=fields.TextField(db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Member",
            name="search_text",
            field=fields.TextField(db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Pin",
            name="search_text",
            field=fields.TextField(db_default="", unique=False),
        ),
        ops.AddField(
            model_name="SmartPin",
            name="search_text",
            field=fields.TextField(db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Tag",
            name="search_text",
            field=fields.TextField(db_default="", unique=False),
        ),
        ops.RunPython(fold),
    ]
