"""What admins should see without having looked for it."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields

from domain.actors import ActorKind
from domain.database.rows import Row


class AlertKind(StrEnum):
    """What happened."""

    PIN_REFUSALS_SPENT = "PIN_REFUSALS_SPENT"
    """Somebody was refused so many PINs that they may be looking for other people's."""
    PIN_CHOICES_SPENT = "PIN_CHOICES_SPENT"
    """Somebody chose, or had made, so many PINs that they may be finding out which ones are free."""
    LETTER_NOT_SENT = "LETTER_NOT_SENT"
    """A letter was never sent: the mail server refuses it, or was tried in vain for days."""
    LOCK_REPLACED = "LOCK_REPLACED"
    """A lock has proven a new secret in place of the one in force; the actor is who took the provisioning kit."""
    LOCK_TOO_OLD = "LOCK_TOO_OLD"
    """A lock has connected whose firmware cannot hold what is wanted of it: it was given less, which opens less."""


class Alert(Row):
    """Something at a site that an admin should know; `actor_id` names who caused it, `lock_id` where, if at one lock."""

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(AlertKind, max_length=32)
    actor_kind = fields.CharEnumField(ActorKind, max_length=16)
    actor_id = fields.UUIDField(null=True)
    member_id = fields.UUIDField(null=True)
    lock_id = fields.UUIDField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "alerts"
        indexes = (("site", "id"),)
