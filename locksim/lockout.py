"""How many wrong entries a keypad takes; only time or a person forgives them.

Two budgets. Ten consecutive wrong entries disable PIN entry. And a bucket of 20, refilled by 4 a
day, counts every wrong entry whatever comes between, so that somebody who knows one PIN cannot
reset the guessing with it. Both are charged and written to disk *before* the entry is evaluated.
The dangerous mistake is a guess that does not count: cutting the power must not give it back.
"""

from dataclasses import dataclass, replace

CONSECUTIVE_LIMIT = 10
"""Wrong entries in a row that disable PIN entry."""
BUCKET = 20
"""Wrong entries in the bucket when it is full."""
REFILL_MS = 24 * 3600 * 1000 // 4
"""Milliseconds of trusted time in which the bucket gains one entry: four a day."""


@dataclass(frozen=True, slots=True)
class GuessBudget:
    """The wrong entries that are left; part of the lock's durable state."""

    streak: int = 0
    """Wrong entries in a row."""
    left: int = BUCKET
    metered_at: int | None = None
    """Trusted time (Unix, ms) from which the next refill is counted; None: no time to count by."""
    locked: bool = False
    locked_at: int | None = None
    """Trusted time (Unix, ms) of the lockout; None: the lock had no time, or is not locked."""
    announced: bool = False
    """Whether the lockout has its event; a power cut can come between."""

    def charged(self, now: int | None) -> "GuessBudget":
        """After one entry that is not known to be right, `now` being trusted time or None.

        The entry that uses up either budget locks, and stays locked unless it proves right.
        """
        budget = self._refilled(now)
        streak, left = budget.streak + 1, budget.left - 1
        locked = streak >= CONSECUTIVE_LIMIT or left <= 0
        return replace(
            budget, streak=streak, left=left, locked=locked, locked_at=now if locked else None
        )

    def forgiven(self) -> "GuessBudget":
        """After a right entry that opened: the row is broken; the bucket stays as it was."""
        return replace(self, streak=0)

    def released(self, now: int | None) -> "GuessBudget":
        """After the paired card, an authorised command or the policy's time: both budgets whole."""
        return GuessBudget(metered_at=now)

    def timed_anew(self, now: int) -> "GuessBudget":
        """After the clock was set: time that the lock did not measure refills nothing."""
        return replace(self, metered_at=now)

    def _refilled(self, now: int | None) -> "GuessBudget":
        if now is None:
            return replace(self, metered_at=None)
        if self.metered_at is None or now < self.metered_at or self.left >= BUCKET:
            return replace(self, metered_at=now)
        gained = (now - self.metered_at) // REFILL_MS
        if self.left + gained >= BUCKET:
            return replace(self, left=BUCKET, metered_at=now)
        return replace(
            self, left=self.left + gained, metered_at=self.metered_at + gained * REFILL_MS
        )
