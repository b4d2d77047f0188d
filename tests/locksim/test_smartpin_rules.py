"""What the server adds to SmartPINs at the door: blocks, and the rule that a code must be used in its first day."""

import pytest

from locksim.signals import Signal
from tests.locksim.bench import Bench
from tests.locksim.codes import HOUR, bench_with_smartpins, code_for, code_now, name_of
from tests.locksim.rig import NOON


@pytest.fixture
def bench() -> Bench:
    """A lock with SmartPINs on, at noon."""
    return bench_with_smartpins()


class TestBlockedByTheServer:
    """A block is an entry: held as long as the server wants it."""

    def test_a_blocked_code_opens_again_when_the_entry_is_removed(self, bench: Bench) -> None:
        """And the other guest of the same hours never notices."""
        code, other = code_now(0), code_now(1)
        pen, applied = bench.pen, bench.firmware.state.applied
        block = pen.block(code, NOON + 48 * HOUR)
        bench.receive(pen.delivery(applied, applied + 1, block))
        assert bench.type(code) is Signal.DENIED
        assert bench.reasons() == ["BLOCKED"]
        assert bench.type(other) is Signal.GRANTED
        gone = type(block)(block.id, block.kind, 2, None)
        bench.receive(pen.delivery(applied + 1, applied + 2, gone))
        assert bench.type(code) is Signal.GRANTED

    def test_it_holds_though_its_end_has_passed_by_the_lock_s_clock(self, bench: Bench) -> None:
        """The server takes it away when it is over; a clock that runs ahead must not."""
        code = code_now()
        bench.hold(bench.pen.settings(smartpin=True), bench.pen.block(code, NOON - HOUR))
        assert bench.type(code) is Signal.DENIED


class TestActivation:
    """Where the site wants it, a code dies that was not used within a day of its start."""

    def test_a_code_not_used_in_its_first_day_dies(self, bench: Bench) -> None:
        """To the hour; without the rule it lives."""
        code = code_now(hours=72)
        bench.hold(bench.pen.settings(smartpin=True), bench.pen.activation())
        bench.uptime_ms = 24 * 3_600_000
        assert bench.type(code) is Signal.DENIED
        assert bench.reasons() == ["ENDED"]
        bench.hold(bench.pen.settings(smartpin=True))
        assert bench.type(code) is Signal.GRANTED

    def test_a_code_used_in_its_first_day_lives_to_its_end(self, bench: Bench) -> None:
        """Through power cuts; also when the rule comes only after it was used."""
        code = code_now(hours=72)
        bench.uptime_ms = 24 * 3_600_000 - 1
        assert bench.type(code) is Signal.GRANTED
        bench.hold(bench.pen.settings(smartpin=True), bench.pen.activation())
        bench.restart(battery=NOON + 71 * HOUR)
        assert bench.type(code) is Signal.GRANTED


def test_a_guest_is_forgotten_when_the_window_is_over(bench: Bench) -> None:
    """What the lock keeps does not grow for ever."""
    bench.type(code_now(hours=1))
    bench.wait(hours=2)
    other = code_for(NOON + 2 * HOUR, NOON + 3 * HOUR)
    bench.type(other)
    assert list(bench.firmware.state.smartpins.used) == [name_of(other)]
