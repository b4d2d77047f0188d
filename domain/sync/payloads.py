"""The payloads of entries: made by the noun that each belongs to, in the moment of sending, and compared with their hash.

The hash is written with the entry, so that a row which was copied over another in the database is found out: the payload
made of it is not the one that was hashed, and nothing of it is sent.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from domain.installation import EntryToFill, Installation
from domain.link.entries import Payload, read_payload
from domain.link.keys import LinkKeys
from domain.link.state import payload_hash
from domain.locks.secrets import keys_of_locks
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.sync.tables import EntryState, LockEntry

log = structlog.get_logger(__name__)


class TamperedEntry(RuntimeError):
    """A row in the database is not what was written through the use cases; nothing of it is sent."""


def log_tampered(lock: Lock) -> None:
    """For the operator: this lock is not sent what it lacks, until its rows are mended."""
    log.error("a row of the database is not what was written", lock=node_id("lock", lock.id))


async def hash_payloads(
    installation: Installation, locks: Sequence[Lock], rows: Sequence[LockEntry]
) -> None:
    """Sets `payload_hash` of the rows for the present incarnation of their locks; not saved here.

    One whose sealed part is not what was written has none, so that it is refused when it should be sent, and nothing else
    is: a lock with such a row can be provisioned, and other entries changed.
    """
    made = await _made(installation, await keys_of_locks(installation, locks), rows)
    for row in rows:
        row.payload_hash = payload_hash(made[row.id]).hex() if row.id in made else ""


async def payloads_to_send(
    installation: Installation, keys: Mapping[UUID, LinkKeys], rows: Sequence[LockEntry]
) -> dict[UUID, dict[UUID, dict[str, object]] | TamperedEntry]:
    """By lock, for those with keys: the payloads of the LIVE ones among the rows, by row; or what is wrong with one."""
    made = await _made(installation, keys, rows)
    found: dict[UUID, dict[UUID, dict[str, object]] | TamperedEntry] = {}
    for row in rows:
        of_lock = found.setdefault(row.lock_id, {})
        if isinstance(of_lock, TamperedEntry):
            continue
        if _is_tampered(row, made.get(row.id)):
            found[row.lock_id] = TamperedEntry(row.name)
        elif row.id in made:
            of_lock[row.id] = made[row.id]
    return found


def _is_tampered(row: LockEntry, made: dict[str, object] | None) -> bool:
    if row.pin_id is not None and row.name != node_id("pin", row.pin_id):
        return True
    live = row.state is EntryState.LIVE
    return live and (made is None or payload_hash(made).hex() != row.payload_hash)


async def _made(
    installation: Installation, keys: Mapping[UUID, LinkKeys], rows: Sequence[LockEntry]
) -> dict[UUID, dict[str, object]]:
    """The payloads of the LIVE ones at locks with keys, without those whose sealed part is not what was written."""
    live = [row for row in rows if row.state is EntryState.LIVE and row.lock_id in keys]
    made: dict[UUID, Payload] = {
        row.id: read_payload(row.kind, row.content)
        for row in live
        if row.kind not in installation.payload_makers
    }
    for kind, make in installation.payload_makers.items():
        asked = [
            EntryToFill(row.id, row.lock_id, row.pin_id, row.content, keys[row.lock_id])
            for row in live
            if row.kind is kind
        ]
        if asked:
            made.update(await make(installation, asked))
    return {row_id: payload.to_payload() for row_id, payload in made.items()}
