"""Token buckets: how often something may happen at once, and on average. In memory, for one process.

What must not be forgotten by a restart, or must hold for all processes together, is counted in the database
(`domain.throttling`); here is what would cost more to count there than to do.
"""


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


class Buckets:
    """A bucket for each key, `keys` of them at most. Nobody's is dropped for another's.

    Once so many keys have spent something, those that are new share one bucket, until others are full again.
    """

    def __init__(self, burst: int, per_second: float, *, keys: int = 10_000) -> None:
        self._burst = burst
        self._per_second = per_second
        self._keys = keys
        self._buckets: dict[str, TokenBucket] = {}
        self._shared = TokenBucket(burst, per_second, 0.0)
        self._swept = 0.0

    def __len__(self) -> int:
        """How many keys have a bucket of their own."""
        return len(self._buckets)

    def admit(self, key: str, now: float) -> bool:
        """Whether one more of this key may pass at this time; counts it if so."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._keys:
                self._sweep(now)
            if len(self._buckets) >= self._keys:
                return self._shared.admit(now)
            bucket = self._buckets[key] = TokenBucket(self._burst, self._per_second, now)
        return bucket.admit(now)

    def is_empty(self, key: str, now: float) -> bool:
        """Whether the key's next one would be refused at this time."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            return bucket.is_empty(now)
        return len(self._buckets) >= self._keys and self._shared.is_empty(now)

    def _sweep(self, now: float) -> None:
        """Drops the buckets that are full again; once a second at most, since it looks at all of them."""
        if now - self._swept < 1:
            return
        self._swept = now
        for key in [key for key, bucket in self._buckets.items() if bucket.is_full(now)]:
            del self._buckets[key]
