"""Initial."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.columns import new_id
from domain.link.events import LockEventKind, OpeningMethod
from domain.locks.rules import Connectivity
from domain.people.actors import ActorKind, Role
from domain.people.tables import LinkPurpose, Platform
from domain.sites.rules import SystemType
from domain.tags.tables import TagKind, TagTarget


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("email", fields.CharField(unique=True, max_length=254)),
                ("password_hash", fields.CharField(null=True, max_length=255)),
                ("totp_sealed", fields.BinaryField(null=True)),
                (
                    "totp_confirmed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("totp_last_step", fields.BigIntField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "accounts", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("name", fields.CharField(max_length=100)),
                ("tag", fields.CharField(unique=True, max_length=64)),
                ("role", fields.CharEnumField(enum_type=Role, max_length=16)),
                ("can_edit", fields.BooleanField(default=True)),
                (
                    "created_by",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="created_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "api_tokens", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("number", fields.BigIntField(default=0)),
                ("mac", fields.CharField(default="", max_length=64)),
            ],
            options={"table": "audit_heads", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="AuditRow",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("chain", fields.UUIDField()),
                ("number", fields.BigIntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor_kind", fields.CharEnumField(enum_type=ActorKind, max_length=16)),
                ("actor_id", fields.UUIDField(null=True)),
                ("action", fields.CharField(max_length=64)),
                ("target_kind", fields.CharField(max_length=32)),
                ("target_id", fields.UUIDField()),
                ("changes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("mac", fields.CharField(max_length=64)),
            ],
            options={
                "table": "audit_rows",
                "app": "latchwork",
                "unique_together": (("chain", "number"),),
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="EventHead",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("number", fields.BigIntField(default=0)),
            ],
            options={"table": "event_heads", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("tag", fields.CharField(unique=True, max_length=64)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "recovery_codes", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="SeenProof",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("proof", fields.CharField(unique=True, max_length=64)),
                (
                    "expires_at",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={"table": "seen_proofs", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("tag", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "sessions", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="SignInTicket",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tag", fields.CharField(unique=True, max_length=64)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "sign_in_tickets", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("name", fields.CharField(max_length=100)),
                ("timezone", fields.CharField(max_length=64)),
                ("system_type", fields.CharEnumField(enum_type=SystemType, max_length=16)),
                ("invitations_enabled", fields.BooleanField(default=True)),
                ("custom_pins_enabled", fields.BooleanField(default=True)),
                ("seat_limit", fields.IntField(default=100)),
                ("pin_min_length", fields.SmallIntField(default=4)),
                ("pin_max_length", fields.SmallIntField(default=8)),
                ("pin_auto_length", fields.SmallIntField(default=6)),
                ("guess_limit", fields.IntField(default=1000)),
                ("pin_salt", fields.BinaryField()),
                ("pin_time_cost", fields.IntField()),
                ("pin_memory_kib", fields.IntField()),
                ("pin_parallelism", fields.SmallIntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "sites", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ApiTokenSite",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "token",
                    fields.ForeignKeyField(
                        "latchwork.ApiToken",
                        source_field="token_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        db_constraint=True,
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
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Hub",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "hubs",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("slot_start", fields.CharField(null=True, max_length=15)),
                ("slot_end", fields.CharField(null=True, max_length=15)),
                ("weekdays", fields.SmallIntField(default=127)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("code_tag", fields.CharField(unique=True, max_length=64)),
                ("code_sealed", fields.BinaryField()),
                ("valid_from", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("device_limit", fields.IntField()),
                ("devices_used", fields.IntField(default=0)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "invitations",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"]), Index(fields=["site", "valid_until"])],
                "pk_attr": "id",
            },
            bases=["Row", "SlotColumns"],
        ),
        ops.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        null=True,
                        db_constraint=True,
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
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("thumbprint", fields.CharField(db_index=True, max_length=43)),
                ("name", fields.CharField(max_length=100)),
                ("platform", fields.CharEnumField(enum_type=Platform, max_length=16)),
                ("generation", fields.IntField(default=1)),
                ("redeemed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "devices",
                "app": "latchwork",
                "unique_together": (("invitation", "thumbprint"), ("account", "thumbprint")),
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Lock",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        db_constraint=True,
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
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("connectivity", fields.CharEnumField(enum_type=Connectivity, max_length=20)),
                ("smart_pin_enabled", fields.BooleanField(default=False)),
                ("incarnation", fields.CharField(null=True, max_length=32)),
                ("feed_id", fields.CharField(null=True, max_length=32)),
                (
                    "last_contact_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("nonces", fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ("epoch", fields.BigIntField(default=1)),
                ("wanted_revision", fields.BigIntField(default=0)),
                ("applied_revision", fields.BigIntField(default=0)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "locks",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="InvitationLock",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "invitation",
                    fields.ForeignKeyField(
                        "latchwork.Invitation",
                        source_field="invitation_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        db_constraint=True,
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
            bases=["Row"],
        ),
        ops.CreateModel(
            name="LockEvent",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        db_constraint=True,
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
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("state_id", fields.CharField(max_length=64)),
                ("sequence", fields.BigIntField()),
                ("kind", fields.CharEnumField(enum_type=LockEventKind, max_length=24)),
                ("method", fields.CharEnumField(null=True, enum_type=OpeningMethod, max_length=16)),
                ("at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("entry_id", fields.CharField(null=True, max_length=64)),
                ("command_id", fields.UUIDField(null=True, db_index=True)),
                ("member_id", fields.UUIDField(null=True)),
                ("invitation_id", fields.UUIDField(null=True)),
                ("device_id", fields.UUIDField(null=True)),
                ("reasons", fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "lock_events",
                "app": "latchwork",
                "unique_together": (("lock", "state_id", "sequence"), ("site", "number")),
                "indexes": [Index(fields=["lock", "number"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Member",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        db_constraint=True,
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
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("role", fields.CharEnumField(enum_type=Role, max_length=16)),
                ("can_edit", fields.BooleanField(default=False)),
                (
                    "accepted_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "members",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"]), Index(fields=["account"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="MailedLink",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("purpose", fields.CharEnumField(enum_type=LinkPurpose, max_length=24)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "latchwork.Account",
                        source_field="account_id",
                        db_constraint=True,
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
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("tag", fields.CharField(unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "mailed_links", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Provisioning",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("incarnation", fields.CharField(unique=True, max_length=32)),
                ("secret_sealed", fields.BinaryField()),
                ("fixed_offset_minutes", fields.SmallIntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("proven_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "provisionings",
                "app": "latchwork",
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Reader",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="readers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("has_keypad", fields.BooleanField(default=True)),
                ("pin_enabled", fields.BooleanField(default=True)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "readers",
                "app": "latchwork",
                "indexes": [Index(fields=["lock"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="SocketTicket",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tag", fields.CharField(unique=True, max_length=64)),
                (
                    "device",
                    fields.ForeignKeyField(
                        "latchwork.Device",
                        source_field="device_id",
                        null=True,
                        db_constraint=True,
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
                        db_constraint=True,
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
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "socket_tickets", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "site",
                    fields.ForeignKeyField(
                        "latchwork.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharEnumField(enum_type=TagKind, max_length=8)),
                ("target", fields.CharEnumField(enum_type=TagTarget, max_length=8)),
                ("name", fields.CharField(max_length=100)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tags",
                "app": "latchwork",
                "indexes": [Index(fields=["site", "id"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="TaggedLock",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "tag",
                    fields.ForeignKeyField(
                        "latchwork.Tag",
                        source_field="tag_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        db_constraint=True,
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
            bases=["Row"],
        ),
        ops.CreateModel(
            name="TaggedMember",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "tag",
                    fields.ForeignKeyField(
                        "latchwork.Tag",
                        source_field="tag_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "latchwork.Member",
                        source_field="member_id",
                        db_constraint=True,
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
            bases=["Row"],
        ),
        ops.CreateModel(
            name="TryCounter",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "window_start",
                    fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
                ),
                ("tries", fields.IntField(default=0)),
            ],
            options={"table": "try_counters", "app": "latchwork", "pk_attr": "id"},
            bases=["Row"],
        ),
        ops.CreateModel(
            name="UnlockCommand",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                (
                    "lock",
                    fields.ForeignKeyField(
                        "latchwork.Lock",
                        source_field="lock_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("incarnation", fields.CharField(max_length=32)),
                ("nonce", fields.CharField(max_length=64)),
                ("nonce_seconds", fields.IntField()),
                ("releases_lockout", fields.BooleanField(default=False)),
                ("member_id", fields.UUIDField(null=True)),
                ("invitation_id", fields.UUIDField(null=True)),
                ("device_id", fields.UUIDField(null=True)),
                ("token_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "unlock_commands",
                "app": "latchwork",
                "indexes": [Index(fields=["lock", "id"])],
                "pk_attr": "id",
            },
            bases=["Row"],
        ),
    ]
