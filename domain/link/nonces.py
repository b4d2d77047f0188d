"""Nonces and the limits of the link, in one place because both sides must count alike.

A nonce is how a lock without a trusted clock knows that a message was made just now for it. If it
lived longer at one side than at the other, a command that was withheld would open a door later.
"""

from domain.security import base64url

NONCE_BYTES = 32
NONCE_LIFETIME_SECONDS = 60
"""How long a nonce is good, counted in the lock's uptime from its making."""
NONCE_REPORT_INTERVAL_SECONDS = 30
"""How often a lock on a socket reports a new nonce; it takes its newest two."""
OFFLINE_AFTER_SECONDS = 75
"""A lock that has reported no nonce for so long counts as offline."""
MAX_DELIVERY_ENTRIES = 500
"""Entries in one delivery, or in one part of a snapshot."""


def well_formed_nonce(text: str) -> bool:
    """Whether it is the base64url of 32 bytes, in the one way of writing them."""
    try:
        return len(base64url.decode(text)) == NONCE_BYTES
    except ValueError:
        return False
