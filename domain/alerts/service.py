"""Raising alerts, each at most once an hour for one cause, so that an attack does not bury what else there is."""

from datetime import datetime, timedelta

from domain.alerts.tables import Alert, AlertKind
from domain.database import hold, transaction, use_case
from domain.installation import Installation
from domain.people.actors import Caller

QUIET = timedelta(hours=1)


@use_case
async def raise_alert(here: Installation, by: Caller, kind: AlertKind, now: datetime) -> None:
    """Tells the admins of the caller's site what the caller caused."""
    async with transaction() as tx:
        await hold(f"alerts:{by.site_id}")
        recent = Alert.filter(
            site_id=by.site_id, kind=kind, actor_id=by.actor_id, at__gt=now - QUIET
        )
        if await recent.exists():
            return
        await Alert.create(
            site_id=by.site_id,
            kind=kind,
            actor_kind=by.actor_kind,
            actor_id=by.actor_id,
            member_id=by.standing.member_id if by.standing else None,
            at=now,
        )
        tx.wake(f"alerts:{by.site_id}")
