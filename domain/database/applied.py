"""The table in which the database itself remembers its migrations.

It is Tortoise's own, kept by its recorder, and is not among the product's tables: a migration that changed it would
lose the record of itself.
"""

from tortoise import fields
from tortoise.models import Model


class AppliedMigration(Model):
    """One migration that was applied."""

    _no_comments = True  # else Tortoise would read this file again, for comments on the columns
    id = fields.IntField(primary_key=True)
    app = fields.CharField(max_length=255)
    name = fields.CharField(max_length=255)
    applied_at = fields.DatetimeField()

    class Meta:
        table = "tortoise_migrations"
        unique_together = (("app", "name"),)
