"""Tags: the names by which members and locks are chosen."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields

from domain.database.rows import Row, Searchable


class TagKind(StrEnum):
    """DEFAULT is made with its one member or lock; SPECIAL is a named group."""

    DEFAULT = "DEFAULT"
    SPECIAL = "SPECIAL"


class TagTarget(StrEnum):
    """What a tag holds."""

    MEMBER = "MEMBER"
    LOCK = "LOCK"


class Tag(Row, Searchable):
    """A named set of members or of locks of one site."""

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(TagKind, max_length=8)
    target = fields.CharEnumField(TagTarget, max_length=8)
    name = fields.CharField(max_length=100)
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "tags"
        indexes = (("site", "id"),)


class TaggedMember(Row):
    """A member that a tag holds."""

    tag_id: UUID
    tag: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Tag", on_delete=fields.CASCADE
    )
    member_id: UUID
    member: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Member", on_delete=fields.CASCADE
    )

    class Meta:
        table = "tagged_members"
        unique_together = (("tag", "member"),)
        indexes = (("member",),)


class TaggedLock(Row):
    """A lock that a tag holds."""

    tag_id: UUID
    tag: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Tag", on_delete=fields.CASCADE
    )
    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )

    class Meta:
        table = "tagged_locks"
        unique_together = (("tag", "lock"),)
        indexes = (("lock",),)
