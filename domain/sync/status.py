"""What is known of what locks hold: what was wanted, what was acknowledged, and what may open now.

Nothing is inferred from silence: a delivery that was handed out may have arrived, unless the lock says that it refused it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q, RawSQL, Subquery
from tortoise.queryset import QuerySet

from domain import topics
from domain.audit.service import RecordedChange
from domain.database import snapshot
from domain.database.rows import column
from domain.installation import Installation
from domain.locks.facts import LockGone
from domain.locks.rules import Propagation, propagation
from domain.locks.states import LACKING
from domain.locks.tables import Lock
from domain.sync.rules import SyncStatus, entry_status, opens_now
from domain.sync.statements import ENTRIES_OF_PINS, ENTRIES_OF_PINS_AT, LOCKS, UNSETTLED_OF_LOCKS
from domain.sync.tables import DeliveryAnswer, EntryState, LockEntry


@dataclass(frozen=True, slots=True)
class PinAtLock:
    """A PIN at one lock. `opens` is None when it is not known; versions count from 1.

    `removing` says that the lock should hold it no longer.
    """

    lock: Lock
    removing: bool
    status: SyncStatus
    wanted_version: int
    applied_version: int | None
    opens: list[int] | None
    pending_since: datetime | None
    propagation: Propagation


@dataclass(frozen=True, slots=True)
class LockInSync:
    """A lock as a whole: its row, how many of its entries have not arrived, since when, and whether its state is known."""

    lock: Lock
    pending: int
    pending_since: datetime | None
    status: SyncStatus


async def pins_at_locks(
    pin_ids: Collection[UUID],
    *,
    only_at: Collection[UUID] | None = None,
    also_at: Collection[UUID] = (),
) -> dict[UUID, list[PinAtLock]]:
    """For each PIN its state at every lock that holds it or should, in the order of the locks, or at some of them.

    Deleted locks are left out, but for those of `also_at`: what opens there nobody will ever hear again.
    """
    # One moment: of a delivery that is acknowledged between two reads, neither would tell.
    async with snapshot():
        if only_at is None:
            rows = await ENTRIES_OF_PINS(list(pin_ids))
        else:
            rows = await ENTRIES_OF_PINS_AT(list(pin_ids), list(only_at))
        rows_of_locks = await LOCKS(list({row.lock_id for row in rows}))
        locks = {
            lock.id: lock for lock in rows_of_locks if lock.deleted_at is None or lock.id in also_at
        }
        unsettled = await unsettled_versions(locks)
    found: dict[UUID, list[PinAtLock]] = {pin_id: [] for pin_id in pin_ids}
    for row in rows:
        if row.lock_id in locks:
            assert row.pin_id is not None
            at_lock = pin_at_lock(row, locks[row.lock_id], unsettled.get(row.id, set()))
            found[row.pin_id].append(at_lock)
    return found


def pin_at_lock(row: LockEntry, lock: Lock, unsettled: set[int]) -> PinAtLock:
    """An entry of a PIN at its lock; `unsettled` are the versions of it that open, on their way."""
    unknown = lock.state_unknown or lock.deleted_at is not None
    return PinAtLock(
        lock=lock,
        removing=row.state is EntryState.REMOVED,
        status=entry_status(
            version=row.version,
            applied_version=row.applied_version,
            removed=row.state is EntryState.REMOVED,
            unknown=unknown,
        ),
        wanted_version=row.version,
        applied_version=row.applied_version,
        opens=opens_now(
            applied_version=row.applied_version,
            applied_live=row.applied_live,
            unsettled=unsettled,
            unknown=unknown,
        ),
        pending_since=row.pending_since,
        propagation=propagation(lock.connectivity),
    )


async def topics_of_pins_at(lock_id: UUID) -> list[str]:
    """The topics of all who follow a PIN that this lock holds or should."""
    pins = await column(LockEntry.filter(lock_id=lock_id, pin_id__isnull=False), "pin_id")
    return [topics.pin_sync(pin_id, lock_id) for pin_id in pins]


async def wake_followers_of_pins(
    installation: Installation, change: RecordedChange, fact: LockGone, now: datetime
) -> None:
    """Whoever follows a PIN that the lock holds or should sees that it is gone."""
    change.wake(*await topics_of_pins_at(fact.lock_id))


_ARRIVING = (
    "CASE WHEN locks.wanted_revision > locks.applied_revision OR locks.snapshot_needed THEN"
    " (SELECT {} FROM lock_entries WHERE lock_id = locks.id AND gone_at IS NULL"
    " AND pending_since IS NOT NULL) END"
)
"""A lock that has everything lacks no entry: its entries need not be looked through."""


async def locks_in_sync(rows: QuerySet[Lock]) -> list[LockInSync]:
    """The state of each of these locks as a whole, in one statement: revisions and counts are of one moment."""
    arriving = RawSQL(_ARRIVING.format("count(*)"))
    behind_since = RawSQL(_ARRIVING.format("min(pending_since)"))
    found = await rows.annotate(arriving=arriving, behind_since=behind_since)
    return [_in_sync(lock) for lock in found]


def _in_sync(lock: Any) -> LockInSync:
    status = SyncStatus.NOT_UPDATED if lock.arriving else SyncStatus.UPDATED
    if lock.state_unknown:
        status = SyncStatus.UNKNOWN
    since = lock.behind_since
    if isinstance(since, str):  # SQLite has no moments, and Tortoise reads those of columns only
        since = datetime.fromisoformat(since)
    return LockInSync(lock, lock.arriving or 0, since, status)


def locks_in_statuses(rows: Any, site_id: UUID, statuses: Collection[SyncStatus]) -> Any:
    """Rows of locks of this site, narrowed to these statuses."""
    lacking = Lock.filter(LACKING, site_id=site_id, deleted_at=None).values("id")
    arriving = LockEntry.filter(
        lock_id__in=Subquery(lacking), gone_at=None, pending_since__isnull=False
    )
    waits = Q(id__in=Subquery(arriving.values("lock_id")))
    known = Q(state_unknown=False)
    conditions = {
        SyncStatus.UNKNOWN: ~known,
        SyncStatus.NOT_UPDATED: known & waits,
        SyncStatus.UPDATED: known & ~waits,
    }
    # A lock as a whole is never REMOVED.
    asked = [conditions[each] for each in conditions if each in statuses]
    return rows.filter(Q(*asked, join_type=Q.OR) if asked else Q(id__in=[]))


async def unsettled_versions(lock_ids: Collection[UUID]) -> dict[UUID, set[int]]:
    """For each entry (row id): its versions that open, in deliveries handed out, and neither settled nor refused."""
    return {
        entry_id: {version for version, live in versions if live}
        for entry_id, versions in (await versions_on_their_way(lock_ids)).items()
    }


async def versions_on_their_way(
    lock_ids: Collection[UUID],
) -> dict[UUID, set[tuple[int, bool]]]:
    """As `unsettled_versions`, of all that was handed out: each version, and whether it opens."""
    found: dict[UUID, set[tuple[int, bool]]] = defaultdict(set)
    for delivery in await UNSETTLED_OF_LOCKS(list(lock_ids)):
        if delivery.answer is DeliveryAnswer.REFUSED:
            continue
        for entry_id, version, live in delivery.items:
            found[UUID(entry_id)].add((version, bool(live)))
    return found


async def may_hold(entries: Sequence[LockEntry]) -> list[LockEntry]:
    """Those of the entries of which a lock may now hold a version that opens; a deleted lock holds nothing."""
    lock_ids = set(
        await column(
            Lock.filter(id__in=[entry.lock_id for entry in entries], deleted_at=None), "id"
        )
    )
    unsettled = await unsettled_versions(lock_ids)
    unknown = set(
        await Lock.filter(id__in=list(lock_ids), state_unknown=True).values_list("id", flat=True)
    )
    return [
        entry
        for entry in entries
        if entry.lock_id in lock_ids
        and (entry.applied_live or unsettled.get(entry.id) or entry.lock_id in unknown)
    ]
