"""The guess budget of a lock: ten tries of the likeliest length open it with at most the site's chance.

With N PINs of length L on a lock, ten tries of that length open with chance `10 * N / 10^L`; the limit holds for the
likeliest length. Every PIN that the lock should hold counts, whether PIN mode is on or not, and the check runs under the
lock's row in the transaction that adds one. Only what is added is held to the limit: one that was tightened later refuses
nothing that is there.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from tortoise.functions import Count

from domain.access.pin_shape import LONGEST, SHORTEST
from domain.database.rows import column
from domain.errors import PinTooShort
from domain.locks.tables import Lock
from domain.sites.tables import Site
from domain.smartpins.tables import SmartPin
from domain.sync.tables import LockEntry

TRIES = 10


def most_pins(length: int, guess_limit: int) -> int:
    """How many PINs of this length one lock may hold where ten tries may open with one chance in `guess_limit`."""
    return int(10**length) // (TRIES * guess_limit)


async def _held(
    lock_ids: Collection[UUID], now: datetime, without: UUID | None = None
) -> dict[UUID, Counter[int]]:
    """For each lock how many PINs of each length it should hold, one PIN left out.

    A short PIN that a guest set at the door counts as one of four digits: a lock never tells more than that there is one.
    """
    found: dict[UUID, Counter[int]] = {lock_id: Counter() for lock_id in lock_ids}
    # Compared with a number: an index that leaves out NULLs serves that on SQLite, and not a negated IS NULL.
    live = LockEntry.filter(lock_id__in=list(lock_ids), pin_length__gt=0)
    counted = live.annotate(pins=Count("pin_length")).group_by("lock_id", "pin_length")
    for lock_id, length, pins in await counted.values_list("lock_id", "pin_length", "pins"):
        found[lock_id][length] = pins
    if without is not None:
        for lock_id, length in await live.filter(pin_id=without).values_list(
            "lock_id", "pin_length"
        ):
            found[lock_id][length] -= 1
    guests = SmartPin.filter(
        lock_id__in=list(lock_ids),
        short_pin_set_at__isnull=False,
        dead_at=None,
        closes_at__gt=now,
    )
    for lock_id in await column(guests, "lock_id"):
        found[lock_id][SHORTEST] += 1
    return found


def _full(site: Site) -> PinTooShort:
    longer = (
        "."
        if site.pin_max_length == LONGEST
        else ", or let the site's PIN policy allow longer ones."
    )
    return PinTooShort(
        site.pin_max_length + 1,
        f"These locks hold as many PINs as their guess budget allows. Remove some{longer}",
    )


async def lengths_to_generate(
    site: Site, lock_ids: Collection[UUID], now: datetime, instead_of: UUID | None
) -> list[int]:
    """The lengths, shortest first, of which each of these locks may hold one more PIN, or one in place of another.

    Raises PinTooShort without any.
    """
    held = await _held(lock_ids, now, without=instead_of)
    lengths = [
        length
        for length in range(site.pin_auto_length, site.pin_max_length + 1)
        if all(counts[length] < most_pins(length, site.guess_limit) for counts in held.values())
    ]
    if not lengths:
        raise _full(site)
    return lengths


async def check_room(
    site: Site,
    lock_ids: Collection[UUID],
    length: int,
    now: datetime,
    instead_of: UUID | None,
) -> None:
    """Whether one more PIN of this length, or one in place of another, fits at each of these locks.

    Asked before digits are judged, so that a lock without room tells nobody which digits are free. Raises PinTooShort.
    """
    one = Counter({length: 1})
    held = await _held(lock_ids, now, without=instead_of)
    with_it = {lock_id: counts + one for lock_id, counts in held.items()}
    await _check_fit(site, with_it, dict.fromkeys(with_it, one))


async def check_guess_budget(
    site: Site, added: Mapping[UUID, Collection[int]], now: datetime
) -> None:
    """Within the transaction that made these PINs live, given as their lengths by lock.

    Raises PinTooShort with the shortest longer length that would do for all of them.
    """
    held = await _held(added.keys(), now)
    await _check_fit(site, held, {lock_id: Counter(new) for lock_id, new in added.items()})


async def _check_fit(
    site: Site, held: Mapping[UUID, Counter[int]], added: Mapping[UUID, Counter[int]]
) -> None:
    """`held` is what the locks would hold with what is added. Raises PinTooShort."""

    def fits(length: int, counts: Counter[int]) -> bool:
        return counts[length] <= most_pins(length, site.guess_limit)

    too_short = {
        (lock_id, length)
        for lock_id, new in added.items()
        for length in new
        if not fits(length, held[lock_id])
    }
    if not too_short:
        return
    shortest = min(length for _, length in too_short)
    for length in range(shortest + 1, site.pin_max_length + 1):
        if all(
            fits(length, held[lock_id] - new + Counter({length: new.total()}))
            for lock_id, new in added.items()
        ):
            locks = Lock.filter(id__in=[lock_id for lock_id, _ in too_short])
            names = ", ".join(sorted(await column(locks, "name")))
            raise PinTooShort(
                length,
                f"So many PINs of {shortest} digits would be too easy to guess at {names}: "
                f"{length} digits or more would do.",
            )
    raise _full(site)
