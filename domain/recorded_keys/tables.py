"""The keys of the application secret with which this database was written."""

from tortoise import fields
from tortoise.models import Model


class RecordedKey(Model):
    """A key by its id, which does not reveal it. Without it, what was sealed and tagged under it is lost."""

    _no_comments = True
    id = fields.CharField(max_length=8, primary_key=True)
    recorded_at = fields.DatetimeField()
    lost_at = fields.DatetimeField(null=True)
    """When an operator said that there is no such secret any more; from then on it is not asked for."""

    class Meta:
        table = "recorded_keys"
