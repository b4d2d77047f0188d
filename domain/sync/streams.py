"""Reading a site's events in commit order: a stream that resumes without a gap and without a double."""

from collections.abc import AsyncIterator
from uuid import UUID

from domain import topics
from domain.bus import listening
from domain.errors import CursorAhead
from domain.sync.tables import EventHead, LockEvent

PAGE = 100


async def follow_events(
    site_id: UUID, lock_id: UUID | None, after: int | None
) -> AsyncIterator[LockEvent | None]:
    """Each event after number `after` (None: only those still to come), in order.

    Yields None at every wake-up that brought nothing, so that the caller can check again whether it may go on. Raises
    CursorAhead for a number that the site has not reached: whoever waited behind it would miss all up to it.
    """
    async with listening(topics.events(site_id)) as wakeups:
        head = await EventHead.get_or_none(id=site_id)
        last = head.number if head is not None else 0
        if after is None:
            after = last
        if after > last:
            raise CursorAhead("after")
        while True:
            rows = LockEvent.filter(site_id=site_id, number__gt=after).order_by("number")
            if lock_id is not None:
                rows = rows.filter(lock_id=lock_id)
            page = await rows.limit(PAGE)
            for event in page:
                yield event
                after = event.number
            if len(page) < PAGE:
                yield None
                await wakeups.wait()
