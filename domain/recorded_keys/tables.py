"""The keys of the application secret with which this database was written, and the processes that have them."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from domain.database.rows import Row


class KeyState(StrEnum):
    """ANNOUNCED: processes are to learn of it, and nothing was written with it. FRONT: what is written is written with it;
    one key at most. BEHIND: it was in front, and some of what was written with it may still be there. DROPPED: it is not
    used any more, for nothing, and never again.
    """

    ANNOUNCED = "ANNOUNCED"
    FRONT = "FRONT"
    BEHIND = "BEHIND"
    DROPPED = "DROPPED"


class RecordedKey(Model):
    """A key by its id, which does not reveal it. Without it, what was sealed and tagged under it is lost."""

    _no_comments = True
    id = fields.CharField(max_length=8, primary_key=True)
    recorded_at = fields.DatetimeField()
    lost_at = fields.DatetimeField(null=True)
    """When an operator said that there is no such secret any more; from then on it is not asked for."""
    state = fields.CharEnumField(KeyState, max_length=12, db_default=KeyState.BEHIND.value)
    front_since = fields.DatetimeField(null=True)
    left_at = fields.DatetimeField(null=True)
    """When everything that can be written anew under another key had been."""

    class Meta:
        table = "recorded_keys"


class ServingProcess(Row):
    """A process that serves this database: with which keys it is known to go on, and when it was there last."""

    name = fields.CharField(max_length=200)
    source = fields.CharField(max_length=500)
    """Where it has its secret from, in words."""
    keys: Any = fields.JSONField()
    """The ids of those that it knows, the one that it writes with first."""
    seen_at = fields.DatetimeField()

    class Meta:
        table = "serving_processes"
