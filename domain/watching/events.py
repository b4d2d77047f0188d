"""Alerts of what locks have just told."""

from datetime import datetime, timedelta

from domain.alerts.service import State, alert_of_wrong_entries, begin_state
from domain.alerts.tables import AlertKind
from domain.database import Transaction
from domain.installation import Installation
from domain.link.events import LockEventKind
from domain.locks.tables import Lock
from domain.sync.facts import EventsRecorded
from domain.sync.reports import was_wrong
from domain.sync.tables import LockEvent

MANY = 10
WITHIN = timedelta(hours=1)
_NEWEST = 200
"""Of a site, that are looked through."""
_LOCKOUT = (LockEventKind.LOCKOUT_STARTED, LockEventKind.LOCKOUT_ENDED)


async def alert_of_events(
    installation: Installation, tx: Transaction, fact: EventsRecorded, now: datetime
) -> None:
    """Within the transaction that stores them: of a lockout that has begun, and of many wrong entries at the site."""
    new = await LockEvent.filter(id__in=list(fact.event_ids)).order_by("number")
    lockouts = [each.kind for each in new if each.kind in _LOCKOUT]
    begun = bool(lockouts) and lockouts[-1] is LockEventKind.LOCKOUT_STARTED
    wrong = any(_is_wrong(each) for each in new)
    if not begun and not wrong:
        return
    lock = await Lock.get(id=fact.lock_id)
    if begun:
        state = State(lock.site_id, lock.id, lock_id=lock.id)
        await begin_state(tx, AlertKind.LOCKOUT, state, now)
    if wrong:
        newest = await LockEvent.filter(site_id=lock.site_id).order_by("-number").limit(_NEWEST)
        many = [each for each in newest if _is_wrong(each) and each.recorded_at > now - WITHIN]
        if len(many) >= MANY:
            await alert_of_wrong_entries(tx, lock, now)


def _is_wrong(event: LockEvent) -> bool:
    return event.kind is LockEventKind.DENIED and was_wrong(event)
