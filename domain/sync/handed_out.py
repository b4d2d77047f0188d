"""What may be on a lock: the acknowledged versions, and those in deliveries that nobody has acknowledged yet.

Nothing is inferred from silence: a delivery that was handed out may have arrived, unless the lock says that it refused it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from domain.database.rows import column
from domain.locks.tables import Lock
from domain.sync.tables import DeliveryAnswer, LockDelivery, LockEntry


async def unsettled_versions(lock_ids: Collection[UUID]) -> dict[UUID, set[int]]:
    """For each entry (row id): its versions that open, in deliveries handed out, and neither settled nor refused."""
    found: dict[UUID, set[int]] = defaultdict(set)
    for delivery in await LockDelivery.filter(lock_id__in=list(lock_ids), settled_at=None):
        if delivery.answer is DeliveryAnswer.REFUSED:
            continue
        for entry_id, version, live in delivery.items:
            if live:
                found[UUID(entry_id)].add(version)
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
