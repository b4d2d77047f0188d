"""What people announce to the floors above them."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class MemberMade(Fact):
    """A site has a new member."""

    member_id: UUID


@dataclass(frozen=True, slots=True)
class MemberRenamed(Fact):
    """A member has another name."""

    member_id: UUID


@dataclass(frozen=True, slots=True)
class MemberGone(Fact):
    """A member was removed from the site."""

    member_id: UUID


@dataclass(frozen=True, slots=True)
class DoorsLost(Fact):
    """A person may no longer manage the doors of a site: their role was lowered or taken away."""

    account_id: UUID
    site_id: UUID


@dataclass(frozen=True, slots=True)
class TokenEnded(Fact):
    """An API token no longer acts at these sites."""

    token_id: UUID
    site_ids: frozenset[UUID]
