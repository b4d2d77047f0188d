"""The audit chain."""

from typing import Any

from tortoise import fields

from domain.actors import ActorKind
from domain.database.rows import Row


class AuditRow(Row):
    """One mutation by a person or a script. `chain` is the site's id, or the account's where no site is concerned."""

    chain = fields.UUIDField()
    number = fields.BigIntField()
    at = fields.DatetimeField()
    actor_kind = fields.CharEnumField(ActorKind, max_length=16)
    actor_id = fields.UUIDField(null=True)
    action = fields.CharField(max_length=64)
    target_kind = fields.CharField(max_length=32)
    target_id = fields.UUIDField()
    changes: Any = fields.JSONField()
    mac = fields.CharField(max_length=64)

    class Meta:
        table = "audit_rows"
        unique_together = (("chain", "number"),)


class AuditHead(Row):
    """The end of a chain: its last number and MAC. `id` is the chain's."""

    number = fields.BigIntField(default=0)
    mac = fields.CharField(max_length=64, default="")

    class Meta:
        table = "audit_heads"


class AuditClosing(Row):
    """A signed checkpoint with a digest (`domain.audit.checkpoints`), kept beside the chain: it proves the rows up to
    `number`, also when the keys of their own MACs are gone."""

    chain = fields.UUIDField()
    number = fields.BigIntField()
    line = fields.TextField()

    class Meta:
        table = "audit_closings"
        unique_together = (("chain", "number"),)
