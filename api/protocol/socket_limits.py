"""What one socket may do, in numbers.

How many sockets one client may have, and what all its subscriptions may cost, is said by
`api.protocol.shares`. The product of `operations` and the size of one result is what a client that
does not read can make the server hold.
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
