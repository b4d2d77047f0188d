"""How long things may take between server and lock."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

TIME_INTERVAL = timedelta(hours=1)
"""How often a feed sends sealed time, after the first."""
DELIVERY_PATIENCE = timedelta(seconds=20)
"""How long a delivery may go unacknowledged before it is handed out again; doubled each time."""
LONGEST_PATIENCE = timedelta(minutes=10)
MAX_EVENTS_PER_REPORT = 200
MOST_PENDING_CHANGES = 32
"""How many moments of changes are kept for an entry that its lock lacks: the oldest ones and the newest."""
NONCES_KEPT = 2


PendingChanges = list[tuple[int, str]]
"""The changes of an entry that its lock has not acknowledged, oldest first: each a version and its moment (ISO 8601)."""


def with_change(changes: PendingChanges | None, version: int, now: datetime) -> PendingChanges:
    """The pending changes with this newest one."""
    return [*(changes or [])[: MOST_PENDING_CHANGES - 1], (version, now.isoformat())]


def without_applied(changes: PendingChanges | None, applied: int | None) -> PendingChanges | None:
    """The pending changes above the applied version; None for none."""
    return [each for each in changes or [] if applied is None or each[0] > applied] or None


def pending_since(changes: PendingChanges | None) -> datetime | None:
    """The moment of the oldest change that the lock lacks; None: it lacks none."""
    return datetime.fromisoformat(changes[0][1]) if changes else None


class SyncStatus(StrEnum):
    """Whether a lock holds what it should.

    REMOVED is an acknowledged removal; UNKNOWN lasts until a snapshot is acknowledged.
    """

    NOT_UPDATED = "NOT_UPDATED"
    UPDATED = "UPDATED"
    UNKNOWN = "UNKNOWN"
    REMOVED = "REMOVED"


def entry_status(
    *, version: int, applied_version: int | None, removed: bool, unknown: bool
) -> SyncStatus:
    """The status of one entry at one lock. Nothing is inferred from silence."""
    if unknown:
        return SyncStatus.UNKNOWN
    if applied_version != version:
        return SyncStatus.NOT_UPDATED
    return SyncStatus.REMOVED if removed else SyncStatus.UPDATED


def opens_now(
    *,
    applied_version: int | None,
    applied_live: bool,
    unsettled: Collection[int],
    unknown: bool,
) -> list[int] | None:
    """The versions that open at this moment: the applied one and those handed out; None when it is not known."""
    if unknown:
        return None
    versions = set(unsettled)
    if applied_live and applied_version is not None:
        versions.add(applied_version)
    return sorted(versions)
