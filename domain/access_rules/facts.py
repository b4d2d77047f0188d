"""What access rules announce to the floors above them."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class GrantsChanged(Fact):
    """A rule that names these members, directly or by a tag, was made, changed or ended."""

    member_ids: frozenset[UUID]
