"""Counters of tries."""

from tortoise import fields

from domain.database.rows import Row


class TryCounter(Row):
    """Tries of one kind by one subject in one window; `id` is a keyed hash of both, so no address or e-mail is held."""

    window_start = fields.DatetimeField(db_index=True)
    tries = fields.IntField(default=0)

    class Meta:
        table = "try_counters"
