"""Clocks that were lost."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0014_checkpoints_that_close_chains")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Lock",
            name="clock_lost_since",
            field=fields.DatetimeField(null=True),
        ),
        # As the newest of its events about its clock tells.
        ops.RunSQL(
            "UPDATE locks SET clock_lost_since = (SELECT lost.recorded_at FROM lock_events lost WHERE lost.lock_id = locks.id"
            " AND lost.kind = 'CLOCK_LOST' AND NOT EXISTS (SELECT 1 FROM lock_events later WHERE later.lock_id = locks.id"
            " AND later.kind IN ('CLOCK_LOST', 'CLOCK_SET') AND later.number > lost.number))"
        ),
    ]
