"""Which keys a database needs: recorded before anything is written under them, and asked for at every start.

So no process can write with a second secret beside the first. What is written under one cannot be read with the other
alone: locks would get nothing, the audit chain would break, and digits that are taken would be given out again.
"""

from collections.abc import Callable
from datetime import datetime

from domain.database import DatabaseUnavailable, hold, transaction, use_case
from domain.recorded_keys.tables import RecordedKey
from domain.recorded_keys.traces import has_rows, keys_in_use
from domain.security.keys import Keyring


class KeysMissing(DatabaseUnavailable):
    """The keyring lacks keys with which this database was written; `ids` are theirs. Another process may have them."""

    def __init__(self, ids: set[str], keys: Keyring) -> None:
        names, given = ", ".join(sorted(ids)), ", ".join(keys.ids)
        super().__init__(
            f"this database was written with the key {names}, and the secret that is given has the key {given}"
        )
        self.ids = ids


class NoSuchKey(LookupError):
    """No key of this id is needed by this database."""


async def missing_keys(keys: Keyring) -> set[str]:
    """The ids of the recorded keys that the keyring lacks."""
    recorded = await RecordedKey.filter(lost_at=None).values_list("id", flat=True)
    return {str(each) for each in recorded} - set(keys.ids)


async def check_keys(keys: Keyring) -> None:
    """Raises KeysMissing when the keyring lacks a recorded key.

    Called at the end of a transaction that writes under keys. Every process records its key before it writes under it, so
    nothing is committed that overlooked rows under a key that is unknown here.
    """
    if missing := await missing_keys(keys):
        raise KeysMissing(missing, keys)


@use_case
async def open_keyring(load: Callable[[bool], Keyring], now: datetime) -> Keyring:
    """The keyring of the connected database, its current key recorded.

    `load` is asked with True only for a database without any row, for which it may make a secret; of several first starts
    one does. Raises KeysMissing, and what `load` raises.
    """
    if await RecordedKey.filter(lost_at=None).exists():
        keys = load(False)
        await check_keys(keys)
        if await RecordedKey.filter(id=keys.current_id, lost_at=None).exists():
            return keys
    async with transaction():
        await hold("recorded-keys")
        needed = await _needed()
        keys = load(not needed and not await has_rows())
        if missing := needed - set(keys.ids):
            raise KeysMissing(missing, keys)
        for key_id in {*needed, keys.current_id}:
            values = {"recorded_at": now, "lost_at": None}
            await RecordedKey.get_or_create(id=key_id, defaults=values)
        await RecordedKey.filter(id=keys.current_id).update(lost_at=None)
    return keys


@use_case
async def forget_key(key_id: str, now: datetime) -> None:
    """Says that a key is lost for good, so that the database is opened without it. Raises NoSuchKey."""
    async with transaction():
        await hold("recorded-keys")
        if key_id not in await _needed():
            raise NoSuchKey
        for each in await _needed():
            await RecordedKey.get_or_create(id=each, defaults={"recorded_at": now})
        await RecordedKey.filter(id=key_id).update(lost_at=now)


async def _needed() -> set[str]:
    """The keys that are recorded and not lost; where none is recorded, those of what is sealed and tagged."""
    recorded = await RecordedKey.all()
    if not recorded:
        return await keys_in_use()
    return {row.id for row in recorded if row.lost_at is None}
