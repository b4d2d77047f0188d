"""Where PINs can be typed: locks that have a keypad, and sites where one of them takes PINs."""

from collections.abc import Collection
from uuid import UUID

from domain.database.rows import column
from domain.database.statements import Select
from domain.locks.tables import Reader

_KEYPADS = Select(
    Reader,
    "lock_id IN [?1] AND has_keypad AND deleted_at IS NULL"
    " AND lock_id IN (SELECT id FROM locks WHERE deleted_at IS NULL)",
)


async def locks_with_keypad(lock_ids: Collection[UUID]) -> set[UUID]:
    """Those of the locks, deleted ones left out, that have a reader with a keypad."""
    return {reader.lock_id for reader in await _KEYPADS(list(lock_ids))}


async def sites_taking_pins(site_ids: Collection[UUID]) -> set[UUID]:
    """Those of these sites where a lock takes PINs: a keypad with PIN mode on."""
    takers = Reader.filter(
        lock__site_id__in=list(site_ids),
        lock__deleted_at=None,
        deleted_at=None,
        has_keypad=True,
        pin_enabled=True,
    )
    return set(await column(takers.distinct(), "lock__site_id"))
