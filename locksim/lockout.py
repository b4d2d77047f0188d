"""How many wrong entries a lock takes before it disables its keypads.

Two counts. Ten wrong entries in a row are a lockout. And a bucket of 20, refilled by 4 a day, counts
every wrong entry whatever comes between, so that somebody who knows one PIN cannot reset the
guessing with it. `keypad` charges both, on disk, before an entry is looked up: a power cut gives no
guess back.
"""

from dataclasses import dataclass, replace

CONSECUTIVE_LIMIT = 10
"""Wrong entries in a row that disable PIN entry."""
BUCKET = 20
"""Wrong entries in the bucket when it is full."""
REFILL_MS = 24 * 3600 * 1000 // 4
"""Milliseconds of trusted time in which the bucket gains one entry: four a day."""


@dataclass(frozen=True, slots=True)
class KeypadTries:
    """The wrong entries so far; part of the lock's durable state, under the names of these fields."""

    streak: int = 0
    """Wrong entries in a row."""
    left: int = BUCKET
    """Wrong entries that are left in the bucket."""
    metered_at: int | None = None
    """Trusted time (Unix, ms) from which the next refill is counted; None: no time to count by."""
    locked: bool = False
    locked_at: int | None = None
    """Trusted time (Unix, ms) of the lockout; None: the lock had no time, or is not locked."""
    announced: bool = False
    """Whether the lockout has its event; a power cut can come between."""

    def charged(self, now: int | None) -> "KeypadTries":
        """After one entry that is not known to be right, `now` being trusted time or None.

        The entry that uses up either count locks, and stays locked unless it proves right.
        """
        tries = self._refilled(now)
        streak, left = tries.streak + 1, tries.left - 1
        locked = streak >= CONSECUTIVE_LIMIT or left <= 0
        return replace(
            tries, streak=streak, left=left, locked=locked, locked_at=now if locked else None
        )

    def after_opening(self) -> "KeypadTries":
        """After an entry that opened: no wrong entries in a row; the bucket stays as it was."""
        return replace(self, streak=0)

    def released(self, now: int | None) -> "KeypadTries":
        """After the paired card, an authorised command or the policy's time: both counts as at first."""
        return KeypadTries(metered_at=now)

    def after_clock_set(self, now: int) -> "KeypadTries":
        """From the time that was set: time that the lock did not measure refills nothing."""
        return replace(self, metered_at=now)

    def _refilled(self, now: int | None) -> "KeypadTries":
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
