"""Reading a site's events in commit order: a stream that resumes without a gap and without a double."""

from collections.abc import AsyncIterator
from uuid import UUID

from domain.bus import listening
from domain.errors import InvalidInput
from domain.sync.tables import LockEvent

PAGE = 100
SLOW_POLL_SECONDS = 5.0


def event_cursor(event: LockEvent) -> str:
    """Where to resume after this event: opaque to clients, the site's event number to us."""
    return f"e{event.number}"


def number_after(cursor: str | None) -> int | None:
    """The event number that a cursor stands for. Raises InvalidInput for what is no cursor of ours."""
    if cursor is None:
        return None
    if not (
        cursor[:1] == "e" and cursor[1:].isascii() and cursor[1:].isdigit() and len(cursor) < 20
    ):
        raise InvalidInput("after", "This is not a cursor of lockEvents.")
    return int(cursor[1:])


async def follow_events(
    site_id: UUID, lock_id: UUID | None, after: int | None
) -> AsyncIterator[LockEvent | None]:
    """Each event after number `after` (None: only those still to come), in order.

    Yields None at every wake-up that brought nothing, so that the caller can check again whether it may go on.
    """
    async with listening(f"events:{site_id}") as wakeups:
        if after is None:
            last = await LockEvent.filter(site_id=site_id).order_by("-number").first()
            after = last.number if last is not None else 0
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
                await wakeups.wait(SLOW_POLL_SECONDS)
