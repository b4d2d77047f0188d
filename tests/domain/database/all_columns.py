"""A table with a column of each kind that the product's tables have."""

from enum import StrEnum
from typing import Any

from tortoise import fields

from domain.database.rows import Row


class Colour(StrEnum):
    RED = "RED"


class Owner(Row):
    class Meta:
        table = "owners"


class AllColumns(Row):
    owner: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Owner", on_delete=fields.CASCADE, null=True
    )
    moment = fields.DatetimeField(null=True)
    day = fields.DateField(null=True)
    time = fields.TimeField(null=True)
    text = fields.TextField(null=True)
    name = fields.CharField(max_length=50, null=True)
    colour = fields.CharEnumField(Colour, max_length=8, null=True)
    flag = fields.BooleanField(null=True)
    small = fields.SmallIntField(null=True)
    number = fields.IntField(null=True)
    large = fields.BigIntField(null=True)
    sealed = fields.BinaryField(null=True)
    kept: Any = fields.JSONField(null=True)
    key = fields.UUIDField(null=True)

    class Meta:
        table = "all_columns"
