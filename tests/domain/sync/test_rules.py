"""Which of its changes a lock lacks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.sync.rules import (
    MOST_PENDING_CHANGES,
    PendingChanges,
    pending_since,
    with_change,
    without_applied,
)

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


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
