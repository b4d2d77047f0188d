"""What invitations do when something below them has changed: a lock has another name or none."""

from datetime import datetime

from domain import topics
from domain.audit.service import RecordedChange
from domain.database.rows import column
from domain.installation import Installation
from domain.invitations.tables import InvitationLock
from domain.locks.facts import LockGone, LockRenamed


async def wake_guests_at_lock(
    installation: Installation, change: RecordedChange, fact: LockRenamed | LockGone, now: datetime
) -> None:
    """Guests have the locks of their invitations on the screens of their phones."""
    ids = await column(InvitationLock.filter(lock_id=fact.lock_id), "invitation_id")
    change.wake(*(topics.invitation(each) for each in ids))
