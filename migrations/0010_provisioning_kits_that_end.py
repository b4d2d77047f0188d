"""Provisioning kits that end."""
# ruff: noqa: E501, RUF012

from datetime import timedelta

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.db_defaults import SqlDefault
from tortoise import fields


async def end_in_time(apps, editor) -> None:  # type: ignore[no-untyped-def]
    """A secret that no lock has proven is good for a day from its making, as a new one is; the audit says who took it."""
    Provisioning = apps.get_model("latchwork.Provisioning")
    AuditRow = apps.get_model("latchwork.AuditRow")
    for kit in await Provisioning.all():
        taken_by: tuple[str | None, object] = (None, None)
        if kit.proven_at is None:
            for row in await AuditRow.filter(action="provisionLock", target_id=kit.lock_id):
                if row.changes.get("incarnation") == kit.incarnation:
                    taken_by = (row.actor_kind, row.actor_id)
        await Provisioning.filter(id=kit.id).update(
            expires_at=kit.created_at + timedelta(days=1),
            taken_by_kind=taken_by[0],
            taken_by_id=taken_by[1],
        )


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0009_what_locks_lack_and_their_connections")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Alert",
            name="lock_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Provisioning",
            name="cancelled_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Provisioning",
            name="expires_at",
            field=fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00+00:00'")),
        ),
        ops.AddField(
            model_name="Provisioning",
            name="taken_by_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Provisioning",
            name="taken_by_kind",
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.RunPython(end_in_time),
    ]
