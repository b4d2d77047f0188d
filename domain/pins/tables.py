"""PINs: whose, with what digits (as a verifier only), at which locks, when."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from domain.database.rows import Row, Searchable
from domain.schedules.columns import ScheduleColumns


class PinKind(StrEnum):
    """CUSTOM digits were chosen by a person, AUTO ones generated."""

    CUSTOM = "CUSTOM"
    AUTO = "AUTO"


class PinStatus(StrEnum):
    """BLOCKED keeps the PIN without its opening anything; REMOVED is for good."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    REMOVED = "REMOVED"


class Pin(Row, ScheduleColumns, Searchable):
    """A numeric credential of one member.

    `verifier_sealed` is the Argon2id verifier (RFC 9106) of the digits, sealed; the digits themselves are nowhere.
    `digits_version` counts their changes. A personal PIN has no locks and no schedule of its own.
    """

    SEARCHED = ("notes",)
    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    owner_id: UUID
    owner: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Member", on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(PinKind, max_length=8)
    status = fields.CharEnumField(PinStatus, max_length=8, default=PinStatus.ACTIVE)
    personal = fields.BooleanField(default=False)
    blocked_by_admin = fields.BooleanField(db_default=False)
    notes = fields.CharField(max_length=500, default="")
    length = fields.SmallIntField()
    verifier_sealed = fields.BinaryField(null=True)
    digits_version = fields.IntField(default=1)
    valid_from = fields.DateField(null=True)
    valid_until = fields.DateField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "pins"
        indexes = (("site", "id"), ("owner",))
        constraints = (
            UniqueConstraint(
                fields=("owner", "kind"),
                name="pins_one_personal_a_kind",
                condition="personal AND status <> 'REMOVED'",
            ),
        )


class PinLock(Row):
    """A lock chosen for a rule PIN by its id."""

    pin_id: UUID
    pin: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Pin", on_delete=fields.CASCADE
    )
    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )

    class Meta:
        table = "pin_locks"
        unique_together = (("pin", "lock"),)
        indexes = (("lock",),)


class PinLockTag(Row):
    """A tag of locks chosen for a rule PIN; whatever it holds, now and later, is opened."""

    pin_id: UUID
    pin: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Pin", on_delete=fields.CASCADE
    )
    tag_id: UUID
    tag: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Tag", on_delete=fields.CASCADE
    )

    class Meta:
        table = "pin_lock_tags"
        unique_together = (("pin", "tag"),)
        indexes = (("tag",),)


class PinReservation(Row):
    """Digits that are in use at a site, as a keyed tag of their verifier.

    The unique (site, tag) is what keeps two equal PINs from being committed, however they race. A reservation whose
    `retired_at` is set belongs to digits that were given up and is kept until no lock holds them any more; so long the
    PIN's verifier of then is kept in `verifier_sealed` (None where they were given up before it was).
    """

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    pin_id: UUID
    pin: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Pin", on_delete=fields.CASCADE
    )
    tag = fields.CharField(max_length=64)
    retired_at = fields.DatetimeField(null=True)
    verifier_sealed = fields.BinaryField(null=True)

    class Meta:
        table = "pin_reservations"
        unique_together = (("site", "tag"),)
        indexes = (("pin",),)


class HeldDigits(Row):
    """A lock that may still hold given-up digits: until its entry is acknowledged at `until_version` or above."""

    reservation_id: UUID
    reservation: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.PinReservation", on_delete=fields.CASCADE
    )
    entry_id: UUID
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.LockEntry", on_delete=fields.CASCADE
    )
    until_version = fields.IntField()

    class Meta:
        table = "held_digits"
        unique_together = (("reservation", "entry"),)
        indexes = (("entry",),)


class CompromisedPin(Row):
    """A PIN whose digits a compromised lock may have held, at this `digits_version` of it; `replaced_at` is when that was
    over: it got others, or ended.
    """

    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )
    pin_id: UUID
    pin: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Pin", on_delete=fields.CASCADE
    )
    digits_version = fields.IntField()
    replaced_at = fields.DatetimeField(null=True)

    class Meta:
        table = "compromised_pins"
        unique_together = (("lock", "pin"),)
        indexes = (("pin",),)
