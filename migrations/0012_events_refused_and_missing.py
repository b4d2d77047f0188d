"""Events refused and missing."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0011_what_locks_read")]

    initial = False

    operations = [
        ops.AddField(
            model_name="LockDelivery",
            name="answer",
            field=fields.CharField(null=True, max_length=8),
        ),
        ops.AddField(
            model_name="LockDelivery",
            name="parts",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="LockEvent",
            name="claimed_kind",
            field=fields.CharField(null=True, max_length=24),
        ),
        ops.AddField(
            model_name="LockEvent",
            name="count",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="LockEvent",
            name="refusal",
            field=fields.CharField(null=True, max_length=16),
        ),
    ]
