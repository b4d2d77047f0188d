"""Token buckets: how often something may happen at once, and on average. In memory, for one process.

What must not be forgotten by a restart, or must hold for all processes together, is counted in the database
(`domain.throttling`); here is what would cost more to count there than to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TokenBucket:
    """Admits `burst` at once and `per_second` on average. Time is the caller's, in seconds."""

    def __init__(self, burst: int, per_second: float, now: float) -> None:
        self._burst = float(burst)
        self._per_second = per_second
        self._tokens = float(burst)
        self._since = now

    def admit(self, now: float) -> bool:
        """Whether one more may pass at this time; counts it if so."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def is_empty(self, now: float) -> bool:
        """Whether the next one would be refused at this time."""
        self._fill(now)
        return self._tokens < 1

    def is_full(self, now: float) -> bool:
        """Whether nothing is known any more of what has passed."""
        self._fill(now)
        return self._tokens >= self._burst

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._per_second)
        self._since = now


@dataclass(frozen=True, slots=True)
class Spender:
    """Who spends from a bucket of its own, and how many times the usual one it is."""

    name: str
    share: int = 1


class Buckets:
    """A bucket for each spender, `most` of them. Nobody's is dropped for another's.

    Once so many have spent something, those that are new share one bucket, until others are full again.
    """

    def __init__(self, burst: int, per_second: float, *, most: int = 10_000) -> None:
        self._burst = burst
        self._per_second = per_second
        self._most = most
        self._buckets: dict[str, TokenBucket] = {}
        self._shared = TokenBucket(burst, per_second, 0.0)
        self._swept = 0.0

    def __len__(self) -> int:
        """How many spenders have a bucket of their own."""
        return len(self._buckets)

    def admit(self, spenders: Sequence[Spender], now: float) -> bool:
        """Whether one more may pass at this time that all of these spend together; counts it if so."""
        buckets = [self._bucket(each, now) for each in spenders]
        if any(bucket.is_empty(now) for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.admit(now)
        return True

    def is_empty(self, spenders: Sequence[Spender], now: float) -> bool:
        """Whether their next one would be refused at this time."""
        found = [self._buckets.get(each.name) for each in spenders]
        return any(bucket is not None and bucket.is_empty(now) for bucket in found) or (
            None in found and len(self._buckets) >= self._most and self._shared.is_empty(now)
        )

    def _bucket(self, spender: Spender, now: float) -> TokenBucket:
        bucket = self._buckets.get(spender.name)
        if bucket is None:
            if len(self._buckets) >= self._most:
                self._sweep(now)
            if len(self._buckets) >= self._most:
                return self._shared
            burst, per_second = self._burst * spender.share, self._per_second * spender.share
            bucket = self._buckets[spender.name] = TokenBucket(burst, per_second, now)
        return bucket

    def _sweep(self, now: float) -> None:
        """Drops the buckets that are full again; once a second at most, since it looks at all of them."""
        if now - self._swept < 1:
            return
        self._swept = now
        for name in [name for name, bucket in self._buckets.items() if bucket.is_full(now)]:
            del self._buckets[name]
