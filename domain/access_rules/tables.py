"""Access rules: what members may open with a phone or a personal PIN."""

from typing import Any
from uuid import UUID

from tortoise import fields

from domain.database.rows import Row
from domain.schedules.columns import ScheduleColumns


class AccessRule(Row, ScheduleColumns):
    """A member, or a tag of members, may open locks at times. Exactly one of `member` and `member_tag` is set."""

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    member_id: UUID | None
    member: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Member", on_delete=fields.CASCADE, null=True
    )
    member_tag_id: UUID | None
    member_tag: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Tag", on_delete=fields.CASCADE, null=True
    )
    valid_from = fields.DateField(null=True)
    valid_until = fields.DateField(null=True)
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "access_rules"
        indexes = (("site", "id"), ("member",), ("member_tag",))


class AccessRuleLock(Row):
    """A lock chosen by its id."""

    rule_id: UUID
    rule: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.AccessRule", on_delete=fields.CASCADE
    )
    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )

    class Meta:
        table = "access_rule_locks"
        unique_together = (("rule", "lock"),)
        indexes = (("lock",),)


class AccessRuleLockTag(Row):
    """A tag of locks; whatever it holds, now and later, is opened."""

    rule_id: UUID
    rule: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.AccessRule", on_delete=fields.CASCADE
    )
    tag_id: UUID
    tag: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Tag", on_delete=fields.CASCADE
    )

    class Meta:
        table = "access_rule_lock_tags"
        unique_together = (("rule", "tag"),)
        indexes = (("tag",),)
