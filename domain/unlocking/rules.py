"""How long opening a door from afar may take."""

from datetime import datetime

from domain.link.nonces import NONCE_LIFETIME_SECONDS

COMMAND_PATIENCE_SECONDS = 10
"""How long an unlock command may take from being given until the lock acts on it."""
OUTCOME_PATIENCE_SECONDS = 8.0
"""How long a caller waits for the door's answer."""


def command_seconds(nonce_received_at: datetime, now: datetime) -> int | None:
    """The deadline of a command in seconds from its nonce's making, or None when the nonce is too old.

    The nonce arrived after it was made, so counting from its arrival can only shorten the time: the lock refuses a
    command that comes late, and accepts none after its deadline.
    """
    age = max(0, int((now - nonce_received_at).total_seconds()))
    seconds = age + COMMAND_PATIENCE_SECONDS
    return seconds if seconds <= NONCE_LIFETIME_SECONDS else None
