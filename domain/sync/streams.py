"""What admins follow: a site's events in the order of their commits, and what is known of a PIN and of a site's locks."""

from collections.abc import AsyncIterator, Collection
from uuid import UUID

from tortoise.expressions import Q

from domain import topics
from domain.bus import changes, listening
from domain.clock import Clock
from domain.errors import CursorAhead, CursorExpired, NotFound
from domain.locks.rules import is_online
from domain.locks.tables import Lock
from domain.sync.status import LockInSync, PinAtLock, locks_in_sync, pins_at_locks
from domain.sync.tables import EventHead, LockEvent

PAGE = 100


async def follow_events(
    site_id: UUID, lock_ids: Collection[UUID] | None, after: int | None
) -> AsyncIterator[LockEvent]:
    """Each event after number `after` (None: only those still to come), in order, without a gap and without a double.

    `lock_ids`: only of these locks. Raises NotFound for one that is not the site's, and CursorAhead for a number that the
    site has not reached: whoever waited behind it would miss all up to it. Raises CursorExpired for one behind which events
    were deleted.
    """
    if lock_ids is not None:
        wanted = set(lock_ids)
        if await Lock.filter(id__in=wanted, site_id=site_id).count() != len(wanted):
            raise NotFound("lock_ids")
    async with listening(topics.events(site_id)) as wakeups:
        head = await EventHead.get_or_none(id=site_id)
        last = head.number if head is not None else 0
        if after is None:
            after = last
        if after > last:
            raise CursorAhead("after")
        if head is not None and after < head.gone:
            raise CursorExpired("after")
        while True:
            rows = LockEvent.filter(site_id=site_id, number__gt=after).order_by("number")
            if lock_ids is not None:
                rows = rows.filter(lock_id__in=wanted)
            page = await rows.limit(PAGE)
            for event in page:
                yield event
                after = event.number
            if len(page) < PAGE:
                await wakeups.wait()


async def follow_pin(pin_id: UUID) -> AsyncIterator[PinAtLock]:
    """A PIN at each lock that holds it or should, then each change there, the end of the lock too."""

    async def read(
        told: Collection[UUID], locks: Collection[str] | None = None
    ) -> dict[UUID, PinAtLock]:
        only_at = None if locks is None else [UUID(each) for each in locks]
        states = (await pins_at_locks([pin_id], only_at=only_at, also_at=told))[pin_id]
        return {state.lock.id: state for state in states}

    async with listening(topics.pin_sync(pin_id)) as wakeups:
        async for state in changes(wakeups, read, _said_of_pin, read_parts=read):
            yield state


def _said_of_pin(state: PinAtLock) -> object:
    return (
        state.status,
        state.wanted_version,
        state.applied_version,
        state.opens,
        state.lock.deleted_at,
    )


async def follow_locks(site_id: UUID, clock: Clock) -> AsyncIterator[LockInSync]:
    """Each lock of a site as a whole, then each change of it, its end too, and whether it is online."""

    async def read(
        told: Collection[UUID], locks: Collection[str] | None = None
    ) -> dict[UUID, LockInSync]:
        there = Q(deleted_at=None) | Q(id__in=list(told))
        rows = Lock.filter(there, site_id=site_id).order_by("id")
        if locks is not None:
            rows = rows.filter(id__in=[UUID(each) for each in locks])
        return {state.lock.id: state for state in await locks_in_sync(rows)}

    def said_of(state: LockInSync) -> object:
        lock = state.lock
        return (
            lock.wanted_revision,
            lock.applied_revision,
            state.pending,
            state.status,
            is_online(lock.feed_id, lock.nonces, lock.last_contact_at, clock()),
            lock.deleted_at,
        )

    async with listening(topics.site_sync(site_id)) as wakeups:
        async for state in changes(wakeups, read, said_of, read_parts=read):
            yield state
