"""Which keys a database needs: recorded before anything is written under them, and asked for at every start.

So no process can write with a second secret beside the first. What is written under one cannot be read with the other
alone: locks would get nothing, the audit chain would break, and digits that are taken would be given out again.

Which key is in front, that is, with which one everything is written, stands in the database too (`rotation` moves it), and
not in the order in which a process was given its secrets: all processes write with the same one.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from domain.database import Conflict, DatabaseUnavailable, hold, transaction, use_case
from domain.recorded_keys.tables import KeyState, RecordedKey
from domain.recorded_keys.traces import has_rows, keys_in_use
from domain.security.keys import KeyFileError, Keyring

TURN = "recorded-keys"
"""What everybody holds who decides about keys."""


class KeysMissing(DatabaseUnavailable):
    """The keyring lacks keys with which this database was written; `ids` are theirs. Another process may have them."""

    def __init__(self, ids: Collection[str], keys: Keyring) -> None:
        names, given = ", ".join(sorted(ids)), ", ".join(keys.ids)
        super().__init__(
            f"this database was written with the key {names}, and the secret that is given has the key {given}"
        )
        self.ids = set(ids)


class NoSuchKey(LookupError):
    """No key of this id is needed by this database."""


async def missing_keys(keys: Keyring) -> set[str]:
    """The ids of the recorded keys that the keyring lacks."""
    return _needed_of(await RecordedKey.all()) - set(keys.ids)


async def check_keys(keys: Keyring, began_with: str) -> None:
    """To be called at the end of a transaction that writes under keys, which began with this one in front.

    Raises KeysMissing when the keyring lacks a recorded key, and Conflict when another one is in front by now: the keyring
    then has it in front too, and a use case does all of it again. So nothing is committed that overlooked rows under a
    key that is unknown here, or that was written with a key which everybody else has left.
    """
    rows = await RecordedKey.all()
    if missing := _needed_of(rows) - set(keys.ids):
        raise KeysMissing(missing, keys)
    arrange(keys, rows)
    if keys.current_id != began_with:
        raise Conflict("another key was put in front")


def arrange(keys: Keyring, rows: Sequence[RecordedKey]) -> None:
    """Puts in front what is in front by these rows, and drops what is dropped."""
    dropped = {row.id for row in rows if row.state is KeyState.DROPPED}
    front = next((row.id for row in rows if row.state is KeyState.FRONT), None)
    wanted = front or next((each for each in keys.ids if each not in dropped), None)
    if wanted is None or wanted not in keys.ids:
        return
    if keys.current_id != wanted or dropped & set(keys.ids):
        keys.take_over(keys.arranged(wanted, dropped))


async def follow_keys(keys: Keyring, load: Callable[[], Keyring]) -> None:
    """Brings the keyring of a running process up to date: the keys that are announced or needed, and which is in front.

    `load` reads the process's secrets anew, and is asked only when one is lacking. What it gives counts only if it holds
    every key that is needed; the keyring is kept otherwise. Raises what `load` does.
    """
    rows = await RecordedKey.all()
    wanted = {row.id for row in rows if row.lost_at is None and row.state is not KeyState.DROPPED}
    if wanted - set(keys.ids):
        given = load()
        if not _needed_of(rows) - set(given.ids):
            keys.take_over(given)
    arrange(keys, rows)


@use_case
async def open_keyring(load: Callable[[bool], Keyring], now: datetime) -> Keyring:
    """The keyring of the connected database: what it writes with in front, recorded.

    `load` is asked with True only for a database without any row, for which it may make a secret; of several first starts
    one does. Raises KeysMissing, and what `load` raises.
    """
    rows = await RecordedKey.all()
    if any(row.state is KeyState.FRONT and row.lost_at is None for row in rows):
        keys = _opened(load(False), rows)
        if not any(row.lost_at is not None and row.id in keys.ids for row in rows):
            return keys
    async with transaction():
        await hold(TURN)
        rows = await RecordedKey.all()
        needed = _needed_of(rows) if _live(rows) else await keys_in_use()
        keys = _opened(load(not needed and not await has_rows()), rows, needed)
        for key_id in {*needed, keys.current_id}:
            await RecordedKey.get_or_create(id=key_id, defaults={"recorded_at": now})
        found_again = RecordedKey.filter(id__in=keys.ids, lost_at__isnull=False)
        await found_again.update(lost_at=None, left_at=None)
        if not any(row.state is KeyState.FRONT for row in rows):
            front = {"state": KeyState.FRONT, "front_since": now, "left_at": None}
            await RecordedKey.filter(id=keys.current_id).update(**front)
    return keys


def _opened(keys: Keyring, rows: Sequence[RecordedKey], needed: Collection[str] = ()) -> Keyring:
    """The keyring as it is to be used. Raises KeysMissing, KeyFileError."""
    if missing := (_needed_of(rows) | set(needed)) - set(keys.ids):
        raise KeysMissing(missing, keys)
    dropped = {row.id for row in rows if row.state is KeyState.DROPPED}
    if not set(keys.ids) - dropped:
        raise KeyFileError("its key was dropped from this database")
    arrange(keys, rows)
    return keys


@use_case
async def forget_key(key_id: str, now: datetime) -> None:
    """Says that a key is lost for good, so that the database is opened without it. Raises NoSuchKey."""
    async with transaction():
        await hold(TURN)
        rows = await RecordedKey.all()
        needed = _needed_of(rows) if _live(rows) else await keys_in_use()
        if key_id not in needed:
            raise NoSuchKey
        for each in needed:
            await RecordedKey.get_or_create(id=each, defaults={"recorded_at": now})
        await RecordedKey.filter(id=key_id).update(lost_at=now, state=KeyState.BEHIND)


def _needed_of(rows: Sequence[RecordedKey]) -> set[str]:
    """The keys with which something was written and that are not lost."""
    return {
        row.id
        for row in rows
        if row.lost_at is None and row.state in {KeyState.FRONT, KeyState.BEHIND}
    }


def _live(rows: Sequence[RecordedKey]) -> bool:
    """Whether any key is recorded with which something was written; else the rows themselves are asked."""
    return any(row.state is not KeyState.ANNOUNCED for row in rows)
