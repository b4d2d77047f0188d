"""What locks lack and their connections."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0008_what_is_searched")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Lock",
            name="connections",
            field=fields.BigIntField(db_default=0),
        ),
        ops.AddField(
            model_name="Lock",
            name="connection",
            field=fields.BigIntField(db_default=0),
        ),
        ops.AddField(
            model_name="LockEntry",
            name="pending_changes",
            field=fields.JSONField(null=True),
        ),
    ]
