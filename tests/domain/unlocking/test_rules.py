"""How long a command may take."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.link.nonces import NONCE_LIFETIME_SECONDS
from domain.unlocking.rules import COMMAND_PATIENCE_SECONDS, command_seconds

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(0, 10), (0.9, 10), (20, 30), (50, 60), (50.9, 60), (51, None), (-1, 10), (-3_600, 10)],
)
def test_a_command_counts_from_its_nonce_and_never_less_than_its_patience(
    age: float, seconds: int | None
) -> None:
    """Also of a nonce that came by a process whose clock is ahead: what a lock reads is never below one second."""
    assert command_seconds(NOON - timedelta(seconds=age), NOON) == seconds


@given(st.floats(-86_400, 86_400))
def test_a_command_can_always_be_said_to_a_lock(age: float) -> None:
    """Or is not made at all."""
    seconds = command_seconds(NOON, NOON + timedelta(seconds=age))
    assert seconds is None or COMMAND_PATIENCE_SECONDS <= seconds <= NONCE_LIFETIME_SECONDS
