"""Alerts that are seen, end and are mailed; events that are kept for some days."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0020_keys_that_are_changed_while_serving")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AlertReader",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "latchwork.Member",
                        source_field="member_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "alert_readers",
                "app": "latchwork",
                "unique_together": (("site", "member"),),
                "pk_attr": "id",
            },
        ),
        ops.AddField(
            model_name="Alert",
            name="cause",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Alert",
            name="ended_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Alert",
            name="mail_due",
            field=fields.BooleanField(db_default=False),
        ),
        ops.AddField(
            model_name="Alert",
            name="pin_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Alert",
            name="seen_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Alert",
            name="smart_pin_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="EventHead",
            name="gone",
            field=fields.BigIntField(db_default=0),
        ),
        ops.AddField(
            model_name="Site",
            name="alert_mail_kinds",
            field=fields.JSONField(null=True),
        ),
        ops.AddField(
            model_name="Site",
            name="event_retention_days",
            field=fields.IntField(null=True),
        ),
        # Those of before are no news; what is asked for often finds few of many.
        ops.RunSQL("UPDATE alerts SET seen_at = at"),
        ops.RunSQL("CREATE INDEX alerts_unseen ON alerts (site_id, id) WHERE seen_at IS NULL"),
        ops.RunSQL(
            "CREATE INDEX alerts_open ON alerts (kind) WHERE ended_at IS NULL AND cause IS NOT NULL"
        ),
        ops.RunSQL("CREATE INDEX alerts_mail_due ON alerts (mail_due)"),
    ]
