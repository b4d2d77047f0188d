"""The readers of a lock: where people type their PINs and hold their cards."""

from datetime import datetime
from uuid import UUID

from domain.actors import Caller
from domain.audit.service import changing_access, recorded
from domain.database import lock_row, use_case
from domain.errors import InvalidInput, NotFound
from domain.facts import announce
from domain.installation import Installation
from domain.locks.facts import KeypadsChanged, LockSettingsChanged
from domain.locks.rules import MOST_READERS
from domain.locks.service import NewReader, add_reader, held_lock
from domain.locks.settings import refuse_unread_settings
from domain.locks.tables import Reader
from domain.sites.rules import checked_name


@use_case
async def create_reader(
    installation: Installation, by: Caller, *, lock_id: UUID, reader: NewReader, now: datetime
) -> Reader:
    """Adds a reader to a lock, which has 16 at most.

    Raises InvalidInput, NotFound, and LockTooOld for a keypad beside others that are off, if the firmware knows one switch.
    """
    async with changing_access(installation, by, "createReader", now) as change:
        lock = await held_lock(by, lock_id)
        if await Reader.filter(lock_id=lock.id, deleted_at=None).count() >= MOST_READERS:
            raise InvalidInput("lock_id", f"A lock has at most {MOST_READERS} readers.")
        row = await add_reader(lock, reader, "name", now)
        if row.has_keypad:
            await refuse_unread_settings([lock.id])
        await announce(installation, change, LockSettingsChanged(frozenset({lock.id})), now)
        await announce(installation, change, KeypadsChanged(lock.id), now)
        change.note("Reader", row.id)
        return row


async def _held_reader(by: Caller, reader_id: UUID) -> Reader:
    """A reader of one of the site's locks, the lock's row held, then its own. Raises NotFound."""
    found = await Reader.get_or_none(id=reader_id, lock__site_id=by.site_id)
    if found is None:
        raise NotFound("reader_id")
    await held_lock(by, found.lock_id, "reader_id")  # a reader never moves to another lock
    reader = await lock_row(Reader, reader_id)
    if reader is None or reader.deleted_at is not None:
        raise NotFound("reader_id")
    return reader


@use_case
async def update_reader(
    installation: Installation, by: Caller, *, reader_id: UUID, name: str, now: datetime
) -> Reader:
    """Renames a reader. Raises InvalidInput, NotFound."""
    async with recorded(installation, by, "updateReader", now) as change:
        reader = await _held_reader(by, reader_id)
        reader.name = checked_name(name)
        await reader.save(update_fields=["name"])
        change.note("Reader", reader.id, changed=["name"])
        return reader


@use_case
async def delete_reader(
    installation: Installation, by: Caller, *, reader_id: UUID, now: datetime
) -> Reader:
    """Removes a reader from its lock. Raises NotFound."""
    async with changing_access(installation, by, "deleteReader", now) as change:
        reader = await _held_reader(by, reader_id)
        reader.deleted_at = now
        await reader.save(update_fields=["deleted_at"])
        await announce(installation, change, LockSettingsChanged(frozenset({reader.lock_id})), now)
        await announce(installation, change, KeypadsChanged(reader.lock_id), now)
        change.note("Reader", reader.id)
        return reader
