"""Moments of events: one column, by which they are looked for."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.db_defaults import SqlDefault
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0017_erased_members")]

    initial = False

    operations = [
        ops.AddField(
            model_name="LockEvent",
            name="moment",
            field=fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00+00:00'")),
        ),
        ops.RunSQL("UPDATE lock_events SET moment = COALESCE(at, recorded_at)"),
        ops.AddIndex(
            model_name="LockEvent",
            index=Index(fields=["site", "moment", "number"]),
        ),
    ]
