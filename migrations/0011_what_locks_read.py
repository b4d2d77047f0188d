"""What locks read."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0010_provisioning_kits_that_end")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Lock",
            name="link_reads",
            field=fields.JSONField(null=True),
        ),
        ops.AddField(
            model_name="Lock",
            name="link_version",
            field=fields.IntField(null=True),
        ),
    ]
