"""How what is sealed in a lock's rows is bound to its row: the associated data without which it does not open, so that
a row copied over another does not open either.
"""

from uuid import UUID


def secret_identity(lock_id: UUID, incarnation: str) -> str:
    """Of the secret of one incarnation."""
    return f"lock-secret:{lock_id}:{incarnation}"


def card_identity(lock_id: UUID) -> str:
    """Of the UID of the paired card."""
    return f"card:{lock_id}"
