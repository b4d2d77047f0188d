"""When readers were added."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.db_defaults import SqlDefault
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0012_events_refused_and_missing")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Reader",
            name="created_at",
            field=fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00+00:00'")),
        ),
        # Nobody wrote it down; most came with their lock.
        ops.RunSQL(
            "UPDATE readers SET created_at = (SELECT locks.created_at FROM locks WHERE locks.id = readers.lock_id)"
        ),
    ]
