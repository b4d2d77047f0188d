"""Where PINs can be typed: locks that have a keypad, and sites where one of them takes PINs."""

from collections.abc import Collection
from uuid import UUID

from domain.database.rows import column
from domain.locks.tables import Reader


async def locks_with_keypad(lock_ids: Collection[UUID]) -> set[UUID]:
    """Those of the locks, deleted ones left out, that have a reader with a keypad."""
    rows = Reader.filter(
        lock_id__in=list(lock_ids), has_keypad=True, deleted_at=None, lock__deleted_at=None
    )
    return set(await column(rows, "lock_id"))


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
