"""Erased members."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0016_what_is_gone")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Member",
            name="erased_at",
            field=fields.DatetimeField(null=True),
        ),
        # The names of people who were removed; what is deleted is shown nowhere.
        ops.RunSQL(
            "UPDATE tags SET name = '', search_text = '' WHERE kind = 'DEFAULT' AND target = 'MEMBER' AND deleted_at IS NOT NULL"
        ),
    ]
