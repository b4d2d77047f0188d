"""Scripts of faults that can be repeated."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sim.faults import Fault, FaultKind, script

HOUR_MS = 3_600_000


def faults(seed: int) -> list[Fault]:
    """A script of an hour for three locks."""
    rng = random.Random(seed)
    return list(script(rng, locks=3, duration_ms=HOUR_MS, mean_gap_ms=30_000))


class TestScript:
    """Faults by a seed."""

    def test_the_same_seed_gives_the_same_faults(self) -> None:
        """And another seed others."""
        assert faults(1) == faults(1)
        assert faults(1) != faults(2)

    @given(st.integers(0, 10_000))
    def test_faults_come_in_order_and_all_that_can_be_is_mended(self, seed: int) -> None:
        """By the end every lock has power and network, and answers."""
        run = faults(seed)
        assert [fault.at_ms for fault in run] == sorted(fault.at_ms for fault in run)
        assert all(0 <= fault.at_ms <= HOUR_MS and 0 <= fault.lock < 3 for fault in run)
        for broken, mended in (
            (FaultKind.NETWORK_DOWN, FaultKind.NETWORK_UP),
            (FaultKind.POWER_CUT, FaultKind.POWER_ON),
            (FaultKind.SILENT, FaultKind.ANSWERING),
        ):
            kinds = [fault.kind for fault in run]
            assert kinds.count(broken) == kinds.count(mended)

    def test_a_script_needs_locks_and_gaps(self) -> None:
        """Nothing to break, or everything at once, is a mistake of the caller."""
        rng = random.Random(1)
        with pytest.raises(ValueError, match="locks"):
            list(script(rng, locks=0, duration_ms=1, mean_gap_ms=1))
        with pytest.raises(ValueError, match="gap"):
            list(script(rng, locks=1, duration_ms=1, mean_gap_ms=0))
