"""How a sealed lock secret is bound to its row."""

from uuid import UUID


def secret_identity(lock_id: UUID, incarnation: str) -> str:
    """The associated data of a sealed lock secret: a row copied over another does not open."""
    return f"lock-secret:{lock_id}:{incarnation}"
