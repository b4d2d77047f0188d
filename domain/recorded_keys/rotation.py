"""Another key comes in front while processes serve: all of them learn of it before anything is written with it.

1. A key is *announced*. Each serving process looks every two seconds, reads its secrets anew, and writes down the keys that
   it knows by then (`processes`).
2. When all that are there know it, it is put *in front*. Whoever began a change with the old one in front does it again
   with the new one (`service.check_keys`), so that no digits go unseen: both keys' tags are looked for from then on.
3. What was written with the old one is written anew (`domain.rotating`); then the old one is *left*, and can be dropped.

Every step can be done again. A process that was not there in step 1, or was stopped meanwhile, can change nothing until it
knows the new key.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from domain.database import hold, transaction, use_case
from domain.database.older_transactions import older_transactions_ended
from domain.recorded_keys.processes import present_processes
from domain.recorded_keys.service import TURN, NoSuchKey
from domain.recorded_keys.tables import KeyState, RecordedKey, ServingProcess

LOOK_SECONDS = 0.2


class KeyNotUsable(Exception):
    """The key cannot come in front; the message says why."""


class ProcessesLackKey(Exception):
    """Serving processes do not know the key, so that it was not put in front."""

    def __init__(self, key_id: str, processes: Sequence[ServingProcess]) -> None:
        names = "; ".join(f"{each.name} (secret from {each.source})" for each in processes)
        super().__init__(f"the key {key_id} is not known to {names}")
        self.processes = processes


async def announced_key() -> str | None:
    """The id of the key that processes are to learn of, if there is one."""
    row = await RecordedKey.filter(state=KeyState.ANNOUNCED).first()
    return row.id if row is not None else None


async def front_key() -> str:
    """The id of the key in front. Raises NoSuchKey before the first start."""
    row = await RecordedKey.filter(state=KeyState.FRONT).first()
    if row is None:
        raise NoSuchKey
    return row.id


async def keys_to_leave() -> list[str]:
    """The ids of the keys behind the one in front under which something may be that can be written anew."""
    rows = await RecordedKey.filter(state=KeyState.BEHIND, lost_at=None, left_at=None).order_by(
        "recorded_at", "id"
    )
    return [row.id for row in rows]


@use_case
async def announce_key(key_id: str, now: datetime) -> None:
    """Says that this key is to come in front, in place of any that was announced. Raises KeyNotUsable."""
    async with transaction():
        await hold(TURN)
        row = await RecordedKey.get_or_none(id=key_id)
        if row is not None and row.state is KeyState.DROPPED:
            raise KeyNotUsable(f"the key {key_id} was dropped; a dropped key never comes back")
        if row is not None and row.state is not KeyState.ANNOUNCED:
            raise KeyNotUsable(f"the key {key_id} has been in front already")
        await RecordedKey.filter(state=KeyState.ANNOUNCED).exclude(id=key_id).delete()
        if row is None:
            await RecordedKey.create(id=key_id, recorded_at=now, state=KeyState.ANNOUNCED)


async def processes_without(key_id: str, now: datetime) -> list[ServingProcess]:
    """The serving processes that do not know this key yet."""
    return [each for each in await present_processes(now) if key_id not in each.keys]


@use_case
async def put_in_front(key_id: str, now: datetime) -> None:
    """Everything is written with the announced key from here on. Raises ProcessesLackKey, NoSuchKey."""
    async with transaction():
        await hold(TURN)
        row = await RecordedKey.get_or_none(id=key_id, state=KeyState.ANNOUNCED)
        if row is None:
            raise NoSuchKey
        if lacking := await processes_without(key_id, now):
            raise ProcessesLackKey(key_id, lacking)
        await RecordedKey.filter(state=KeyState.FRONT).update(state=KeyState.BEHIND)
        await RecordedKey.filter(id=key_id).update(state=KeyState.FRONT, front_since=now)


async def until_older_changes_ended(seconds: float) -> bool:
    """Waits for the changes that had begun before this call; whether they ended in that time."""
    ended = await older_transactions_ended()
    deadline = asyncio.get_running_loop().time() + seconds
    while not await ended():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True


@use_case
async def note_left(key_ids: Sequence[str], now: datetime) -> None:
    """Says that whatever can be written anew under another key was."""
    await RecordedKey.filter(id__in=list(key_ids), state=KeyState.BEHIND).update(left_at=now)
