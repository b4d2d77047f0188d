"""How long an order may take, and which of its changes a lock lacks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.link.nonces import NONCE_LIFETIME_SECONDS
from domain.sync.rules import (
    COMMAND_PATIENCE_SECONDS,
    MOST_PENDING_CHANGES,
    PendingChanges,
    command_seconds,
    pending_since,
    with_change,
    without_applied,
)

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(0, 10), (0.9, 10), (20, 30), (50, 60), (50.9, 60), (51, None), (-1, 10), (-3_600, 10)],
)
def test_an_order_counts_from_its_nonce_and_never_less_than_its_patience(
    age: float, seconds: int | None
) -> None:
    """Also of a nonce that came by a process whose clock is ahead: what a lock reads is never below one second."""
    assert command_seconds(NOON - timedelta(seconds=age), NOON) == seconds


@given(st.floats(-86_400, 86_400))
def test_an_order_can_always_be_said_to_a_lock(age: float) -> None:
    """Or is not made at all."""
    seconds = command_seconds(NOON, NOON + timedelta(seconds=age))
    assert seconds is None or COMMAND_PATIENCE_SECONDS <= seconds <= NONCE_LIFETIME_SECONDS


@given(count=st.integers(1, 3 * MOST_PENDING_CHANGES), applied=st.integers(0, 200))
def test_the_oldest_change_that_is_lacked_is_known(count: int, applied: int) -> None:
    """However many there were; and of those acknowledged in the middle of very many, one that came no earlier."""
    changes: PendingChanges | None = None
    for version in range(1, count + 1):
        changes = with_change(changes, version, NOON + timedelta(hours=version))
    assert changes is not None
    left = pending_since(without_applied(changes, applied))

    assert len(changes) <= MOST_PENDING_CHANGES
    assert pending_since(changes) == NOON + timedelta(hours=1)
    if applied >= count:
        assert left is None
    elif applied + 1 < MOST_PENDING_CHANGES:
        assert left == NOON + timedelta(hours=applied + 1)
    else:
        assert left == NOON + timedelta(hours=count)
