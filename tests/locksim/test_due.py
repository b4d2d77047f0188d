"""What time makes due is done in time: at a tick, and before whatever comes without one."""

import pytest

from domain.link.events import LockEventKind
from locksim.core import OPEN_MS
from locksim.keypad import IDLE_MS, Key
from locksim.lockout import CONSECUTIVE_LIMIT
from locksim.signals import Report, Signal
from tests.locksim.bench import Bench

MINUTE_MS = 60_000
PIN = "40718263"


@pytest.fixture
def bench() -> Bench:
    """A lock whose lockouts end after five minutes."""
    bench = Bench()
    pen = bench.pen
    bench.hold(pen.settings(release=5), pen.card(), pen.pin("pin", PIN))
    return bench


def lock_out(bench: Bench) -> None:
    bench.wrong(CONSECUTIVE_LIMIT)
    assert bench.locked_out


class TestALockoutWhoseTimeIsOver:
    """Its end does not wait for a tick."""

    def test_it_ends_before_the_next_key(self, bench: Bench) -> None:
        """The right PIN opens."""
        lock_out(bench)
        bench.uptime_ms += 5 * MINUTE_MS
        assert bench.type(PIN) is Signal.GRANTED

    def test_it_goes_on_until_then(self, bench: Bench) -> None:
        """To the millisecond."""
        lock_out(bench)
        bench.uptime_ms += 5 * MINUTE_MS - 1
        assert bench.type(PIN) is Signal.DENIED

    def test_it_ends_before_a_card(self, bench: Bench) -> None:
        """The card then finds nothing to release: one end is told, not two."""
        lock_out(bench)
        bench.uptime_ms += 5 * MINUTE_MS
        bench.drain()
        bench.firmware.present_card(bytes.fromhex("04a1b2c3d4e5f6"), bench.uptime_ms)
        assert [item for item in bench.drain() if isinstance(item, Signal)] == [
            Signal.RELEASED,
            Signal.CLEARED,
        ]
        assert len(bench.events(LockEventKind.LOCKOUT_ENDED)) == 1

    def test_it_ends_before_an_order(self, bench: Bench) -> None:
        """An order that only releases finds nothing to release: its name stands at no end."""
        nonce = bench.nonce()
        lock_out(bench)
        bench.uptime_ms += 5 * MINUTE_MS
        nonce = bench.nonce()
        bench.wait(seconds=1)
        lock_out(bench)
        bench.uptime_ms += 5 * MINUTE_MS
        bench.receive(bench.pen.command(nonce, releases=True, opens=False))
        ended = bench.events(LockEventKind.LOCKOUT_ENDED)
        assert [event.command_id for event in ended] == [None, None]


class TestWhenToWake:
    """The earliest of all that is due."""

    def test_an_unfinished_entry_and_the_bolt(self, bench: Bench) -> None:
        """Whichever comes first."""
        bench.firmware.press(Key.ONE, bench.uptime_ms)
        assert bench.firmware.wake_ms(bench.uptime_ms) == bench.uptime_ms + IDLE_MS
        bench.firmware.press(Key.CANCEL, bench.uptime_ms)
        assert bench.type(PIN) is Signal.GRANTED
        bench.uptime_ms += 1000
        bench.firmware.press(Key.ONE, bench.uptime_ms)
        assert bench.firmware.wake_ms(bench.uptime_ms) == bench.uptime_ms - 1000 + OPEN_MS

    def test_the_end_of_a_lockout(self, bench: Bench) -> None:
        """Five minutes from its start, not at the next mark of the clock."""
        lock_out(bench)
        began = bench.uptime_ms
        bench.uptime_ms += 2 * MINUTE_MS
        assert bench.firmware.wake_ms(bench.uptime_ms) == began + 5 * MINUTE_MS


def test_a_card_is_told_at_once(bench: Bench) -> None:
    """Not at the next report."""
    bench.connect()
    bench.drain()
    bench.firmware.present_card(b"\x01\x02\x03\x04", bench.uptime_ms)
    (report,) = [item for item in bench.drain() if isinstance(item, Report)]
    assert [event.kind for event in report.events] == [LockEventKind.CARD_PRESENTED]
