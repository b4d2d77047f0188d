"""Leases that are over."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0022_locks_that_were_opened_up")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="OpenLease",
            index=Index(fields=["expires_at"]),
        ),
    ]
