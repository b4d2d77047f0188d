"""What access rules do when something below them has changed: a member has gone, a lock has another name or none."""

from datetime import datetime

from domain import topics
from domain.access_rules.grants import members_of_rules, rules_naming_lock
from domain.access_rules.tables import AccessRule
from domain.audit.service import RecordedChange
from domain.installation import Installation
from domain.locks.facts import LockGone, LockRenamed
from domain.people.facts import MemberGone


async def end_rules_of_member(
    installation: Installation, change: RecordedChange, fact: MemberGone, now: datetime
) -> None:
    """The rules that name the member end."""
    rules = AccessRule.filter(member_id=fact.member_id, deleted_at=None)
    await rules.update(deleted_at=now)


async def wake_members_at_lock(
    installation: Installation, change: RecordedChange, fact: LockRenamed | LockGone, now: datetime
) -> None:
    """Members have the locks that rules open for them on the screens of their phones."""
    members = await members_of_rules(await rules_naming_lock(fact.lock_id))
    change.wake(*(topics.member(each) for each in members))
