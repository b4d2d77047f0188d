"""What of a person goes when they are erased, of the invitations that were theirs."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain import topics
from domain.actors import Caller
from domain.audit.service import RecordedChange
from domain.database import lock_rows
from domain.errors import NotFound
from domain.invitations.tables import Invitation
from domain.mail.outbox import end_letters
from domain.people.erased import ERASED_PERSON, erase_device
from domain.people.tables import Device


async def erase_invitations(
    change: RecordedChange, by: Caller, ids: Collection[UUID], now: datetime
) -> list[Invitation]:
    """Within a transaction: ends the site's invitations with these ids, deleted ones among them, and takes off the name
    of each, and the names and keys of its phones. Raises NotFound when one is missing or foreign."""
    rows = list(await lock_rows(Invitation, set(ids)))
    if len(rows) != len(set(ids)) or any(row.site_id != by.site_id for row in rows):
        raise NotFound("invitation_ids")
    for row in rows:
        row.name, row.deleted_at = ERASED_PERSON, row.deleted_at or now
        await row.save(update_fields=["name", "deleted_at"])
        for device in await Device.filter(invitation_id=row.id):
            await erase_device(change, device, now)
        change.note("Invitation", row.id)
        change.wake(topics.invitation(row.id))
    await end_letters([row.id for row in rows])
    return rows
