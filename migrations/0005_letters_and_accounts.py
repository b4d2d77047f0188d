"""Letters wait in the database, browsers are known by a token of their own, and an account is there once a letter is answered."""
# ruff: noqa: E501, RUF012, S608

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

_UNANSWERED = "SELECT id FROM accounts WHERE password_hash IS NULL" + "".join(
    f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.account_id = accounts.id)"
    for table in ("members", "devices", "sessions", "sign_in_tickets", "recovery_codes")
)


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0004_whom_tokens_act_for")]

    initial = False

    operations = [
        ops.CreateModel(
            name="KnownBrowser",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("tag", fields.CharField(unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField()),
            ],
            options={
                "table": "known_browsers",
                "app": "latchwork",
                "indexes": [Index(fields=["account", "id"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="WaitingLetter",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("sealed", fields.BinaryField()),
                ("about", fields.UUIDField(null=True, db_index=True)),
                ("site_id", fields.UUIDField(null=True, db_index=True)),
                ("member_id", fields.UUIDField(null=True)),
                ("actor_kind", fields.CharField(max_length=16)),
                ("actor_id", fields.UUIDField(null=True)),
                ("written_at", fields.DatetimeField()),
                ("due_at", fields.DatetimeField(db_index=True)),
                ("give_up_at", fields.DatetimeField()),
                ("tries", fields.IntField()),
            ],
            options={"table": "waiting_letters", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.AddField(
            model_name="Device",
            name="confirmed_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AlterField(
            model_name="MailedLink",
            name="account",
            field=fields.ForeignKeyField(
                "latchwork.Account",
                source_field="account_id",
                null=True,
                to_field="id",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="Member",
            name="invited_email",
            field=fields.CharField(null=True, max_length=254),
        ),
        ops.AddField(
            model_name="Session",
            name="confirmed_at",
            field=fields.DatetimeField(null=True),
        ),
        # Who was asked to join and has not answered keeps their letter and its link, and no account.
        ops.RunSQL(
            "UPDATE members SET invited_email ="
            " (SELECT email FROM accounts WHERE accounts.id = members.account_id)"
            " WHERE accepted_at IS NULL AND account_id IS NOT NULL"
        ),
        ops.RunSQL("UPDATE members SET account_id = NULL WHERE accepted_at IS NULL"),
        ops.RunSQL("UPDATE mailed_links SET account_id = NULL WHERE purpose = 'ACCEPT_MEMBERSHIP'"),
        # SQLite enforces no foreign keys here, so what hangs on these accounts goes first.
        ops.RunSQL(f"DELETE FROM mailed_links WHERE account_id IN ({_UNANSWERED})"),  # noqa: S608
        ops.RunSQL(f"DELETE FROM accounts WHERE id IN ({_UNANSWERED})"),  # noqa: S608
    ]
