"""Writing what locks should hold: one row per (lock, credential), a new version and the lock's next revision each change.

It runs in the transaction of the change itself, under the locks' rows taken in id order, so that commit order and
revision order agree. The dangerous direction: a credential that is changed in its own table and not in the entries; so
whoever changes one hands all that locks should hold of it to `write_entries`, which finds out what differs.
"""

import contextlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import topics
from domain.audit.service import RecordedChange
from domain.database import Transaction, lock_rows
from domain.installation import Installation
from domain.link.digests import card_digest, pin_digest
from domain.link.entries import CardPayload, EntryKind, PinPayload, read_payload
from domain.link.keys import LinkKeys
from domain.link.schedules import schedule_from_wire
from domain.link.state import payload_hash
from domain.locks.sealed_identities import card_identity
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.pins.tables import Pin
from domain.pins.verifiers import open_verifier
from domain.security.sealing import SealBroken, open_sealed
from domain.sync.lock_keys import keys_of_locks
from domain.sync.rules import with_change
from domain.sync.tables import EntryState, LockDelivery, LockEntry

SETTINGS = "settings"
CARD = "card"
SMARTPIN_RULES = "smartpin-rules"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one lock should hold of one thing. `content` matters for LIVE entries only."""

    lock_id: UUID
    name: str
    kind: EntryKind
    state: EntryState
    content: dict[str, Any]
    pin_id: UUID | None = None


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
    rows = await LockEntry.filter(
        lock_id__in=list(locks), name__in=list({each.name for each in wanted})
    )
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
    if touched:
        await Lock.bulk_update(touched, fields=["wanted_revision"])
    for row in changed:
        change.wake(topics.lock(row.lock_id), topics.site_sync(locks[row.lock_id].site_id))
        if row.pin_id is not None:
            change.wake(topics.pin_sync(row.pin_id))
    return changed


def _changed(lock: Lock, row: LockEntry | None, wish: Wanted, now: datetime) -> LockEntry | None:
    """The row as it should be, with the lock's next revision, or None when it is so already."""
    content = wish.content if wish.state is EntryState.LIVE else {}
    if row is None:
        if wish.state is EntryState.REMOVED:
            return None
        row = LockEntry(
            lock_id=lock.id, name=wish.name, kind=wish.kind, pin_id=wish.pin_id, version=0
        )
    elif row.state is wish.state and row.content == content:
        return None
    lock.wanted_revision += 1
    row.state, row.content = wish.state, content
    row.version += 1
    row.revision = lock.wanted_revision
    row.pending_since = row.pending_since or now
    row.pending_changes = with_change(row.pending_changes, row.version, now)
    return row


async def _save(rows: Iterable[LockEntry], present: Collection[LockEntry]) -> None:
    old = [row for row in rows if row in present]
    new = [row for row in rows if row not in present]
    await LockEntry.bulk_create(new)
    if old:
        await LockEntry.bulk_update(
            old,
            fields=[
                "state",
                "content",
                "version",
                "revision",
                "payload_hash",
                "pending_since",
                "pending_changes",
            ],
        )


async def hash_payloads(
    installation: Installation, locks: Sequence[Lock], rows: Sequence[LockEntry]
) -> None:
    """Sets `payload_hash` of the rows for the present incarnation of their locks; not saved here.

    One whose sealed part is not what was written has none, so that it is refused when it should be sent, and nothing else
    is: a lock with such a row can be provisioned, and other PINs changed.
    """
    keys = await keys_of_locks(installation, locks)
    verifiers = await _verifiers(installation, rows)
    by_id = {lock.id: lock for lock in locks}
    for row in rows:
        row.payload_hash = ""
        lock_keys = keys.get(row.lock_id)
        if row.state is EntryState.LIVE and lock_keys is not None:
            with contextlib.suppress(TamperedEntry):
                made = _payload(installation, by_id[row.lock_id], lock_keys, row, verifiers)
                row.payload_hash = payload_hash(made).hex()


async def payloads(
    installation: Installation, lock: Lock, keys: LinkKeys, rows: Sequence[LockEntry]
) -> dict[UUID, dict[str, object]]:
    """The payloads of the LIVE ones among the rows of one lock, to be sent. Raises TamperedEntry."""
    for row in rows:
        if row.pin_id is not None and row.name != node_id("pin", row.pin_id):
            raise TamperedEntry(row.name)
    verifiers = await _verifiers(installation, rows)
    made = {}
    for row in rows:
        if row.state is EntryState.LIVE:
            payload = _payload(installation, lock, keys, row, verifiers)
            if payload_hash(payload).hex() != row.payload_hash:
                raise TamperedEntry(row.name)
            made[row.id] = payload
    return made


async def restart_entries(installation: Installation, lock: Lock, now: datetime) -> None:
    """Within a transaction: a new life of the lock has begun. It holds nothing, and what it will get is hashed anew."""
    await LockDelivery.filter(lock_id=lock.id).delete()
    rows = await LockEntry.filter(lock_id=lock.id)
    await hash_payloads(installation, [lock], rows)
    for row in rows:
        gone = row.state is not EntryState.LIVE
        row.applied_version = row.version if gone else None
        row.applied_live = False
        if gone:
            row.pending_since = row.pending_changes = None
        elif row.pending_since is None:
            row.pending_since, row.pending_changes = now, with_change(None, row.version, now)
    if rows:
        await LockEntry.bulk_update(
            rows,
            fields=[
                "payload_hash",
                "applied_version",
                "applied_live",
                "pending_since",
                "pending_changes",
            ],
        )


class TamperedEntry(RuntimeError):
    """A row in the database is not what was written through the use cases; nothing of it is sent."""


async def _verifiers(installation: Installation, rows: Sequence[LockEntry]) -> dict[UUID, bytes]:
    """The verifiers of the PINs of these rows, those left out that do not open."""
    ids = {row.pin_id for row in rows if row.pin_id is not None and row.state is EntryState.LIVE}
    opened = {}
    for pin in await Pin.filter(id__in=list(ids)):
        with contextlib.suppress(SealBroken):
            opened[pin.id] = open_verifier(installation, pin)
    return opened


def _payload(
    installation: Installation,
    lock: Lock,
    keys: LinkKeys,
    row: LockEntry,
    verifiers: dict[UUID, bytes],
) -> dict[str, object]:
    """What is sent of a row. Raises TamperedEntry when its sealed part does not open."""
    if row.kind is EntryKind.PIN:
        if row.pin_id not in verifiers:
            raise TamperedEntry(row.name)
        schedules = [schedule_from_wire(each, "schedules") for each in row.content["schedules"]]
        return PinPayload(pin_digest(keys, verifiers[row.pin_id]), tuple(schedules)).to_payload()
    if row.kind is EntryKind.CARD:
        assert lock.card_sealed is not None
        try:
            uid = open_sealed(installation.keys, lock.card_sealed, card_identity(lock.id))
        except SealBroken:
            raise TamperedEntry(row.name) from None
        return CardPayload(card_digest(keys, uid)).to_payload()
    return read_payload(row.kind, row.content).to_payload()
