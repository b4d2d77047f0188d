"""Settings that locks have."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0005_letters_and_accounts")]

    initial = False

    operations = [
        ops.AddField(
            model_name="LockEntry",
            name="acknowledged",
            field=fields.JSONField(null=True),
        ),
        ops.AddField(
            model_name="Provisioning",
            name="smart_pin_enabled",
            field=fields.BooleanField(null=True),
        ),
    ]
