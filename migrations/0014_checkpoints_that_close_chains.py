"""Checkpoints that close chains."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0013_when_readers_were_added")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AuditClosing",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("chain", fields.UUIDField()),
                ("number", fields.BigIntField()),
                ("line", fields.TextField(unique=False)),
            ],
            options={
                "table": "audit_closings",
                "app": "latchwork",
                "unique_together": (("chain", "number"),),
                "pk_attr": "id",
            },
        ),
    ]
