"""Recorded keys."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0006_settings_that_locks_have")]

    initial = False

    operations = [
        ops.CreateModel(
            name="RecordedKey",
            fields=[
                ("id", fields.CharField(primary_key=True, max_length=8)),
                ("recorded_at", fields.DatetimeField()),
                ("lost_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "recorded_keys", "app": "latchwork", "pk_attr": "id"},
        ),
    ]
