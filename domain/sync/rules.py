"""How long things may take between server and lock."""

from datetime import datetime, timedelta

from domain.link.nonces import NONCE_LIFETIME_SECONDS

COMMAND_PATIENCE_SECONDS = 10
"""How long an unlock command may take from the order to the lock's hand."""
OUTCOME_PATIENCE_SECONDS = 8.0
"""How long a caller waits for the door's answer."""
TIME_INTERVAL = timedelta(hours=1)
"""How often a feed sends sealed time, after the first."""
MAX_EVENTS_PER_REPORT = 200
NONCES_KEPT = 2


def command_seconds(nonce_received_at: datetime, now: datetime) -> int | None:
    """The deadline of a command in seconds from its nonce's making, or None when the nonce is too old.

    The nonce arrived after it was made, so counting from its arrival can only shorten the time: a late command is
    refused by the lock, never one that was meant to be dead accepted.
    """
    age = int((now - nonce_received_at).total_seconds())
    seconds = age + COMMAND_PATIENCE_SECONDS
    return seconds if seconds <= NONCE_LIFETIME_SECONDS else None
