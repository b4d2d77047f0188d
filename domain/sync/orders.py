"""What became of an order to open before its lock could hear it: handed out, or dropped.

Whoever waits for a door must not be told that nobody knows, where the server knows that nothing was sent. So an order is
marked before it leaves, in one row: it is handed out, or it is dropped and never handed out.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from domain import topics
from domain.database import transaction, use_case
from domain.database.rows import column
from domain.sync.tables import UnlockCommand


@use_case
async def sort_out(
    commands: Sequence[UnlockCommand], standing: Collection[UUID], now: datetime
) -> set[UUID]:
    """Marks those that still stand as handed out, and drops the others; returns which may be sent."""
    async with transaction() as tx:
        fallen = [each.id for each in commands if each.id not in standing]
        if fallen:
            await _unsent(fallen).update(dropped_at=now)
            tx.wake(*(topics.command(each) for each in fallen))
        sent = UnlockCommand.filter(id__in=list(standing), dropped_at=None)
        if not standing or not await sent.update(handed_out_at=now):
            return set()
        return set(await column(sent, "id"))


@use_case
async def drop_unsent(command_id: UUID, now: datetime) -> bool:
    """Drops an order that nobody waits for any more; False where it was handed out."""
    await _unsent([command_id]).update(dropped_at=now)
    return not await UnlockCommand.filter(id=command_id, dropped_at=None).exists()


def _unsent(command_ids: Collection[UUID]) -> QuerySet[UnlockCommand]:
    return UnlockCommand.filter(id__in=list(command_ids), handed_out_at=None, dropped_at=None)
