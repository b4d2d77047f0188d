"""Raising alerts, each at most once an hour for one cause, so that an attack does not bury what else there is."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

from domain.alerts.tables import Alert, AlertKind
from domain.bus import listening
from domain.database import Queue, Work, hold, transaction, use_case
from domain.people.actors import Caller

QUIET = timedelta(hours=1)
SLOW_POLL_SECONDS = 5.0
PAGE = 50
"""The newest alerts that a follower looks at; no site has as many causes within one poll."""


@use_case
async def raise_alert(by: Caller, kind: AlertKind, now: datetime) -> None:
    """Tells the admins of the caller's site what the caller caused."""
    async with transaction(Queue(Work.CHANGES, by.site_id)) as tx:
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


async def follow_alerts(site_id: UUID) -> AsyncIterator[Alert | None]:
    """Each alert raised from now on, and None at every wake-up without one: the caller may check who listens."""
    newest = Alert.filter(site_id=site_id).order_by("-id").limit(PAGE)
    async with listening(f"alerts:{site_id}") as wakeups:
        known = {row.id for row in await newest}
        while True:
            rows = await newest
            for row in reversed(rows):
                if row.id not in known:
                    yield row
            known = {row.id for row in rows}
            yield None
            await wakeups.wait(SLOW_POLL_SECONDS)
