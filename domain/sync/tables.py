"""What was sent to locks and what they reported."""

from uuid import UUID

from tortoise import fields

from domain.columns import Row
from domain.link.events import LockEventKind, OpeningMethod


class UnlockCommand(Row):
    """An order to open now. Its id is what the lock remembers, so that it opens once.

    `nonce` and `seconds_left` are fixed when the order is made: the lock counts the deadline from its nonce's making.
    """

    lock_id: UUID
    lock = fields.ForeignKeyField("latchwork.Lock", on_delete=fields.CASCADE)
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

    class Meta:
        table = "unlock_commands"
        indexes = (("lock", "id"),)


class LockEvent(Row):
    """What a lock reported, once: unique by (lock, state id, sequence), numbered in its site in commit order."""

    site_id: UUID
    site = fields.ForeignKeyField("latchwork.Site", on_delete=fields.RESTRICT)
    number = fields.BigIntField()
    lock_id: UUID
    lock = fields.ForeignKeyField("latchwork.Lock", on_delete=fields.CASCADE)
    state_id = fields.CharField(max_length=64)
    sequence = fields.BigIntField()
    kind = fields.CharEnumField(LockEventKind, max_length=24)
    method = fields.CharEnumField(OpeningMethod, max_length=16, null=True)
    at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    entry_id = fields.CharField(max_length=64, null=True)
    command_id = fields.UUIDField(null=True, db_index=True)
    member_id = fields.UUIDField(null=True)
    invitation_id = fields.UUIDField(null=True)
    device_id = fields.UUIDField(null=True)
    reasons = fields.JSONField(default=list)

    class Meta:
        table = "lock_events"
        unique_together = (("lock", "state_id", "sequence"), ("site", "number"))
        indexes = (("lock", "number"),)


class EventHead(Row):
    """The last event number of a site; its row lock makes number order and commit order one. `id` is the site's."""

    number = fields.BigIntField(default=0)

    class Meta:
        table = "event_heads"
