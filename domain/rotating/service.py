"""A rotation from its beginning to its end, and again from wherever one was interrupted.

What stands in the database says how far the last one came: a key that is announced, or keys behind the one in front that
are not left. So a rotation that is begun again finishes that one, and makes no further key.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from domain.audit.chains import all_chains
from domain.audit.closing import ChainBroken, close_chain
from domain.clock import Clock
from domain.database import DatabaseUnavailable
from domain.installation import Installation
from domain.recorded_keys.processes import present_processes
from domain.recorded_keys.rotation import (
    ProcessesLackKey,
    announce_key,
    announced_key,
    front_key,
    keys_to_leave,
    note_left,
    processes_without,
    put_in_front,
    until_older_changes_ended,
)
from domain.recorded_keys.service import follow_keys
from domain.rotating.writing_anew import Written, write_all_anew

PATIENCE_SECONDS = 30.0
"""How long the processes have to learn of a key, and changes to end that began before it came in front."""
_LOOK_SECONDS = 0.2

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `left` are the keys that can be dropped now."""

    front: str
    left: tuple[str, ...]
    written: tuple[Written, ...]
    broken_chains: tuple[str, ...]
    """Chains of the audit that are not whole, and so were not closed: in words."""


async def rotate(
    installation: Installation,
    choose: Callable[[], str],
    say: Say,
    clock: Clock,
    patience: float = PATIENCE_SECONDS,
) -> Rotated:
    """Puts another key in front and leaves those before it; or finishes what an earlier one left undone.

    `choose` gives the id of a key of the keyring that was never in front, and may make one. One runs at a time
    (`one_at_a_time`). Raises KeyNotUsable, ProcessesLackKey, DatabaseUnavailable, and what `choose` does.
    """
    announced = await announced_key()
    if announced is not None or not await keys_to_leave():
        key_id = announced if announced in installation.keys.ids else choose()
        assert key_id is not None
        await announce_key(key_id, clock())
        say(f"the key {key_id} is announced; nothing is written with it yet")
        await _until_known(key_id, clock, patience)
        await put_in_front(key_id, clock())
        say(f"the key {key_id} is in front: whatever is written is written with it")
    else:
        say("finishing the rotation that was begun earlier; no further key is made")
    await follow_keys(installation.keys, lambda: installation.keys)
    front = await front_key()
    await _until_in_front(front, clock, patience)
    if not await until_older_changes_ended(patience):
        raise DatabaseUnavailable("changes that began before have not ended; run it again")
    old = await keys_to_leave()
    written = await write_all_anew(installation, old, lambda each: _progress(say, each))
    broken = await close_chains(installation, clock)
    say("the chains of the audit are closed under it")
    if not any(each.unknown for each in written):
        await note_left(old, clock())
    return Rotated(front, tuple(old), tuple(written), tuple(broken))


def _progress(say: Say, written: Written) -> None:
    if written.anew:
        say(f"{written.words}: {written.anew}")


async def _until_known(key_id: str, clock: Clock, patience: float) -> None:
    deadline = asyncio.get_running_loop().time() + patience
    while lacking := await processes_without(key_id, clock()):
        if asyncio.get_running_loop().time() > deadline:
            raise ProcessesLackKey(key_id, lacking)
        await asyncio.sleep(_LOOK_SECONDS)


async def _until_in_front(key_id: str, clock: Clock, patience: float) -> None:
    """Waits for those that still begin changes with the key before: each would do them twice."""
    deadline = asyncio.get_running_loop().time() + patience
    while any(each.keys[:1] != [key_id] for each in await present_processes(clock())):
        if asyncio.get_running_loop().time() > deadline:
            return  # what such a process begins is refused until it has looked
        await asyncio.sleep(_LOOK_SECONDS)


async def close_chains(installation: Installation, clock: Clock) -> list[str]:
    """Closes each chain of the audit with the key in front, so that it is proven without the keys before; in words, those
    that are not whole.
    """
    broken = []
    async for chain in all_chains():
        try:
            await close_chain(installation.keys, chain, clock())
        except ChainBroken as found:
            broken.append(str(found))
    return broken
