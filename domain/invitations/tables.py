"""Invitations and the locks they open."""

from typing import Any
from uuid import UUID

from tortoise import fields

from domain.database.rows import Row, Searchable
from domain.schedules.columns import ScheduleColumns


class Invitation(Row, ScheduleColumns, Searchable):
    """A code that devices redeem without an account. Nothing of it changes after creation but `devices_used` and its end.

    The code is stored twice, never in the clear: `code_tag` (keyed hash) to find it, `code_sealed` to share it again.
    """

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    code_tag = fields.CharField(max_length=64, unique=True)
    code_sealed = fields.BinaryField()
    valid_from = fields.DatetimeField(null=True)
    valid_until = fields.DatetimeField()
    device_limit = fields.IntField()
    devices_used = fields.IntField(default=0)
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "invitations"
        indexes = (("site", "id"), ("site", "valid_until"))


class InvitationLock(Row):
    """A lock that an invitation opens; fixed at creation."""

    invitation_id: UUID
    invitation: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Invitation", on_delete=fields.CASCADE
    )
    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )

    class Meta:
        table = "invitation_locks"
        unique_together = (("invitation", "lock"),)
        indexes = (("lock",),)
