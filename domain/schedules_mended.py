"""Repairs times of day with parts of a second, which an earlier version accepted in PINs, access rules and invitations.

Locks refuse them, and with them all that comes after. When a server starts they are cut to whole seconds, inwards, so that
nothing opens longer than it was allowed to. It is not a migration, since it also renews the entries of locks, which needs
the keys.
"""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain.access.whole_seconds import whole
from domain.access_rules.facts import GrantsChanged
from domain.access_rules.grants import members_of_rules
from domain.access_rules.tables import AccessRule
from domain.actors import command_line_at
from domain.audit.service import changing_access
from domain.database import use_case
from domain.database.rows import column
from domain.facts import announce
from domain.installation import Installation
from domain.invitations.tables import Invitation
from domain.pins.entries import follow_pins
from domain.pins.tables import Pin, PinStatus

_PARTS = Q(slot_start__contains=".") | Q(slot_end__contains=".")


@use_case
async def mend_parts_of_seconds(installation: Installation, now: datetime) -> None:
    """Cuts all such times, site by site. Where there are none it costs three statements."""
    sites: set[UUID] = set()
    for table in (Pin, AccessRule, Invitation):
        sites |= set(await column(table.filter(_PARTS), "site_id"))
    for site_id in sorted(sites):
        by = command_line_at(site_id)
        async with changing_access(installation, by, "mendSchedules", now) as change:
            pins = await _cut(Pin, site_id)
            rules = await _cut(AccessRule, site_id)
            await _cut(Invitation, site_id)
            there = [pin.id for pin in pins if pin.status is not PinStatus.REMOVED]
            await follow_pins(installation, change, there, now)
            members = frozenset(await members_of_rules(rules))
            await announce(installation, change, GrantsChanged(members), now)
            change.note("Site", site_id)


async def _cut(table: Any, site_id: UUID) -> list[Any]:
    rows: list[Any] = await table.filter(_PARTS, site_id=site_id)
    for row in rows:
        start, end = whole(time.fromisoformat(row.slot_start), time.fromisoformat(row.slot_end))
        row.slot_start, row.slot_end = start.isoformat(), end.isoformat()
        await row.save(update_fields=["slot_start", "slot_end"])
    return rows
