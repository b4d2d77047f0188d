"""What phones carry."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0018_moments_of_events")]

    initial = False

    operations = [
        ops.CreateModel(
            name="OpenLease",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("incarnation", fields.CharField(max_length=32)),
                ("member_id", fields.UUIDField(null=True)),
                ("invitation_id", fields.UUIDField(null=True)),
                ("device_id", fields.UUIDField()),
                ("created_at", fields.DatetimeField()),
                ("expires_at", fields.DatetimeField()),
            ],
            options={
                "table": "open_leases",
                "app": "latchwork",
                "indexes": [Index(fields=["lock", "expires_at"])],
                "pk_attr": "id",
            },
        ),
        ops.AddField(
            model_name="LockEvent",
            name="lease_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Site",
            name="lease_minutes",
            field=fields.IntField(db_default=15),
        ),
        ops.AddField(
            model_name="UnlockCommand",
            name="dropped_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="UnlockCommand",
            name="handed_out_at",
            field=fields.DatetimeField(null=True),
        ),
    ]
