"""Windows, and the one number that each of their codes stands for.

A code carries an *index* below 46,204,572 and nothing else. This module is the numbering: pure
integers, no clock, no zone, no cryptography, and so the part that firmware copies first.

Two readings with one index would give two guests one code, and blocking one would block the other;
an index that decodes to a longer window than was encoded would keep a door open. The round trip
over every index is proved in ``bench/smartpin_exhaustive.py``.

Hours and days count from 2020-01-01T00:00 in the lock's fixed offset. A *code epoch* (the "epoch"
of ``docs/smartpin.md``) is 366 days, 8784 hours, and is not part of the index: it goes into the
cipher's tweak. The epoch of a delivery, a life of the server's database, has nothing to do with it.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

CODE_EPOCH_DAYS: Final = 366
CODE_EPOCH_HOURS: Final = CODE_EPOCH_DAYS * 24
MAX_CODE_EPOCH: Final = 2**32 - 1

MIN_HOURS: Final = 1
MAX_HOURS: Final = 768
MIN_DAYS: Final = 33
MAX_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Hourly:
    """Open for ``hours`` hours from the beginning of hour ``start`` (hours since 2020 began).

    Raises ValueError (``hours`` outside 1 .. 768, or a start outside the format's 2**32 epochs).
    """

    start: int
    hours: int

    def __post_init__(self) -> None:
        if not MIN_HOURS <= self.hours <= MAX_HOURS:
            raise ValueError(f"{MIN_HOURS} to {MAX_HOURS} hours are wanted")
        _require_code_epoch(self.code_epoch)

    @property
    def code_epoch(self) -> int:
        """The code epoch in which the window starts; the cipher's tweak holds it."""
        return self.start // CODE_EPOCH_HOURS

    @property
    def variants(self) -> int:
        """How many different codes this window has: 768 for one hour, one above 384 hours."""
        return MAX_HOURS // self.hours


@dataclass(frozen=True, slots=True)
class Daily:
    """Open from day ``start`` (days since 2020 began) at 08:00 to day ``start + days`` at 20:00.

    Both times are the lock's local wall time. The nights between are open too.

    Raises ValueError (``days`` outside 33 .. 365, or a start outside the format's 2**32 epochs).
    """

    start: int
    days: int

    def __post_init__(self) -> None:
        if not MIN_DAYS <= self.days <= MAX_DAYS:
            raise ValueError(f"{MIN_DAYS} to {MAX_DAYS} days are wanted")
        _require_code_epoch(self.code_epoch)

    @property
    def code_epoch(self) -> int:
        """The code epoch in which the window starts; the cipher's tweak holds it."""
        return self.start // CODE_EPOCH_DAYS

    @property
    def variants(self) -> int:
        """How many different codes this window has: 11 for 33 days, one above 182 days."""
        return MAX_DAYS // self.days


Window = Hourly | Daily


def _require_code_epoch(code_epoch: int) -> None:
    if not 0 <= code_epoch <= MAX_CODE_EPOCH:
        raise ValueError("windows start in 2020 or later")


# Where the indexes of each duration begin; one entry more than durations, so that the last entry is
# where the form ends. A lock may keep these 1,102 numbers as a table or add them up each time.
HOURLY_BASE: Final = tuple(
    accumulate((CODE_EPOCH_HOURS * (MAX_HOURS // d) for d in range(1, MAX_HOURS + 1)), initial=0)
)
HOURLY_TOTAL: Final = HOURLY_BASE[-1]
DAILY_BASE: Final = tuple(
    accumulate(
        (CODE_EPOCH_DAYS * (MAX_DAYS // d) for d in range(MIN_DAYS, MAX_DAYS + 1)),
        initial=HOURLY_TOTAL,
    )
)
TOTAL: Final = DAILY_BASE[-1]


@dataclass(frozen=True, slots=True)
class Reading:
    """A window and one of its variants: what ten digits say once they are decrypted.

    Raises ValueError (``variant`` outside ``0 .. window.variants - 1``).
    """

    window: Window
    variant: int

    def __post_init__(self) -> None:
        if not 0 <= self.variant < self.window.variants:
            raise ValueError(f"the window has {self.window.variants} variants")

    @property
    def index(self) -> int:
        """The reading's number within its epoch, ``0 .. 46,204,571``."""
        window = self.window
        if isinstance(window, Hourly):
            offset = window.start % CODE_EPOCH_HOURS
            return HOURLY_BASE[window.hours - MIN_HOURS] + self.variant * CODE_EPOCH_HOURS + offset
        offset = window.start % CODE_EPOCH_DAYS
        return DAILY_BASE[window.days - MIN_DAYS] + self.variant * CODE_EPOCH_DAYS + offset


def reading_at(code_epoch: int, index: int) -> Reading | None:
    """The reading with this index in this epoch: the inverse of :attr:`Reading.index`.

    Returns ``None`` for an index of 46,204,572 or more: digits that are no code in that epoch, as
    are 99.5 % of all.

    Raises ValueError (a negative index, or an epoch outside ``0 .. 2**32 - 1``).
    """
    _require_code_epoch(code_epoch)
    if index < 0:
        raise ValueError("an index is not negative")
    if index < HOURLY_TOTAL:
        row = bisect_right(HOURLY_BASE, index) - 1
        variant, offset = divmod(index - HOURLY_BASE[row], CODE_EPOCH_HOURS)
        return Reading(Hourly(code_epoch * CODE_EPOCH_HOURS + offset, MIN_HOURS + row), variant)
    if index < TOTAL:
        row = bisect_right(DAILY_BASE, index) - 1
        variant, offset = divmod(index - DAILY_BASE[row], CODE_EPOCH_DAYS)
        return Reading(Daily(code_epoch * CODE_EPOCH_DAYS + offset, MIN_DAYS + row), variant)
    return None
