"""Who follows which facts, and in which order: the one place where floors that do not know each other are tied."""

from collections.abc import Mapping, Sequence

from domain.installation import Follower

FOLLOWERS: Mapping[type, Sequence[Follower]] = {}
"""Every kind of fact; one that nobody follows stands here with an empty list."""
