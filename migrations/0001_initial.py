"""Initial."""
# ruff: noqa: E501, RUF012

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("email", fields.CharField(unique=True, max_length=254)),
                ("password_hash", fields.CharField(null=True, max_length=255)),
                ("totp_sealed", fields.BinaryField(null=True)),
                ("totp_confirmed_at", fields.DatetimeField(null=True)),
                ("totp_last_step", fields.BigIntField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "accounts", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="ApiToken",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("name", fields.CharField(max_length=100)),
                ("tag", fields.CharField(unique=True, max_length=64)),
                ("role", fields.CharField(max_length=16)),
                ("can_edit", fields.BooleanField()),
                ("created_at", fields.DatetimeField()),
                ("expires_at", fields.DatetimeField(null=True)),
                ("revoked_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "api_tokens", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="AuditHead",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("number", fields.BigIntField()),
                ("mac", fields.CharField(max_length=64)),
            ],
            options={"table": "audit_heads", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="AuditRow",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("chain", fields.UUIDField()),
                ("number", fields.BigIntField()),
                ("at", fields.DatetimeField()),
                ("actor_kind", fields.CharField(max_length=16)),
                ("actor_id", fields.UUIDField(null=True)),
                ("action", fields.CharField(max_length=64)),
                ("target_kind", fields.CharField(max_length=32)),
                ("target_id", fields.UUIDField()),
                ("changes", fields.JSONField()),
                ("mac", fields.CharField(max_length=64)),
            ],
            options={
                "table": "audit_rows",
                "app": "latchwork",
                "unique_together": (("chain", "number"),),
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="EventHead",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("number", fields.BigIntField()),
            ],
            options={"table": "event_heads", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="RecoveryCode",
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
                ("used_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "recovery_codes", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="SeenProof",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("proof", fields.CharField(unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField(db_index=True)),
            ],
            options={"table": "seen_proofs", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Session",
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
                ("created_at", fields.DatetimeField()),
                ("expires_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "sessions", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="SignInTicket",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("tag", fields.CharField(unique=True, max_length=64)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("expires_at", fields.DatetimeField()),
                ("used_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "sign_in_tickets", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Site",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("name", fields.CharField(max_length=100)),
                ("timezone", fields.CharField(max_length=64)),
                ("system_type", fields.CharField(max_length=16)),
                ("invitations_enabled", fields.BooleanField()),
                ("custom_pins_enabled", fields.BooleanField()),
                ("seat_limit", fields.IntField()),
                ("pin_min_length", fields.SmallIntField()),
                ("pin_max_length", fields.SmallIntField()),
                ("pin_auto_length", fields.SmallIntField()),
                ("guess_limit", fields.IntField()),
                ("lockout_release_minutes", fields.IntField(null=True)),
                ("smart_pin_activation", fields.BooleanField(db_default=False)),
                ("pin_salt", fields.BinaryField()),
                ("pin_time_cost", fields.IntField()),
                ("pin_memory_kib", fields.IntField()),
                ("pin_parallelism", fields.SmallIntField()),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "sites", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Alert",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharField(max_length=32)),
                ("actor_kind", fields.CharField(max_length=16)),
                ("actor_id", fields.UUIDField(null=True)),
                ("member_id", fields.UUIDField(null=True)),
                ("at", fields.DatetimeField()),
            ],
            options={
                "table": "alerts",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="ApiTokenSite",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "token",
                    fields.ForeignKeyField(
                        "latchwork.ApiToken",
                        source_field="token_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "api_token_sites",
                "app": "latchwork",
                "unique_together": (("token", "site"),),
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Hub",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("deleted_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "hubs",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Invitation",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("slot_start", fields.CharField(null=True, max_length=15)),
                ("slot_end", fields.CharField(null=True, max_length=15)),
                ("weekdays", fields.SmallIntField()),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("code_tag", fields.CharField(unique=True, max_length=64)),
                ("code_sealed", fields.BinaryField()),
                ("valid_from", fields.DatetimeField(null=True)),
                ("valid_until", fields.DatetimeField()),
                ("device_limit", fields.IntField()),
                ("devices_used", fields.IntField()),
                ("deleted_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "invitations",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"]), Index(fields=["site", "valid_until"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Device",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "invitation",
                    fields.ForeignKeyField(
                        "latchwork.Invitation",
                        source_field="invitation_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("thumbprint", fields.CharField(db_index=True, max_length=43)),
                ("name", fields.CharField(max_length=100)),
                ("platform", fields.CharField(max_length=16)),
                ("generation", fields.IntField()),
                ("redeemed_at", fields.DatetimeField()),
                ("expires_at", fields.DatetimeField(null=True)),
                ("removed_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "devices",
                "app": "latchwork",
                "unique_together": (("invitation", "thumbprint"), ("account", "thumbprint")),
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Lock",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "hub",
                    fields.ForeignKeyField(
                        "latchwork.Hub",
                        source_field="hub_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("connectivity", fields.CharField(max_length=20)),
                ("smart_pin_enabled", fields.BooleanField()),
                ("incarnation", fields.CharField(null=True, max_length=32)),
                ("feed_id", fields.CharField(null=True, max_length=32)),
                ("last_contact_at", fields.DatetimeField(null=True)),
                ("nonces", fields.JSONField()),
                ("epoch", fields.BigIntField()),
                ("wanted_revision", fields.BigIntField()),
                ("applied_revision", fields.BigIntField()),
                ("snapshot_needed", fields.BooleanField()),
                ("state_unknown", fields.BooleanField()),
                ("card_sealed", fields.BinaryField(null=True)),
                ("card_pairings", fields.IntField()),
                ("wrong_entries", fields.IntField()),
                ("locked_out_since", fields.DatetimeField(null=True)),
                ("deleted_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "locks",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="InvitationLock",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "invitation",
                    fields.ForeignKeyField(
                        "latchwork.Invitation",
                        source_field="invitation_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "invitation_locks",
                "app": "latchwork",
                "unique_together": (("invitation", "lock"),),
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="LockDelivery",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("incarnation", fields.CharField(max_length=32)),
                ("epoch", fields.BigIntField()),
                ("from_revision", fields.BigIntField()),
                ("to_revision", fields.BigIntField()),
                ("snapshot", fields.BooleanField()),
                ("expected_sum", fields.CharField(null=True, max_length=64)),
                ("items", fields.JSONField()),
                ("created_at", fields.DatetimeField()),
                ("settled_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "lock_deliveries",
                "app": "latchwork",
                "indexes": [Index(fields=["lock", "to_revision"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="LockEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.BigIntField()),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("state_id", fields.CharField(max_length=64)),
                ("sequence", fields.BigIntField()),
                ("kind", fields.CharField(max_length=24)),
                ("method", fields.CharField(null=True, max_length=16)),
                ("at", fields.DatetimeField(null=True)),
                ("recorded_at", fields.DatetimeField()),
                ("entry_id", fields.CharField(null=True, max_length=64)),
                ("command_id", fields.UUIDField(null=True, db_index=True)),
                ("member_id", fields.UUIDField(null=True)),
                ("invitation_id", fields.UUIDField(null=True)),
                ("device_id", fields.UUIDField(null=True)),
                ("smart_pin_id", fields.UUIDField(null=True)),
                ("reasons", fields.JSONField()),
            ],
            options={
                "table": "lock_events",
                "app": "latchwork",
                "unique_together": (("lock", "state_id", "sequence"), ("site", "number")),
                "indexes": [Index(fields=["lock", "number"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Member",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("role", fields.CharField(max_length=16)),
                ("can_edit", fields.BooleanField()),
                ("accepted_at", fields.DatetimeField(null=True)),
                ("removed_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "members",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"]), Index(fields=["account"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="MailedLink",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("purpose", fields.CharField(max_length=24)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "latchwork.Member",
                        source_field="member_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("tag", fields.CharField(unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField()),
                ("used_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "mailed_links", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Pin",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("slot_start", fields.CharField(null=True, max_length=15)),
                ("slot_end", fields.CharField(null=True, max_length=15)),
                ("weekdays", fields.SmallIntField()),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "latchwork.Member",
                        source_field="owner_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharField(max_length=8)),
                ("status", fields.CharField(max_length=8)),
                ("personal", fields.BooleanField()),
                ("blocked_by_admin", fields.BooleanField(db_default=False)),
                ("notes", fields.CharField(max_length=500)),
                ("length", fields.SmallIntField()),
                ("verifier_sealed", fields.BinaryField(null=True)),
                ("digits_version", fields.IntField()),
                ("valid_from", fields.DateField(null=True)),
                ("valid_until", fields.DateField(null=True)),
                ("created_at", fields.DatetimeField()),
                ("updated_at", fields.DatetimeField()),
            ],
            options={
                "table": "pins",
                "app": "latchwork",
                "constraints": [
                    UniqueConstraint(
                        fields=("owner", "kind"),
                        name="pins_one_personal_a_kind",
                        condition="personal AND status <> 'REMOVED'",
                    )
                ],
                "indexes": [Index(fields=["site", "id"]), Index(fields=["owner"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="LockEntry",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        related_name="entries",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=64)),
                ("kind", fields.CharField(max_length=16)),
                (
                    "pin",
                    fields.ForeignKeyField(
                        "latchwork.Pin",
                        source_field="pin_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("state", fields.CharField(max_length=8)),
                ("version", fields.IntField()),
                ("revision", fields.BigIntField()),
                ("content", fields.JSONField()),
                ("payload_hash", fields.CharField(max_length=64)),
                ("applied_version", fields.IntField(null=True)),
                ("applied_live", fields.BooleanField()),
                ("pending_since", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "lock_entries",
                "app": "latchwork",
                "unique_together": (("lock", "name"),),
                "indexes": [Index(fields=["lock", "revision"]), Index(fields=["pin"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="PinLock",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "pin",
                    fields.ForeignKeyField(
                        "latchwork.Pin",
                        source_field="pin_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "pin_locks",
                "app": "latchwork",
                "unique_together": (("pin", "lock"),),
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="PinReservation",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "pin",
                    fields.ForeignKeyField(
                        "latchwork.Pin",
                        source_field="pin_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("tag", fields.CharField(max_length=64)),
                ("retired_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "pin_reservations",
                "app": "latchwork",
                "unique_together": (("site", "tag"),),
                "indexes": [Index(fields=["pin"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="HeldDigits",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "reservation",
                    fields.ForeignKeyField(
                        "latchwork.PinReservation",
                        source_field="reservation_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "entry",
                    fields.ForeignKeyField(
                        "latchwork.LockEntry",
                        source_field="entry_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("until_version", fields.IntField()),
            ],
            options={
                "table": "held_digits",
                "app": "latchwork",
                "unique_together": (("reservation", "entry"),),
                "indexes": [Index(fields=["entry"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Provisioning",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("incarnation", fields.CharField(unique=True, max_length=32)),
                ("secret_sealed", fields.BinaryField()),
                ("zone", fields.CharField(max_length=64)),
                ("fixed_offset_minutes", fields.SmallIntField()),
                ("created_at", fields.DatetimeField()),
                ("proven_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "provisionings",
                "app": "latchwork",
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Reader",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        related_name="readers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("has_keypad", fields.BooleanField()),
                ("pin_enabled", fields.BooleanField()),
                ("deleted_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "readers",
                "app": "latchwork",
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="SmartPin",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("incarnation", fields.CharField(max_length=32)),
                ("epoch", fields.BigIntField()),
                ("code_index", fields.BigIntField()),
                ("entry_name", fields.CharField(max_length=64)),
                ("guest_name", fields.CharField(max_length=100)),
                ("opens_at", fields.DatetimeField()),
                ("closes_at", fields.DatetimeField()),
                ("activate_by", fields.DatetimeField()),
                ("created_at", fields.DatetimeField()),
                ("blocked_at", fields.DatetimeField(null=True)),
                ("blocked_at_door", fields.DatetimeField(null=True)),
                ("dead_at", fields.DatetimeField(null=True)),
                ("first_used_at", fields.DatetimeField(null=True)),
                ("short_pin_set_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "smart_pins",
                "app": "latchwork",
                "unique_together": (
                    ("lock", "incarnation", "epoch", "code_index"),
                    ("lock", "entry_name"),
                ),
                "indexes": [
                    Index(fields=["site", "id"]),
                    Index(fields=["lock", "closes_at"]),
                    Index(fields=["site", "closes_at"]),
                ],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="SocketTicket",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("tag", fields.CharField(unique=True, max_length=64)),
                (
                    "device",
                    fields.ForeignKeyField(
                        "latchwork.Device",
                        source_field="device_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "session",
                    fields.ForeignKeyField(
                        "latchwork.Session",
                        source_field="session_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "token",
                    fields.ForeignKeyField(
                        "latchwork.ApiToken",
                        source_field="token_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("expires_at", fields.DatetimeField()),
                ("used_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "socket_tickets", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Tag",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharField(max_length=8)),
                ("target", fields.CharField(max_length=8)),
                ("name", fields.CharField(max_length=100)),
                ("deleted_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "tags",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="AccessRule",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("slot_start", fields.CharField(null=True, max_length=15)),
                ("slot_end", fields.CharField(null=True, max_length=15)),
                ("weekdays", fields.SmallIntField()),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "latchwork.Member",
                        source_field="member_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member_tag",
                    fields.ForeignKeyField(
                        "latchwork.Tag",
                        source_field="member_tag_id",
                        null=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("valid_from", fields.DateField(null=True)),
                ("valid_until", fields.DateField(null=True)),
                ("deleted_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "access_rules",
                "app": "latchwork",
                "indexes": [
                    Index(fields=["site", "id"]),
                    Index(fields=["member"]),
                    Index(fields=["member_tag"]),
                ],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="AccessRuleLock",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "rule",
                    fields.ForeignKeyField(
                        "latchwork.AccessRule",
                        source_field="rule_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "access_rule_locks",
                "app": "latchwork",
                "unique_together": (("rule", "lock"),),
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="AccessRuleLockTag",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "rule",
                    fields.ForeignKeyField(
                        "latchwork.AccessRule",
                        source_field="rule_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "tag",
                    fields.ForeignKeyField(
                        "latchwork.Tag",
                        source_field="tag_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "access_rule_lock_tags",
                "app": "latchwork",
                "unique_together": (("rule", "tag"),),
                "indexes": [Index(fields=["tag"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="PinLockTag",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "pin",
                    fields.ForeignKeyField(
                        "latchwork.Pin",
                        source_field="pin_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "tag",
                    fields.ForeignKeyField(
                        "latchwork.Tag",
                        source_field="tag_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "pin_lock_tags",
                "app": "latchwork",
                "unique_together": (("pin", "tag"),),
                "indexes": [Index(fields=["tag"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="TaggedLock",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "tag",
                    fields.ForeignKeyField(
                        "latchwork.Tag",
                        source_field="tag_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "tagged_locks",
                "app": "latchwork",
                "unique_together": (("tag", "lock"),),
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="TaggedMember",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "tag",
                    fields.ForeignKeyField(
                        "latchwork.Tag",
                        source_field="tag_id",
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
                "table": "tagged_members",
                "app": "latchwork",
                "unique_together": (("tag", "member"),),
                "indexes": [Index(fields=["member"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="TryCounter",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("window_start", fields.DatetimeField(db_index=True)),
                ("tries", fields.IntField()),
            ],
            options={"table": "try_counters", "app": "latchwork", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="UnlockCommand",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("incarnation", fields.CharField(max_length=32)),
                ("nonce", fields.CharField(max_length=64)),
                ("nonce_seconds", fields.IntField()),
                ("releases_lockout", fields.BooleanField()),
                ("member_id", fields.UUIDField(null=True)),
                ("invitation_id", fields.UUIDField(null=True)),
                ("device_id", fields.UUIDField(null=True)),
                ("token_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField()),
                ("expires_at", fields.DatetimeField()),
            ],
            options={
                "table": "unlock_commands",
                "app": "latchwork",
                "indexes": [Index(fields=["lock", "id"])],
                "pk_attr": "id",
            },
        ),
    ]
