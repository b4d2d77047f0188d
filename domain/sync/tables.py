"""What was sent to locks and what they reported."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault

from domain.database.rows import Row
from domain.link.entries import EntryKind
from domain.link.events import EventRefusal, LockEventKind, OpeningMethod


class UnlockCommand(Row):
    """A command to open now. Its id is what the lock remembers, so that it opens once.

    `nonce` and `nonce_seconds` are fixed when the command is made: the lock counts the deadline from its nonce's making.
    It is handed out (`handed_out_at`) or dropped (`dropped_at`); of one that is dropped it is certain that nothing was sent.
    """

    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )
    incarnation = fields.CharField(max_length=32)
    nonce = fields.CharField(max_length=64)
    nonce_seconds = fields.IntField()
    releases_lockout = fields.BooleanField(default=False)
    member_id = fields.UUIDField(null=True)
    invitation_id = fields.UUIDField(null=True)
    device_id = fields.UUIDField(null=True)
    token_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    handed_out_at = fields.DatetimeField(null=True)
    dropped_at = fields.DatetimeField(null=True)

    class Meta:
        table = "unlock_commands"
        indexes = (("lock", "expires_at"), ("expires_at",))


class OpenLease(Row):
    """A right to open one lock that a phone carries for some minutes (`domain.link.courier`). The lease itself is not kept.

    It is a member's, or an invitation's. `expires_at` is its end, from which on it opens nothing.
    """

    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )
    incarnation = fields.CharField(max_length=32)
    member_id = fields.UUIDField(null=True)
    invitation_id = fields.UUIDField(null=True)
    device_id = fields.UUIDField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "open_leases"
        indexes = (("lock", "expires_at"), ("expires_at",))


class LockEvent(Row):
    """What a lock reported, once: unique by (lock, state id, sequence), numbered in its site in commit order.

    `moment`, by which events are looked for, is the lock's own time of it (`at`), or when it was recorded where it had none.
    `count` says how many events were dropped or are missing. An event that could not be read is EVENT_REFUSED, with why
    and the kind that it claimed to be.
    """

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    number = fields.BigIntField()
    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )
    state_id = fields.CharField(max_length=64)
    sequence = fields.BigIntField()
    kind = fields.CharEnumField(LockEventKind, max_length=24)
    method = fields.CharEnumField(OpeningMethod, max_length=16, null=True)
    at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    moment = fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00+00:00'"))
    entry_id = fields.CharField(max_length=64, null=True)
    command_id = fields.UUIDField(null=True, db_index=True)
    lease_id = fields.UUIDField(null=True)
    member_id = fields.UUIDField(null=True)
    invitation_id = fields.UUIDField(null=True)
    device_id = fields.UUIDField(null=True)
    smart_pin_id = fields.UUIDField(null=True)
    reasons: Any = fields.JSONField(default=list)
    count = fields.BigIntField(null=True)
    refusal = fields.CharEnumField(EventRefusal, max_length=16, null=True)
    claimed_kind = fields.CharEnumField(LockEventKind, max_length=24, null=True)

    class Meta:
        table = "lock_events"
        unique_together = (("lock", "state_id", "sequence"), ("site", "number"))
        indexes = (("lock", "number"), ("site", "moment", "number"))


class EntryState(StrEnum):
    """What a lock should hold of an entry: LIVE with its payload; BLOCKED and REMOVED without one."""

    LIVE = "LIVE"
    BLOCKED = "BLOCKED"
    REMOVED = "REMOVED"


class LockEntry(Row):
    """What one lock should hold of one credential or setting, and what is known of what it holds.

    One row per (lock, name), however often it is edited. `content` is the meaning; what is sent is made of it, and of
    the sealed verifier, in the moment of sending, and must have `payload_hash` (hexadecimal; empty for what is not
    LIVE, and before the lock's first proof): a row copied over another is found out. `applied_version` is the version
    that the lock acknowledged last, `applied_live` whether that one opens. `pending_since` is the moment of the oldest
    change that it lacks, `pending_changes` of each (see `rules.PendingChanges`). `acknowledged` is kept of settings and
    PINs: the newest version that was wanted, acknowledged, and then replaced, with its content. `pin_length` is the number
    of digits of a LIVE PIN.

    `gone_at` is set of a REMOVED one of which nothing can come back (`sweeping`). It stays, for those who ask what became
    of a PIN, and whoever reads all entries of a lock leaves it out: a lock pays for what it holds, not for what it held.
    """

    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE, related_name="entries"
    )
    name = fields.CharField(max_length=64)
    kind = fields.CharEnumField(EntryKind, max_length=16)
    pin_id: UUID | None
    pin: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Pin", on_delete=fields.CASCADE, null=True
    )
    state = fields.CharEnumField(EntryState, max_length=8)
    version = fields.IntField(default=1)
    revision = fields.BigIntField()
    content: Any = fields.JSONField()
    payload_hash = fields.CharField(max_length=64, default="")
    applied_version = fields.IntField(null=True)
    applied_live = fields.BooleanField(default=False)
    pending_since = fields.DatetimeField(null=True)
    pending_changes: Any = fields.JSONField(null=True)
    acknowledged: Any = fields.JSONField(null=True)
    pin_length = fields.SmallIntField(null=True)
    gone_at = fields.DatetimeField(null=True)

    class Meta:
        table = "lock_entries"
        unique_together = (("lock", "name"),)
        # Further ones over some of the rows in migration 0016. None over what an acknowledgement changes: PostgreSQL would
        # write each row's place into every index anew.
        indexes = (("pin",),)


class DeliveryAnswer(StrEnum):
    """What a lock said of a delivery that did not settle it."""

    REFUSED = "REFUSED"
    """It was not applied and will not be: what it carried is not there by it."""
    DIFFERS = "DIFFERS"
    """The lock is at its revision with another sum: what it holds is not known."""


class LockDelivery(Row):
    """A sealed set of entries that was handed out: what it carried, and, if it was everything wanted, the sum to expect.

    `items` is a list of [entry row id, version, live]. `answer` is null while nothing has been heard of it, and once it
    is settled.
    """

    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )
    incarnation = fields.CharField(max_length=32)
    epoch = fields.BigIntField()
    from_revision = fields.BigIntField()
    to_revision = fields.BigIntField()
    snapshot = fields.BooleanField(default=False)
    expected_sum = fields.CharField(max_length=64, null=True)
    items: Any = fields.JSONField()
    created_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    parts = fields.IntField(null=True)
    answer = fields.CharEnumField(DeliveryAnswer, max_length=8, null=True)

    class Meta:
        table = "lock_deliveries"
        indexes = (("lock", "to_revision"),)


class EventHead(Row):
    """The last event number of a site; its row lock makes number order and commit order one. `id` is the site's.

    Up to `gone` events were deleted by the site's rule, but for the newest of each lock.
    """

    number = fields.BigIntField(default=0)
    gone = fields.BigIntField(db_default=0)

    class Meta:
        table = "event_heads"
