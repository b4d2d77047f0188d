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
    LOCKOUT = "LOCKOUT"
    """So many wrong entries were typed at a lock that its keypad takes no PINs."""
    LOCK_SILENT = "LOCK_SILENT"
    """Nothing was heard of a lock for an hour."""
    OLD_PIN_OPENS = "OLD_PIN_OPENS"
    """A lock has lacked a change for a day, so that a PIN opens it that should not, or not so."""
    SEATS_NEARLY_USED = "SEATS_NEARLY_USED"
    """Nine in ten of the plan's seats are used."""
    SMARTPIN_NOT_ACTIVATED = "SMARTPIN_NOT_ACTIVATED"
    """A SmartPIN has died because it was not used within a day of its start."""
    WRONG_ENTRIES = "WRONG_ENTRIES"
    """Ten wrong PINs or more were typed at the site's doors within an hour."""
    RECORDS_TAMPERED = "RECORDS_TAMPERED"
    """What stands in the database is not what was written: an audit row, or a PIN's sealed part."""


class Alert(Row):
    """Something at a site that an admin should know; `actor_id` names who caused it, `lock_id` where, if at one lock.

    `cause` is set for a state: the id of what is in it, of which there is one alert until `ended_at`. `smart_pin_id` and
    `pin_id` name the credential that it is about. `mail_due` while a letter about it is still to be written.
    """

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(AlertKind, max_length=32)
    actor_kind = fields.CharEnumField(ActorKind, max_length=16)
    actor_id = fields.UUIDField(null=True)
    member_id = fields.UUIDField(null=True)
    lock_id = fields.UUIDField(null=True)
    pin_id = fields.UUIDField(null=True)
    smart_pin_id = fields.UUIDField(null=True)
    cause = fields.UUIDField(null=True)
    at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    seen_at = fields.DatetimeField(null=True)
    mail_due = fields.BooleanField(db_default=False)

    class Meta:
        table = "alerts"
        indexes = (("site", "id"),)


class AlertReader(Row):
    """A member to whom letters about a site's alerts go; of which kinds stands at the site."""

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.CASCADE
    )
    member_id: UUID
    member: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Member", on_delete=fields.CASCADE
    )

    class Meta:
        table = "alert_readers"
        unique_together = (("site", "member"),)
