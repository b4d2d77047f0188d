"""The guess budget of a lock: ten tries of the likeliest length open it with at most the site's chance.

With N PINs of length L on a lock, ten tries of that length open with chance `10 * N / 10^L`; the limit holds for the
likeliest length. The dangerous direction: counting fewer PINs than the lock may hold. So every PIN that it should hold
counts, whether PIN mode is on or not, and the check runs under the lock's row in the transaction that adds one.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from uuid import UUID

from domain.errors import PinTooShort
from domain.link.entries import EntryKind
from domain.sites.tables import Site
from domain.sync.tables import EntryState, LockEntry

TRIES = 10
LONGEST = 9


def most_pins(length: int, guess_limit: int) -> int:
    """How many PINs of this length one lock may hold where ten tries may open with one chance in `guess_limit`."""
    return int(10**length) // (TRIES * guess_limit)


async def _lengths(lock_ids: Collection[UUID]) -> dict[UUID, Counter[int]]:
    """For each lock how many PINs of each length it should hold."""
    found: dict[UUID, Counter[int]] = {lock_id: Counter() for lock_id in lock_ids}
    rows = LockEntry.filter(lock_id__in=list(lock_ids), kind=EntryKind.PIN, state=EntryState.LIVE)
    for lock_id, length in await rows.values_list("lock_id", "pin__length"):
        found[lock_id][length] += 1
    return found


def _shortest_that_fits(
    lengths: Iterable[Counter[int]], from_length: int, guess_limit: int
) -> int | None:
    """The shortest length of which every lock may hold one more; None when there is none."""
    counters = list(lengths)
    for length in range(from_length, LONGEST + 1):
        if all(counter[length] < most_pins(length, guess_limit) for counter in counters):
            return length
    return None


async def length_to_generate(site: Site, lock_ids: Collection[UUID]) -> int:
    """How long a generated PIN must be for these locks. Raises PinTooShort when even the longest are full."""
    lengths = await _lengths(lock_ids)
    length = _shortest_that_fits(lengths.values(), site.pin_auto_length, site.guess_limit)
    if length is None:
        raise PinTooShort(
            LONGEST + 1, "These locks hold as many PINs as their guess budget allows."
        )
    return length


async def check_guess_budget(site: Site, grown: Collection[LockEntry]) -> None:
    """Within the transaction that made these entries live: raises PinTooShort with a length that would do."""
    lengths = await _lengths({entry.lock_id for entry in grown})
    if all(
        count <= most_pins(length, site.guess_limit)
        for counter in lengths.values()
        for length, count in counter.items()
    ):
        return
    would_do = _shortest_that_fits(lengths.values(), site.pin_min_length, site.guess_limit)
    if would_do is None:
        raise PinTooShort(
            LONGEST + 1, "These locks hold as many PINs as their guess budget allows."
        )
    raise PinTooShort(
        would_do,
        f"These locks hold so many short PINs that guessing would be too easy: take {would_do} digits or more.",
    )
