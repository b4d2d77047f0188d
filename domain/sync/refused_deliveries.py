"""Deliveries that a lock has refused: what they carried is known not to be there by them.

The dangerous direction: taking for refused what may still be applied. So only a delivery counts that would have brought
the lock on from where it says it is, and that it answered without moving; of a snapshot in several parts each answer
before the last looks so, and only an event of the lock tells a refusal from it.
"""

from collections.abc import Collection
from uuid import UUID

from domain.database.rows import column
from domain.locks.tables import Lock
from domain.sync.tables import DeliveryAnswer, LockDelivery, LockEntry


def was_refused(delivery: LockDelivery, applied: int) -> bool:
    """Whether the lock's answer from revision `applied` says that it did not apply this delivery and will not."""
    whole = not delivery.snapshot or delivery.parts == 1
    return whole and _would_apply(delivery, applied)


def _would_apply(delivery: LockDelivery, applied: int) -> bool:
    return delivery.settled_at is None and delivery.from_revision <= applied < delivery.to_revision


async def note_refusal(lock: Lock, delivery: LockDelivery) -> frozenset[UUID]:
    """Within a transaction, under the lock's row: the PINs of which more is known now."""
    if lock.state_unknown or delivery.answer is DeliveryAnswer.REFUSED:
        return frozenset()
    delivery.answer = DeliveryAnswer.REFUSED
    await delivery.save(update_fields=["answer"])
    carried = [entry_id for entry_id, _, _ in delivery.items]
    rows = LockEntry.filter(id__in=carried, pin_id__isnull=False)
    return frozenset(await column(rows, "pin_id"))


async def note_refusals(lock: Lock, names: Collection[str], applied: int) -> frozenset[UUID]:
    """As `note_refusal`, of the deliveries that the lock's events name."""
    pins: set[UUID] = set()
    for name in names:
        try:
            delivery_id = UUID(name)
        except ValueError:
            continue
        delivery = await LockDelivery.get_or_none(
            id=delivery_id, lock_id=lock.id, incarnation=lock.incarnation, epoch=lock.epoch
        )
        if delivery is not None and _would_apply(delivery, applied):
            pins |= await note_refusal(lock, delivery)
    return frozenset(pins)


async def forget_refused(lock: Lock) -> None:
    """Within a transaction, when something is handed out anew: a late word of an earlier refusal does not concern it."""
    await LockDelivery.filter(
        lock_id=lock.id, settled_at=None, answer=DeliveryAnswer.REFUSED
    ).delete()
