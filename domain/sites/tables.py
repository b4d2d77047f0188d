"""Sites: each is one customer's, and nothing of one is seen or opened from another."""

from typing import Any

from tortoise import fields

from domain.database.rows import Row
from domain.sites.rules import SystemType


class Site(Row):
    """One customer's place: its zone, its plan (system type, add-ons, seats), its PIN policy, which alerts are mailed, and
    for how many days events are kept (None: for good)."""

    name = fields.CharField(max_length=100)
    timezone = fields.CharField(max_length=64)
    system_type = fields.CharEnumField(SystemType, max_length=16)
    invitations_enabled = fields.BooleanField(default=True)
    custom_pins_enabled = fields.BooleanField(default=True)
    seat_limit = fields.IntField(default=100)
    pin_min_length = fields.SmallIntField(default=4)
    pin_max_length = fields.SmallIntField(default=8)
    pin_auto_length = fields.SmallIntField(default=6)
    guess_limit = fields.IntField(default=1000)
    lockout_release_minutes = fields.IntField(null=True)
    lease_minutes = fields.IntField(db_default=15)
    smart_pin_activation = fields.BooleanField(db_default=False)
    alert_mail_kinds: Any = fields.JSONField(null=True)
    event_retention_days = fields.IntField(null=True)
    pin_salt = fields.BinaryField()
    pin_time_cost = fields.IntField()
    pin_memory_kib = fields.IntField()
    pin_parallelism = fields.SmallIntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "sites"
