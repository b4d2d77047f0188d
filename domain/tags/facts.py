"""What tags announce to the floors above them."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class TagHolds(Fact):
    """A tag holds others than before. `member_ids`: of a tag of members, those that it holds now or held before."""

    tag_id: UUID
    member_ids: frozenset[UUID]
