"""SmartPINs that were given out: to whom, for when, and what their locks have told of them. Never the code."""

from typing import Any
from uuid import UUID

from tortoise import fields

from domain.access.schedule import Schedule
from domain.database.rows import Row, Searchable


class SmartPin(Row, Searchable):
    """One code of one lock in one incarnation, given to one guest.

    `epoch` and `code_index` are its window and variant in one (docs/smartpin.md, section 4); with the lock's secret they
    give the code, which is stored nowhere. The unique (lock, incarnation, epoch, code_index) is what keeps two guests
    from getting one code, however they race; a blocked code's stays used. `entry_name` is what the lock calls it: a tag
    of the digits under the lock's own key. `activate_by` is when it dies unused at a lock that has the activation rule.
    `dead_at` is set when the lock proves a later secret. The rest is what the lock reported: blocked at its keypad, first
    opened, a short PIN set.
    """

    SEARCHED = ("guest_name",)
    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    lock_id: UUID
    lock: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Lock", on_delete=fields.CASCADE
    )
    incarnation = fields.CharField(max_length=32)
    epoch = fields.BigIntField()
    code_index = fields.BigIntField()
    entry_name = fields.CharField(max_length=64)
    guest_name = fields.CharField(max_length=100)
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    activate_by = fields.DatetimeField()
    created_at = fields.DatetimeField()
    blocked_at = fields.DatetimeField(null=True)
    blocked_at_door = fields.DatetimeField(null=True)
    dead_at = fields.DatetimeField(null=True)
    first_used_at = fields.DatetimeField(null=True)
    short_pin_set_at = fields.DatetimeField(null=True)

    def schedule(self) -> Schedule:
        """When it opens."""
        return Schedule(self.opens_at, self.closes_at)

    class Meta:
        table = "smart_pins"
        unique_together = (
            ("lock", "incarnation", "epoch", "code_index"),
            ("lock", "entry_name"),
        )
        indexes = (("site", "id"), ("lock", "closes_at"), ("site", "closes_at"))
