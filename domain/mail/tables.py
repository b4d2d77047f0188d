"""Letters that wait to be sent."""

from tortoise import fields

from domain.actors import ActorKind
from domain.database.rows import Row


class WaitingLetter(Row):
    """A letter that nobody has sent yet; its row goes once it is sent or given up.

    What it says and to whom is sealed. `about` is the id of the link or invitation that it carries, or of the account or
    member whom it tells something: where that ends, the letter ends too. `site_id` and the three columns after it say who
    asked for it, for an alert when it was never sent.
    """

    sealed = fields.BinaryField()
    about = fields.UUIDField(null=True, db_index=True)
    site_id = fields.UUIDField(null=True, db_index=True)
    member_id = fields.UUIDField(null=True)
    actor_kind = fields.CharEnumField(ActorKind, max_length=16)
    actor_id = fields.UUIDField(null=True)
    written_at = fields.DatetimeField()
    due_at = fields.DatetimeField(db_index=True)
    give_up_at = fields.DatetimeField()
    tries = fields.IntField(default=0)

    class Meta:
        table = "waiting_letters"
