"""Counting tries in the database, so that no restart, second process, GraphQL alias or long websocket gives more of them.

A try is counted before the guess is checked, otherwise parallel guesses would get through together: `count_try` commits
before the caller goes on. After a right guess `give_back` takes that one try back, `forget_tries` all of them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from tortoise.expressions import F

from domain.database import Conflict, Sweep, delete_some, lock_rows, transaction, use_case
from domain.errors import Throttled
from domain.installation import Installation
from domain.security.keys import KeyLabel
from domain.security.networks import networks_of
from domain.throttling.tables import TryCounter

KEPT = timedelta(days=2)
"""Counters, after the beginning of their window: no window is longer than a day."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`tries` within `window`, counted from the first try of the window."""

    kind: str
    tries: int
    window: timedelta


def _counter_ids(installation: Installation, budget: Budget, subject: str) -> list[UUID]:
    """A counter is found by a keyed hash, so the table holds no address and no e-mail: under each key, since one that was
    begun before another key came in front goes on counting; new ones have the first id.
    """
    tags = installation.keys.candidate_tags(KeyLabel.TOKENS, "try-counter", budget.kind, subject)
    return [UUID(bytes=sha256(tag.encode()).digest()[:16]) for tag in tags]


@use_case
async def count_try(
    installation: Installation, budget: Budget, subject: str, now: datetime
) -> None:
    """Counts one try in a transaction of its own. Raises Throttled when the window's budget is already spent.

    A use case that meets a deadlock afterwards is begun again, and counts once more unless it gives the try back.
    """
    key, *earlier = _counter_ids(installation, budget, subject)
    async with transaction(repeatable=True):
        await TryCounter.bulk_create([TryCounter(id=key, window_start=now)], ignore_conflicts=True)
        held = {row.id: row for row in await lock_rows(TryCounter, [key, *earlier])}
        counter = held.pop(key, None)
        if counter is None:
            raise Conflict("the counter was cleared in this moment")  # done again by `use_case`
        if counter.window_start + budget.window <= now:
            counter.window_start, counter.tries = now, 0
        for other in held.values():
            if other.window_start + budget.window > now:
                counter.window_start = min(counter.window_start, other.window_start)
                counter.tries += other.tries
            await other.delete()
        if counter.tries >= budget.tries:
            wait = counter.window_start + budget.window - now
            raise Throttled(max(1, int(wait.total_seconds()) + 1))
        counter.tries += 1
        await counter.save(update_fields=["window_start", "tries"])


async def count_address(
    installation: Installation, budget: Budget, address: str, now: datetime
) -> None:
    """Counts one try for each network of the address (`networks_of`). Raises Throttled."""
    for network in networks_of(address):
        whole = replace(budget, tries=budget.tries * network.share)
        await count_try(installation, whole, network.name, now)


@use_case
async def forget_tries(installation: Installation, budget: Budget, subject: str) -> None:
    """Clears the counter: the last try was right."""
    await TryCounter.filter(id__in=_counter_ids(installation, budget, subject)).delete()


async def _old_counters(now: datetime, most: int) -> int:
    return await delete_some(TryCounter.filter(window_start__lt=now - KEPT), most)


SWEEPS = (Sweep("try_counters", _old_counters),)


@use_case
async def give_back(installation: Installation, budget: Budget, subject: str) -> None:
    """Takes one counted try back, because it was right. The others of the window stay counted."""
    for key in _counter_ids(installation, budget, subject):
        if await TryCounter.filter(id=key, tries__gt=0).update(tries=F("tries") - 1):
            return
