"""Alerts reach the admins of the site, once an hour for one cause, so that an attack buries nothing; on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.actors import ActorKind, Caller, Role, Standing
from domain.alerts.service import QUIET, raise_alert
from domain.alerts.tables import Alert, AlertKind
from domain.bus import listening
from domain.sites.rules import SystemType
from domain.sites.tables import Site
from tests.databases import Database

NOW = datetime(2026, 12, 1, tzinfo=UTC)


async def site() -> UUID:
    """A site's id."""
    row = await Site.create(
        name="House",
        timezone="Europe/Rome",
        system_type=SystemType.STANDARD,
        pin_salt=b"0" * 16,
        pin_time_cost=1,
        pin_memory_kib=8,
        pin_parallelism=1,
        created_at=NOW,
    )
    return row.id


def caller(site_id: UUID, actor_id: UUID | None = None, **other: Any) -> Caller:
    """A member of a site."""
    return Caller(
        ActorKind.ACCOUNT,
        actor_id or uuid4(),
        Standing(site_id, Role.USER, False, uuid4()),
        **other,
    )


async def times(by: Caller) -> list[datetime]:
    """When alerts were raised for this caller."""
    return [
        each.at.astimezone(UTC)
        for each in await Alert.filter(site_id=by.site_id, actor_id=by.actor_id).order_by("at")
    ]


async def test_one_alert_an_hour_for_one_cause(database: Database) -> None:
    """Repeated at once and for an hour: one; after it another; each caller and each site has their own."""
    installation, there = await site(), await site()
    emma = caller(installation)
    otto, abroad = caller(installation), caller(there, emma.actor_id)
    moments = [NOW, NOW, NOW + QUIET - timedelta(seconds=1), NOW + QUIET]

    for moment in moments:
        await raise_alert(emma, AlertKind.PIN_REFUSALS_SPENT, moment)
    for each in (otto, abroad):
        await raise_alert(each, AlertKind.PIN_REFUSALS_SPENT, NOW)

    assert await times(emma) == [NOW, NOW + QUIET]
    assert await times(otto) == await times(abroad) == [NOW]
    row = await Alert.filter(actor_id=otto.actor_id).get()
    assert otto.standing is not None
    assert (row.site_id, row.kind, row.actor_kind, row.member_id) == (
        installation,
        AlertKind.PIN_REFUSALS_SPENT,
        ActorKind.ACCOUNT,
        otto.standing.member_id,
    )


async def test_sixteen_at_once_raise_one_alert(database: Database) -> None:
    """Tries that run out together are one cause; and who listens is woken for it."""
    emma = caller(await site())

    async with listening(f"alerts:{emma.site_id}") as wakeups:
        await asyncio.gather(
            *(raise_alert(emma, AlertKind.PIN_REFUSALS_SPENT, NOW) for _ in range(16))
        )
        woken = await wakeups.wait(5)

    assert await times(emma) == [NOW]
    assert woken
