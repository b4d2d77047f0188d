"""When a lock counts as online, and how changes reach it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.locks.rules import (
    Connectivity,
    Propagation,
    default_connectivity,
    is_online,
    propagation,
)
from domain.sites.rules import SystemType

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("feed_id", "nonces", "silent", "online"),
    [
        ("feed", ["nonce"], timedelta(0), True),
        ("feed", ["nonce"], timedelta(seconds=75) - timedelta(microseconds=1), True),
        ("feed", ["nonce"], timedelta(seconds=75), False),
        ("feed", ["nonce"], None, False),
        ("feed", [], timedelta(0), False),
        (None, ["nonce"], timedelta(0), False),
        (None, [], None, False),
    ],
)
def test_it_is_online_with_a_feed_a_nonce_and_a_report_within_75_seconds(
    feed_id: str | None, nonces: list[str], silent: timedelta | None, online: bool
) -> None:
    """None alone: without a nonce no order could be given, and nothing is inferred from silence."""
    assert is_online(feed_id, nonces, None if silent is None else NOW - silent, NOW) is online


def test_only_a_lock_without_network_waits_for_phones() -> None:
    """All others are told over their own socket."""
    waiting = [each for each in Connectivity if propagation(each) is Propagation.OPPORTUNISTIC]
    assert waiting == [Connectivity.WIRELESS_OFFLINE]


@pytest.mark.parametrize(
    ("system_type", "has_hub", "expected"),
    [
        (SystemType.EASY, False, Connectivity.WIRELESS_OFFLINE),
        (SystemType.EASY, True, Connectivity.WIRELESS_OFFLINE),
        (SystemType.STANDARD, True, Connectivity.WIRELESS_GATEWAY),
        (SystemType.ENTERPRISE, False, Connectivity.ONLINE_WIRED),
    ],
)
def test_the_system_type_says_how_a_new_lock_is_connected(
    system_type: SystemType, has_hub: bool, expected: Connectivity
) -> None:
    """When nothing else is said."""
    assert default_connectivity(system_type, has_hub) is expected
