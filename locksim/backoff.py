"""How long a lock waits before it connects again: random, growing with each failure, never for ever.

The dangerous mistake is a crowd: locks that come back together hammer a server that is already in
trouble, and two devices with one secret displace each other as fast as they can connect.
"""

BACKOFF_FIRST_S = 0.5
BACKOFF_MOST_S = 30.0
STEADY_S = 5.0
"""Seconds that a connection must last for the waits to begin anew."""
UNDISPLACED_S = 2 * BACKOFF_MOST_S
"""The same where the server completed the feed: longer than another device with this lock's secret stays away."""


def failures_after(failures: int, lasted_s: float, *, completed: bool) -> int:
    """Failures in a row, with the connection that was lost now after `lasted_s` seconds.

    `completed`: the server ended the feed, as it does when a newer one of the same lock has begun.
    """
    return 0 if lasted_s >= (UNDISPLACED_S if completed else STEADY_S) else failures + 1


def backoff_ceiling_s(failures: int) -> float:
    """The longest wait, in seconds, after so many failures in a row; the wait is drawn below it."""
    return min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2.0 ** min(failures, 16))
