"""Phones that an admin took off."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0001_initial")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Device",
            name="barred",
            field=fields.BooleanField(db_default=False),
        ),
        # Until now nobody but an admin could take a phone off an invitation.
        ops.RunSQL(
            "UPDATE devices SET barred = TRUE WHERE invitation_id IS NOT NULL AND removed_at IS NOT NULL"
        ),
    ]
