"""Locks that were opened up."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0021_alerts_seen_mailed_and_ended")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CompromisedPin",
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
                (
                    "pin",
                    fields.ForeignKeyField(
                        "latchwork.Pin",
                        source_field="pin_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("digits_version", fields.IntField()),
                ("replaced_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "compromised_pins",
                "app": "latchwork",
                "unique_together": (("lock", "pin"),),
                "indexes": [Index(fields=["pin"])],
                "pk_attr": "id",
            },
        ),
        ops.AddField(
            model_name="Lock",
            name="compromised_at",
            field=fields.DatetimeField(null=True),
        ),
    ]
