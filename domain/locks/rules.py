"""What a lock is to the server: how changes reach it, and when it counts as online."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.link.nonces import OFFLINE_AFTER_SECONDS
from domain.sites.rules import SystemType

MOST_READERS = 16
"""Readers of one lock: both sides of a wide door, and more than any lock that we know has."""


class Connectivity(StrEnum):
    """How a lock is connected."""

    ONLINE_WIRED = "ONLINE_WIRED"
    WIRELESS_GATEWAY = "WIRELESS_GATEWAY"
    WIRELESS_OFFLINE = "WIRELESS_OFFLINE"


class Propagation(StrEnum):
    """How changes reach a lock: over its own socket, or carried by the next phone."""

    REAL_TIME = "REAL_TIME"
    OPPORTUNISTIC = "OPPORTUNISTIC"


def propagation(connectivity: Connectivity) -> Propagation:
    """A lock without a network of its own waits for phones."""
    if connectivity is Connectivity.WIRELESS_OFFLINE:
        return Propagation.OPPORTUNISTIC
    return Propagation.REAL_TIME


def default_connectivity(system_type: SystemType, has_hub: bool) -> Connectivity:
    """The connectivity of a new lock for which none is given."""
    if system_type is SystemType.EASY:
        return Connectivity.WIRELESS_OFFLINE
    return Connectivity.WIRELESS_GATEWAY if has_hub else Connectivity.ONLINE_WIRED


def is_online(feed_id: str | None, last_contact_at: datetime | None, now: datetime) -> bool:
    """Whether a feed is open and the lock has reported within the last 75 seconds; nothing is inferred from silence."""
    return (
        feed_id is not None
        and last_contact_at is not None
        and now - last_contact_at < timedelta(seconds=OFFLINE_AFTER_SECONDS)
    )
