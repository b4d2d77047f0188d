"""Where a lock connects to, and how long it waits between attempts."""

import random

import pytest

from locksim.connection import (
    ANSWER_TIMEOUT_S,
    BACKOFF_MOST_S,
    STEADY_S,
    ServerAddress,
    backoff_ceiling_s,
    failures_after,
)


def test_waits_grow_to_a_limit() -> None:
    """Exponential; each wait is drawn between nothing and this."""
    ceilings = [backoff_ceiling_s(failures) for failures in range(1, 12)]
    assert ceilings[:4] == [1.0, 2.0, 4.0, 8.0]
    assert ceilings == sorted(ceilings)
    assert ceilings[-1] == backoff_ceiling_s(10**6) == BACKOFF_MOST_S
    assert ANSWER_TIMEOUT_S < 30


def test_a_steady_connection_lets_the_waits_begin_anew() -> None:
    """One that ends by a fault after five seconds does; one whose feed was completed only after a minute."""
    assert failures_after(3, STEADY_S - 0.1, completed=False) == 4
    assert failures_after(3, STEADY_S, completed=False) == 0
    assert failures_after(3, 59.9, completed=True) == 4
    assert failures_after(3, 60, completed=True) == 0


def test_two_devices_with_one_secret_displace_each_other_a_few_times_a_minute() -> None:
    """Each connects after its wait and completes the other's feed, which lasted just as long."""
    rng = random.Random(1)
    connected_failures, waiting_failures = 0, 0
    lasted = []
    for _ in range(100):
        lasted.append(rng.uniform(0, backoff_ceiling_s(waiting_failures)))
        displaced = failures_after(connected_failures, lasted[-1], completed=True)
        connected_failures, waiting_failures = waiting_failures, displaced
    assert sum(lasted[20:]) / 80 > BACKOFF_MOST_S / 3


@pytest.mark.parametrize(
    ("url", "endpoint", "socket"),
    [
        ("http://h:1", "http://h:1/graphql", "ws://h:1/graphql"),
        ("https://h/", "https://h/graphql", "wss://h/graphql"),
        ("https://h/graphql", "https://h/graphql", "wss://h/graphql"),
        ("http://h/base/?x=1", "http://h/base/graphql", "ws://h/base/graphql"),
    ],
)
def test_the_endpoint_follows_from_the_base_url(url: str, endpoint: str, socket: str) -> None:
    """For requests and for sockets."""
    address = ServerAddress(url)
    assert (address.url, address.socket_url) == (endpoint, socket)


@pytest.mark.parametrize("url", ["", "h:1", "ftp://h", "ws://h", "http://"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """At once, and not by a lock that tries for ever."""
    with pytest.raises(ValueError, match="http"):
        ServerAddress(url)
