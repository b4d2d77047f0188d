"""What is gone from locks, and indexes for what grows."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

PRESENT = [
    "UPDATE lock_entries SET pin_length = (SELECT pins.length FROM pins WHERE pins.id = lock_entries.pin_id) WHERE state = 'LIVE' AND pin_id IS NOT NULL",
    "CREATE INDEX lock_entries_present ON lock_entries (lock_id, revision) WHERE gone_at IS NULL",
    "CREATE INDEX lock_entries_pin_lengths ON lock_entries (lock_id, pin_length) WHERE pin_length IS NOT NULL",
    "CREATE INDEX lock_entries_leaving ON lock_entries (lock_id) WHERE state = 'REMOVED' AND gone_at IS NULL",
]


async def leave_room(apps, editor) -> None:  # type: ignore[no-untyped-def]
    """A row that is changed beside its old version is found by the same entries of the indexes."""
    if editor.client.capabilities.dialect == "postgres":
        await editor.client.execute_script(
            "ALTER TABLE lock_entries SET (fillfactor = 85); ALTER TABLE locks SET (fillfactor = 85)"
        )


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0015_clocks_that_were_lost")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="KnownBrowser",
            index=Index(fields=["expires_at"]),
        ),
        ops.RemoveIndex(
            model_name="LockEntry",
            name=None,
            fields=["lock", "revision"],
        ),
        ops.AddField(
            model_name="LockEntry",
            name="gone_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="LockEntry",
            name="pin_length",
            field=fields.SmallIntField(null=True),
        ),
        ops.AddIndex(
            model_name="MailedLink",
            index=Index(fields=["account"]),
        ),
        ops.AddIndex(
            model_name="MailedLink",
            index=Index(fields=["member"]),
        ),
        ops.AddIndex(
            model_name="MailedLink",
            index=Index(fields=["expires_at"]),
        ),
        ops.AddIndex(
            model_name="RecoveryCode",
            index=Index(fields=["account"]),
        ),
        ops.AddIndex(
            model_name="Session",
            index=Index(fields=["account"]),
        ),
        ops.AddIndex(
            model_name="Session",
            index=Index(fields=["expires_at"]),
        ),
        ops.AddIndex(
            model_name="SignInTicket",
            index=Index(fields=["account"]),
        ),
        ops.AddIndex(
            model_name="SignInTicket",
            index=Index(fields=["expires_at"]),
        ),
        ops.AddIndex(
            model_name="SocketTicket",
            index=Index(fields=["device"]),
        ),
        ops.AddIndex(
            model_name="SocketTicket",
            index=Index(fields=["session"]),
        ),
        ops.AddIndex(
            model_name="SocketTicket",
            index=Index(fields=["token"]),
        ),
        ops.AddIndex(
            model_name="SocketTicket",
            index=Index(fields=["expires_at"]),
        ),
        ops.RemoveIndex(
            model_name="UnlockCommand",
            name=None,
            fields=["lock", "id"],
        ),
        ops.AddIndex(
            model_name="UnlockCommand",
            index=Index(fields=["lock", "expires_at"]),
        ),
        ops.AddIndex(
            model_name="UnlockCommand",
            index=Index(fields=["expires_at"]),
        ),
        ops.RunSQL(PRESENT),
        ops.RunPython(leave_room),
    ]
