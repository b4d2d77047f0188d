"""Writing what locks should hold: one row per (lock, credential), a new version and the lock's next revision each change.

It runs in the transaction of the change itself, under the locks' rows taken in id order, so that commit order and
revision order agree. A credential that is changed in its own table and not in the entries would never reach its locks; so
whoever changes one hands all that locks should hold of it to `write_entries`, which finds out what differs.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import topics
from domain.audit.service import RecordedChange
from domain.database import Transaction, lock_rows
from domain.database.rows import save_all
from domain.installation import Installation
from domain.link.entries import EntryKind
from domain.locks.tables import Lock
from domain.sync.payloads import hash_payloads
from domain.sync.rules import with_change
from domain.sync.statements import ENTRIES_NAMED, ENTRIES_OF_LOCKS
from domain.sync.tables import EntryState, LockDelivery, LockEntry

SETTINGS = "settings"
_EXPLAINED = frozenset({EntryKind.SETTINGS, EntryKind.PIN})
"""Of these the content that a lock has acknowledged stays known until it holds another."""
CARD = "card"
SMARTPIN_RULES = "smartpin-rules"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one lock should hold of one thing. `content` and `pin_length` matter for LIVE entries only."""

    lock_id: UUID
    name: str
    kind: EntryKind
    state: EntryState
    content: dict[str, Any]
    pin_id: UUID | None = None
    pin_length: int | None = None


async def write_entries(
    installation: Installation,
    change: RecordedChange | Transaction,
    wanted: Sequence[Wanted],
    now: datetime,
) -> list[LockEntry]:
    """Within a transaction: writes what differs from what was wanted before; returns the rows that changed."""
    locks = {
        lock.id: lock
        for lock in await lock_rows(Lock, {each.lock_id for each in wanted})
        if lock.deleted_at is None
    }
    rows = await ENTRIES_NAMED(list(locks), list({each.name for each in wanted}))
    present = {(row.lock_id, row.name): row for row in rows}
    changed = [
        row
        for each in wanted
        if each.lock_id in locks
        and (
            row := _changed(locks[each.lock_id], present.get((each.lock_id, each.name)), each, now)
        )
    ]
    await hash_payloads(installation, list(locks.values()), changed)
    await _save(changed, set(present.values()))
    touched = [locks[lock_id] for lock_id in {row.lock_id for row in changed}]
    await save_all(touched, "wanted_revision")
    for row in changed:
        site_id = locks[row.lock_id].site_id
        change.wake(topics.lock(row.lock_id), topics.site_sync(site_id, row.lock_id))
        if row.pin_id is not None:
            change.wake(topics.pin_sync(row.pin_id, row.lock_id))
    return changed


def _changed(lock: Lock, row: LockEntry | None, wanted: Wanted, now: datetime) -> LockEntry | None:
    """The row as it should be, with the lock's next revision, or None when it is so already."""
    content = wanted.content if wanted.state is EntryState.LIVE else {}
    if row is None:
        if wanted.state is EntryState.REMOVED:
            return None
        row = LockEntry(
            lock_id=lock.id, name=wanted.name, kind=wanted.kind, pin_id=wanted.pin_id, version=0
        )
    elif row.state is wanted.state and row.content == content:
        return None
    if row.kind in _EXPLAINED and row.applied_live and row.applied_version == row.version:
        row.acknowledged = {"version": row.version, "content": row.content}
    lock.wanted_revision += 1
    row.state, row.content, row.gone_at = wanted.state, content, None
    row.pin_length = wanted.pin_length if wanted.state is EntryState.LIVE else None
    row.version += 1
    row.revision = lock.wanted_revision
    row.pending_since = row.pending_since or now
    row.pending_changes = with_change(row.pending_changes, row.version, now)
    return row


def content_of_version(row: LockEntry, version: int | None) -> dict[str, Any] | None:
    """What this version of an entry says, if that is known: of the one wanted, and of the one acknowledged before it."""
    if version == row.version:
        return row.content if row.state is EntryState.LIVE else None
    kept = row.acknowledged
    return kept["content"] if kept is not None and kept["version"] == version else None


async def _save(rows: Iterable[LockEntry], present: Collection[LockEntry]) -> None:
    old = [row for row in rows if row in present]
    new = [row for row in rows if row not in present]
    if new:
        await LockEntry.bulk_create(new)
    await save_all(
        old,
        "state",
        "content",
        "version",
        "revision",
        "payload_hash",
        "pending_since",
        "pending_changes",
        "acknowledged",
        "pin_length",
        "gone_at",
    )


async def bring_back(lock_ids: Collection[UUID]) -> None:
    """Within a transaction, under the locks' rows: what these hold is not known any more, so nothing is gone from them."""
    if lock_ids:
        gone = LockEntry.filter(lock_id__in=list(lock_ids), gone_at__isnull=False)
        await gone.update(gone_at=None)


async def restart_entries(installation: Installation, lock: Lock, now: datetime) -> None:
    """Within a transaction: another incarnation of the lock has begun. It holds nothing, and what it gets is hashed anew."""
    await LockDelivery.filter(lock_id=lock.id).delete()
    rows = await ENTRIES_OF_LOCKS([lock.id])
    await hash_payloads(installation, [lock], rows)
    for row in rows:
        gone = row.state is not EntryState.LIVE
        row.applied_version = row.version if gone else None
        row.applied_live = False
        if gone:
            row.pending_since = row.pending_changes = None
        elif row.pending_since is None:
            row.pending_since, row.pending_changes = now, with_change(None, row.version, now)
    await save_all(
        rows,
        "payload_hash",
        "applied_version",
        "applied_live",
        "pending_since",
        "pending_changes",
    )
