"""Who follows which facts, and in which order: the one place where floors that do not know each other are tied."""

from collections.abc import Mapping, Sequence

from domain.access_rules.facts import GrantsChanged
from domain.installation import Follower
from domain.pins.following import follow_grants

FOLLOWERS: Mapping[type, Sequence[Follower]] = {
    GrantsChanged: [follow_grants],
}
"""Every kind of fact; one that nobody follows stands here with an empty list."""
