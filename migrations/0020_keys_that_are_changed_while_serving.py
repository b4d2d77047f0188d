"""Keys that are changed while serving."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0019_what_phones_carry")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ServingProcess",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("name", fields.CharField(max_length=200)),
                ("source", fields.CharField(max_length=500)),
                ("keys", fields.JSONField()),
                ("seen_at", fields.DatetimeField()),
            ],
            options={"table": "serving_processes", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.AddField(
            model_name="Device",
            name="token_key",
            field=fields.CharField(null=True, max_length=8),
        ),
        ops.AddField(
            model_name="PinReservation",
            name="verifier_sealed",
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name="RecordedKey",
            name="front_since",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="RecordedKey",
            name="left_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="RecordedKey",
            name="state",
            field=fields.CharField(db_default="BEHIND", max_length=12),
        ),
    ]
