"""What tags announce to the floors above them."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class TagHolds(Fact):
    """What a tag holds has changed. `member_ids`: for a tag of members, those that it holds now or held before."""

    tag_id: UUID
    member_ids: frozenset[UUID]
