"""What is read at every change and at every acknowledgement, by statements that are written once."""

from domain.database.statements import Select
from domain.locks.tables import Lock
from domain.sync.tables import LockDelivery, LockEntry

LOCKS = Select(Lock, "id IN [?1]")
ENTRIES = Select(LockEntry, "id IN [?1]")
ENTRIES_OF_LOCKS = Select(LockEntry, "lock_id IN [?1] AND gone_at IS NULL")
"""Here and below without those that are gone: a lock pays for what it holds, not for what it once held."""
LIVE_ENTRIES_OF_LOCKS = Select(LockEntry, "lock_id IN [?1] AND state = 'LIVE' AND gone_at IS NULL")
NEXT_ENTRIES = Select(
    LockEntry,
    "lock_id = ?1 AND revision > ?2 AND gone_at IS NULL",
    order="revision LIMIT ?3",
)
"""Of one lock, those behind a revision, at most so many."""
ENTRIES_BEHIND = Select(
    LockEntry,
    "lock_id IN [?1] AND gone_at IS NULL"
    " AND revision > (SELECT applied_revision FROM locks WHERE locks.id = lock_id)",
)
"""Of several locks, those that they have not acknowledged."""
ENTRIES_NAMED = Select(LockEntry, "lock_id IN [?1] AND name IN [?2]")
ENTRIES_OF_PINS = Select(LockEntry, "pin_id IN [?1]", order="lock_id")
ENTRIES_OF_PINS_AT = Select(LockEntry, "pin_id IN [?1] AND lock_id IN [?2]", order="lock_id")
DELIVERIES_OF_LOCKS = Select(LockDelivery, "lock_id IN [?1]")
UNSETTLED_OF_LOCKS = Select(LockDelivery, "lock_id IN [?1] AND settled_at IS NULL")
