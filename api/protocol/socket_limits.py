"""What one socket may do, in numbers, and the bucket that counts its messages.

A socket is cheap to open and lives long, so each limit is per socket; how many sockets one client
may have is for those who know the client. The dangerous direction is up: the product of
`operations` and the size of one result is what a client that does not read can make the server
hold.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may do.

    `message_bytes`      longest message of the client, in bytes of UTF-8
    `burst`, `per_second` messages at once, and on average
    `operations`         operations at a time, of any type, those that are being stopped included
    `init_timeout`       seconds from the handshake until the client must be authenticated
    `send_timeout`       seconds that one message may wait for a client that does not read
    `closing_timeout`    seconds that operations get to stop once the socket is closed
    """

    message_bytes: int = 65_536
    burst: int = 100
    per_second: float = 20.0
    operations: int = 50
    init_timeout: float = 10.0
    send_timeout: float = 10.0
    closing_timeout: float = 5.0


class TokenBucket:
    """Admits `burst` at once and `per_second` on average. Time is the caller's, in seconds."""

    def __init__(self, burst: int, per_second: float, now: float) -> None:
        self._burst = float(burst)
        self._per_second = per_second
        self._tokens = float(burst)
        self._since = now

    def admit(self, now: float) -> bool:
        """Whether one more may pass at this time; counts it if so."""
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._per_second)
        self._since = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
