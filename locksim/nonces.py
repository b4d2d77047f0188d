"""The lock's nonces: how it knows, without a clock, that a message was made just now and for it.

They live in RAM and belong to one connection, so that nothing withheld survives a restart or
another socket. The dangerous mistake is a nonce that is good for longer than it should be.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from domain.link.nonces import (
    NONCE_BYTES,
    NONCE_LIFETIME_SECONDS,
    NONCE_REPORT_INTERVAL_SECONDS,
)
from domain.security import base64url

INTERVAL_MS = NONCE_REPORT_INTERVAL_SECONDS * 1000
LIFETIME_MS = NONCE_LIFETIME_SECONDS * 1000
TAKEN = 2
"""How many of the newest nonces are taken."""


@dataclass
class Nonce:
    """One nonce of this connection."""

    value: str = field(repr=False)
    made_ms: int
    """Uptime of its making; deadlines are counted from here."""
    told_time: bool = False
    """Whether it has already set the clock: sealed time counts once, so a repeat cannot."""


class Nonces:
    """The newest nonces of one connection."""

    def __init__(self, random_bytes: Callable[[int], bytes], uptime_ms: int) -> None:
        self._random_bytes = random_bytes
        self._newest: list[Nonce] = []
        self.renew(uptime_ms)

    @property
    def current(self) -> Nonce:
        """The one to report."""
        return self._newest[-1]

    @property
    def renew_ms(self) -> int:
        """The uptime at which the next one is due."""
        return self.current.made_ms + INTERVAL_MS

    def renew(self, uptime_ms: int) -> None:
        """Make a new one; the newest two are taken."""
        value = base64url.encode(self._random_bytes(NONCE_BYTES))
        self._newest = [*self._newest[1 - TAKEN :], Nonce(value, uptime_ms)]

    def find(self, value: str, uptime_ms: int) -> Nonce | None:
        """The nonce of this value, if it is one of the newest two and not older than a minute."""
        for nonce in self._newest:
            if nonce.value == value and uptime_ms - nonce.made_ms <= LIFETIME_MS:
                return nonce
        return None
