"""What the outbox announces to the floors above it."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class LetterGivenUp(Fact):
    """A letter will never be sent; its row goes at the end of the transaction."""

    letter_id: UUID
