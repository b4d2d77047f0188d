"""The lock's time: who may set it, and when the lock has none."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.access.schedule import Schedule
from domain.link.events import LockEventKind
from locksim.clock import LATEST_MS, TrustedClock, moment
from locksim.signals import SealedTime, SetBattery, Signal
from tests.locksim.bench import Bench, kinds_of
from tests.locksim.rig import NOON, Pen, provisioning, unix_ms

GUEST = Schedule(valid_from=NOON - timedelta(days=1), valid_until=NOON + timedelta(days=1))


@pytest.fixture
def bench() -> Bench:
    """A lock set to noon by its installer, with a guest who is in the house for two days."""
    bench = Bench()
    bench.hold(bench.pen.settings(), bench.pen.pin("guest", "5193", GUEST))
    return bench


def now(bench: Bench) -> datetime | None:
    """The lock's time."""
    now_ms = bench.firmware.view(bench.uptime_ms).now_ms
    return None if now_ms is None else moment(now_ms)


class TestInstaller:
    """The clock that was set at the door holds until something better comes."""

    def test_the_first_start_believes_the_battery_clock(self, bench: Bench) -> None:
        """And goes on from there by uptime."""
        assert now(bench) == NOON
        bench.wait(hours=2)
        assert now(bench) == NOON + timedelta(hours=2)

    def test_a_stopped_battery_clock_is_no_time(self) -> None:
        """It is not 1970, it is unknown; there was nothing to lose yet, so no event of a loss."""
        bench = Bench(battery=None)
        assert now(bench) is None
        assert kinds_of(bench.events()) == ["STARTED"]

    @pytest.mark.parametrize(
        ("battery_ms", "believed"),
        [(-1, False), (0, True), (LATEST_MS, True), (LATEST_MS + 1, False)],
    )
    @pytest.mark.parametrize("mark_ms", [None, 0])
    def test_a_battery_clock_outside_the_calendar_is_no_time(
        self, battery_ms: int, believed: bool, mark_ms: int | None
    ) -> None:
        """No arithmetic with it can bring the lock down; where there was time before, it is lost."""
        clock = TrustedClock(battery_ms=battery_ms, mark_ms=mark_ms, uptime_ms=5)
        assert clock.now_ms(7) == (battery_ms + 2 if believed else None)
        assert clock.lost == (mark_ms is not None and not believed)
        assert moment(LATEST_MS).year < 9999


