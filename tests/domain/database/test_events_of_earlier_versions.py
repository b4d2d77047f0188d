"""Events that an earlier version stored are looked for by the same moments as then."""

from datetime import timedelta

from domain.listing.site_lists import events_of, span
from tests.databases import Database
from tests.domain.database.earlier import THEN, Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]


async def test_events_keep_the_moments_by_which_they_were_found(
    fresh_database: Database, workshop: Workshop
) -> None:
    """The lock's own, or, where it had none, that of recording."""
    earlier = await Earlier.as_of("0016_what_is_gone", fresh_database, workshop)
    site = await earlier.site()
    lock = await earlier.lock(site)
    for number, at in enumerate((THEN - timedelta(days=1), None), start=1):
        await earlier.put(
            "lock_events",
            site_id=site,
            lock_id=lock,
            number=number,
            state_id="state",
            sequence=number,
            kind="OPENED",
            at=at,
            recorded_at=THEN,
            reasons=[],
        )
    async with earlier.brought_up_to_date():
        before = await events_of(site, None, None, None, span(None, THEN))
        after = await events_of(site, None, None, None, span(THEN, None))
        assert ([row.number for row in await before], [row.number for row in await after]) == (
            [1],
            [2],
        )
