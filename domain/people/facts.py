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
    """A member was taken off the site."""

    member_id: UUID


@dataclass(frozen=True, slots=True)
class DoorsLost(Fact):
    """A person may do nothing to the doors of a site any more: their role there is a lower one, or they have none."""

    account_id: UUID
    site_id: UUID


@dataclass(frozen=True, slots=True)
class TokenEnded(Fact):
    """An API token acts at these sites no more."""

    token_id: UUID
    site_ids: frozenset[UUID]
