"""The numbers of a site's events. A site's row in `event_heads` is held until the commit, so that a reader who has seen
one number will never see a lower one appear.
"""

from uuid import UUID

from domain.database import lock_row
from domain.sync.tables import EventHead


async def next_numbers(site_id: UUID, count: int) -> range:
    """Within a transaction: the next `count` numbers of the site."""
    await EventHead.bulk_create([EventHead(id=site_id)], ignore_conflicts=True)
    head = await lock_row(EventHead, site_id)
    assert head is not None
    first = head.number + 1
    head.number += count
    await head.save(update_fields=["number"])
    return range(first, first + count)