class TestSealedTime:
    """After that only the server sets it, with a nonce of the lock's own."""

    def test_it_sets_the_clock_forwards_and_backwards(self, bench: Bench) -> None:
        """The battery clock too; each time with an event."""
        for there in (NOON + timedelta(days=3), NOON - timedelta(days=3)):
            bench.receive(bench.pen.time(bench.nonce(), there))
            assert now(bench) == there
            assert SetBattery(unix_ms(there)) in bench.drain()
            assert kinds_of(bench.events())[-1] == "CLOCK_SET"
            assert bench.type("5193") is Signal.DENIED

    def test_a_correction_of_a_second_is_no_event(self, bench: Bench) -> None:
        """The network's jitter would fill the log."""
        bench.receive(bench.pen.time(bench.nonce(), NOON + timedelta(seconds=1)))
        assert now(bench) == NOON + timedelta(seconds=1)
        assert not bench.events(LockEventKind.CLOCK_SET)

    def test_it_brings_time_to_a_lock_that_had_none(self, bench: Bench) -> None:
        """What depends on time opens again."""
        bench.restart(battery=None)
        assert bench.type("5193") is Signal.DENIED
        bench.receive(bench.pen.time(bench.nonce(), NOON))
        assert bench.type("5193") is Signal.GRANTED

    def test_a_withheld_time_sets_nothing(self, bench: Bench) -> None:
        """Of an old nonce, of another connection, or after a minute."""
        there = NOON - timedelta(days=300)
        nonce = bench.nonce()
        bench.nonce()
        bench.receive(bench.pen.time(nonce, there))
        nonce = bench.nonce()
        bench.uptime_ms += 60_001
        bench.receive(bench.pen.time(nonce, there))
        bench.firmware.disconnected()
        bench.receive(bench.pen.time(nonce, there))
        assert now(bench) == NOON + timedelta(milliseconds=60_001)

    def test_a_nonce_brings_time_once(self, bench: Bench) -> None:
        """A time that is played again half a minute later would set the clock back by as much."""
        nonce = bench.nonce()
        message = bench.pen.time(nonce, NOON)
        bench.receive(message)
        bench.wait(seconds=25)
        bench.receive(message)
        assert now(bench) == NOON + timedelta(seconds=25)

    def test_a_time_that_is_not_sealed_for_this_lock_sets_nothing(self, bench: Bench) -> None:
        """Another lock's, changed, empty, and beyond the calendar."""
        nonce = bench.nonce()
        message = bench.pen.time(nonce, NOON + timedelta(days=9))
        bench.receive(
            Pen(provisioning(secret=b"x" * 32)).time(nonce, NOON + timedelta(days=9)),
            SealedTime("x", message.sealed[:-1] + b"?"),
            SealedTime("x", b""),
            bench.pen.time(nonce, datetime(9999, 1, 1, tzinfo=UTC)),
        )
        assert now(bench) == NOON

    def test_it_tells_which_events_may_be_forgotten(self, bench: Bench) -> None:
        """Up to the floor, and not the one behind it."""
        last = bench.firmware.state.events[-1].sequence
        bench.type("5193")
        bench.firmware.connected(bench.uptime_ms)
        (report,) = [item for item in bench.drain() if hasattr(item, "nonce")]
        bench.receive(bench.pen.time(report.nonce, NOON, event_floor=last))
        assert [event.sequence for event in bench.firmware.state.events] == [last + 1]


class TestRestart:
    """The highest time believed is on disk; below it the lock has no time."""

    def test_a_restart_below_the_mark_is_no_time(self, bench: Bench) -> None:
        """An hour back would let a guest in who has left; the loss is an event."""
        bench.wait(hours=1)
        bench.restart(battery=NOON)
        assert now(bench) is None
        assert bench.type("5193") is Signal.DENIED
        assert bench.reasons() == ["NO_TIME"]
        assert "CLOCK_LOST" in kinds_of(bench.events())

    def test_a_restart_above_the_mark_goes_on(self, bench: Bench) -> None:
        """With the battery clock as it is."""
        bench.wait(hours=1)
        bench.restart(battery=NOON + timedelta(hours=2))
        assert now(bench) == NOON + timedelta(hours=2)
        assert not bench.events(LockEventKind.CLOCK_LOST)

    def test_the_mark_is_never_more_than_an_hour_behind(self, bench: Bench) -> None:
        """With ticks as rare as the lock asks for them."""
        for _ in range(40):
            bench.uptime_ms = bench.firmware.wake_ms(bench.uptime_ms)
            bench.firmware.tick(bench.uptime_ms)
            mark_ms, there = bench.firmware.state.mark_ms, now(bench)
            assert mark_ms is not None
            assert there is not None
            assert there - moment(mark_ms) <= timedelta(hours=1)

    def test_time_that_the_server_set_back_holds_through_a_restart(self, bench: Bench) -> None:
        """The mark follows the server down; else each restart would lose the time again."""
        there = NOON - timedelta(days=100)
        bench.receive(bench.pen.time(bench.nonce(), there))
        bench.restart(battery=there + timedelta(minutes=1))
        assert now(bench) == there + timedelta(minutes=1)

    def test_a_lost_clock_stays_lost_until_the_server_says_otherwise(self, bench: Bench) -> None:
        """Restarting does not help: the mark stands."""
        for _ in range(3):
            bench.restart(battery=NOON - timedelta(minutes=1))
            assert now(bench) is None
        bench.receive(bench.pen.time(bench.nonce(), NOON))
        assert now(bench) == NOON
