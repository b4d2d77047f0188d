"""Dropping a key that was left: first what will end by it is named, then it ends, then the key is of no use any more."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.clock import Clock
from domain.database import hold, transaction, use_case
from domain.installation import Installation
from domain.people.ending_with_key import EndsWithKey, end_with_key, what_ends
from domain.recorded_keys.processes import present_processes
from domain.recorded_keys.service import TURN, follow_keys
from domain.recorded_keys.tables import KeyState, RecordedKey, ServingProcess
from domain.rotating.service import close_chains
from domain.rotating.writing_anew import write_all_anew

_LOOK_SECONDS = 0.2


class KeyNotDroppable(Exception):
    """The key cannot be dropped; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends with a key."""

    shown: EndsWithKey
    broken_chains: Sequence[str]
    """Chains of the audit that are not whole: what of them stands under the key cannot be proven afterwards."""
    damaged: int
    """Sealed values and tags under it that do not open with it either."""

    def lines(self) -> list[str]:
        """In words, for the operator."""
        said = self.shown.lines()
        if self.damaged:
            said.append(
                f"{self.damaged} rows that were damaged before, and cannot be read with it either"
            )
        said += [
            f"the proof of a part of the audit that is not whole: {each}"
            for each in self.broken_chains
        ]
        return said


async def drop(
    installation: Installation, key_id: str, agreed: Callable[[Ending], bool], clock: Clock
) -> Ending | None:
    """Drops a key that was left; None where `agreed` says no, upon which nothing has changed.

    May be begun again wherever it was interrupted. One that is dropped already is so still. Raises KeyNotDroppable.
    """
    row = await RecordedKey.get_or_none(id=key_id)
    if row is not None and row.state is KeyState.DROPPED:
        return Ending(EndsWithKey(0, 0, 0, 0, 0, 0, 0), (), 0)
    _check(row, key_id)
    written = await write_all_anew(installation, [key_id], lambda each: None)
    if any(each.unknown for each in written):
        raise KeyNotDroppable(
            f"locks still hold given-up PINs under the key {key_id}: run rotate-keys"
        )
    broken = await close_chains(installation, clock)
    front = await RecordedKey.get(state=KeyState.FRONT)
    assert front.front_since is not None
    ending = Ending(
        await what_ends(key_id, front.front_since, clock()),
        broken,
        sum(each.damaged for each in written),
    )
    if not agreed(ending):
        return None
    await end_with_key(installation, key_id, clock())
    await _note_dropped(key_id)
    await follow_keys(installation.keys, lambda: installation.keys)
    return ending


def _check(row: RecordedKey | None, key_id: str) -> None:
    if row is None:
        raise KeyNotDroppable(f"this database has no key {key_id}: `latchwork key list` names them")
    if row.lost_at is not None:
        raise KeyNotDroppable(f"the key {key_id} was given up as lost")
    if row.state is KeyState.FRONT:
        raise KeyNotDroppable(
            f"the key {key_id} is the one in front: put another there first, by rotate-keys"
        )
    if row.state is KeyState.ANNOUNCED or row.left_at is None:
        raise KeyNotDroppable(
            f"the rotation has not come to its end, and what is sealed still needs the key {key_id}: run rotate-keys"
        )


@use_case
async def _note_dropped(key_id: str) -> None:
    async with transaction():
        await hold(TURN)
        await RecordedKey.filter(id=key_id, state=KeyState.BEHIND).update(state=KeyState.DROPPED)


async def processes_with(key_id: str, now: datetime) -> list[ServingProcess]:
    """The serving processes that still go on with this key."""
    return [each for each in await present_processes(now) if key_id in each.keys]


async def until_let_go(key_id: str, clock: Clock, patience: float) -> list[ServingProcess]:
    """Waits until no serving process has the key any more; those that still had it at the end of that time."""
    deadline = asyncio.get_running_loop().time() + patience
    while having := await processes_with(key_id, clock()):
        if asyncio.get_running_loop().time() > deadline:
            return having
        await asyncio.sleep(_LOOK_SECONDS)
    return []
