"""Seats of a site's plan: each member takes one, and each invitation."""

from datetime import datetime
from uuid import UUID

from domain.database import lock_row
from domain.errors import SeatLimitReached
from domain.installation import Installation
from domain.sites.tables import Site


async def take_seat(installation: Installation, site_id: UUID, now: datetime) -> Site:
    """Within a transaction: the site, its row held so that two cannot both take the last seat. Raises SeatLimitReached."""
    site = await lock_row(Site, site_id)
    assert site is not None
    if (await installation.seats_used([site_id], now))[site_id] >= site.seat_limit:
        raise SeatLimitReached(site.seat_limit)
    return site
