"""What a lock is to the server: how changes reach it, and when it counts as online."""

from collections.abc import Sequence
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


def is_online(
    feed_id: str | None,
    nonces: Sequence[object],
    last_contact_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether a lock can be given an order: a feed is open, the lock has made a nonce for this connection, and it has
    reported within the last 75 seconds. Nothing is inferred from silence.
    """
    return (
        feed_id is not None
        # Before its first report on a connection the lock takes no order: whoever reads "online" must be able to open it.
        and bool(nonces)
        and last_contact_at is not None
        and now - last_contact_at < timedelta(seconds=OFFLINE_AFTER_SECONDS)
    )
