"""Where a lock connects to, and how long it waits between attempts."""

import pytest

from locksim.connection import ANSWER_TIMEOUT_S, ServerAddress
from locksim.device import BACKOFF_MOST_S, backoff_ceiling_s


def test_waits_grow_to_a_limit() -> None:
    """Exponential; each wait is drawn between nothing and this."""
    ceilings = [backoff_ceiling_s(failures) for failures in range(1, 12)]
    assert ceilings[:4] == [1.0, 2.0, 4.0, 8.0]
    assert ceilings == sorted(ceilings)
    assert ceilings[-1] == backoff_ceiling_s(10**6) == BACKOFF_MOST_S
    assert ANSWER_TIMEOUT_S < 30


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
