"""Doors: hubs, locks, readers, and the secrets that were given to locks."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from domain.actors import ActorKind
from domain.database.rows import Row, Searchable
from domain.locks.rules import Connectivity


class Hub(Row, Searchable):
    """Connects locks; topology only: each lock has a socket of its own."""

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "hubs"
        indexes = (("site", "id"),)


class Lock(Row, Searchable):
    """A door with its hardware.

    `incarnation` is the one whose secret was proven last (None before the first proof). `connections` counts the
    sockets on which one was proven, `connection` is the newest on which the lock was heard; `feed_id` names the newest
    feed on that, `nonces` the newest two reported on it, each with the moment of its arrival (newest first). `epoch` is the
    epoch of the database that this lock follows. After a disagreement the next delivery is a snapshot (`snapshot_needed`);
    until it is acknowledged, what the lock holds is not known (`state_unknown`). `link_version` and `link_reads` are what it
    last said of its firmware (`domain.link.claims`); None: it has not connected since it could say it. `clock_lost_since`
    is when it told that it has no time that it trusts; None: it has never told so, or has got the time since.
    """

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    hub_id: UUID | None
    hub: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Hub", on_delete=fields.RESTRICT, null=True
    )
    name = fields.CharField(max_length=100)
    connectivity = fields.CharEnumField(Connectivity, max_length=20)
    smart_pin_enabled = fields.BooleanField(default=False)
    incarnation = fields.CharField(max_length=32, null=True)
    connections = fields.BigIntField(default=0, db_default=0)
    connection = fields.BigIntField(default=0, db_default=0)
    feed_id = fields.CharField(max_length=32, null=True)
    link_version = fields.IntField(null=True)
    link_reads: Any = fields.JSONField(null=True)
    last_contact_at = fields.DatetimeField(null=True)
    nonces: Any = fields.JSONField(default=list)
    epoch = fields.BigIntField(default=1)
    wanted_revision = fields.BigIntField(default=0)
    applied_revision = fields.BigIntField(default=0)
    snapshot_needed = fields.BooleanField(default=False)
    state_unknown = fields.BooleanField(default=False)
    card_sealed = fields.BinaryField(null=True)
    card_pairings = fields.IntField(default=0)
    wrong_entries = fields.IntField(default=0)
    locked_out_since = fields.DatetimeField(null=True)
    clock_lost_since = fields.DatetimeField(null=True)
    compromised_at = fields.DatetimeField(null=True)
    """When an admin said that somebody may have opened it up; None again once it has proven a new secret."""
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "locks"
        indexes = (("site", "id"),)


class Reader(Row):
    """Where people use a lock: a keypad, an NFC or a BLE reader. PIN mode is kept here."""

    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE, related_name="readers"
    )
    name = fields.CharField(max_length=100)
    has_keypad = fields.BooleanField(default=True)
    pin_enabled = fields.BooleanField(default=True)
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00+00:00'"))

    class Meta:
        table = "readers"
        indexes = (("lock",),)


class Provisioning(Row):
    """One lock secret, sealed. Pending until `proven_at`; a proven one is replaced only by a newer proven one. The
    key `id` tells which of a lock's is newer.

    It can be proven before `expires_at` and unless it was cancelled (`cancelled_at`). `taken_by_kind` and `taken_by_id`
    name who took it; None where that is not known any more.
    `zone`, `fixed_offset_minutes` and `smart_pin_enabled` were given with it: the lock follows them until it is told
    others. The last is None where it was not written down.
    """

    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )
    incarnation = fields.CharField(max_length=32, unique=True)
    secret_sealed = fields.BinaryField()
    zone = fields.CharField(max_length=64)
    fixed_offset_minutes = fields.SmallIntField()
    smart_pin_enabled = fields.BooleanField(null=True)
    created_at = fields.DatetimeField()
    proven_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00+00:00'"))
    cancelled_at = fields.DatetimeField(null=True)
    taken_by_kind = fields.CharEnumField(ActorKind, max_length=16, null=True)
    taken_by_id = fields.UUIDField(null=True)

    class Meta:
        table = "provisionings"
        indexes = (("lock",),)
