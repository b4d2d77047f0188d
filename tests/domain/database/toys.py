"""Tables for the tests of the database ground: a parent, its children, every kind of constraint."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Box(Model):
    id = fields.IntField(primary_key=True, generated=False)
    label = fields.CharField(max_length=50, unique=True)
    balance = fields.IntField(default=0)

    class Meta:
        table = "boxes"
        constraints = (CheckConstraint(name="boxes_balance", check="balance >= 0"),)


class Toy(Model):
    id = fields.BigIntField(primary_key=True)
    box: fields.ForeignKeyNullableRelation[Box] = fields.ForeignKeyField(
        "latchwork.Box", related_name="toys", on_delete=fields.CASCADE, null=True
    )
    name = fields.CharField(max_length=50)
    broken_at = fields.DatetimeField(null=True)

    class Meta:
        table = "toys"
        unique_together = (("box", "name"),)
        indexes = (("box", "broken_at"), Index(fields=("name",), name="toys_by_name"))
        constraints = (
            UniqueConstraint(
                fields=("name",), name="toys_whole_name", condition="broken_at IS NULL"
            ),
        )
