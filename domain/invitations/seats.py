"""How many seats of a site's plan are used."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from tortoise.functions import Count

from domain.invitations.tables import Invitation
from domain.people.tables import Member


async def seats_used(site_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """By site: members, and invitations that have not ended, whatever the number of their devices."""
    used = dict.fromkeys(site_ids, 0)
    members = Member.filter(site_id__in=list(used), removed_at=None)
    invitations = Invitation.filter(site_id__in=list(used), deleted_at=None, valid_until__gt=now)
    for rows in (members, invitations):
        counts = rows.annotate(number=Count("id")).group_by("site_id")
        for site_id, number in await counts.values_list("site_id", "number"):
            used[site_id] += number
    return used
