"""Typing at the door: what opens, what is denied, and that a denial tells nothing."""

from datetime import UTC, datetime, time

import pytest

from domain.access.schedule import Schedule, Slot
from locksim.core import OPEN_MS
from locksim.keypad import Key
from locksim.signals import Bolt, Signal
from tests.locksim.bench import Bench, kinds_of
from tests.locksim.rig import NOON, PowerCut

OFFICE = Schedule(slot=Slot(time(9), time(17)))
EVENING = Schedule(slot=Slot(time(18), time(20)))


@pytest.fixture
def bench() -> Bench:
    """A lock with PIN mode on, one PIN for ever, one for office hours, one for the evening."""
    bench = Bench()
    pen = bench.pen
    bench.hold(
        pen.settings(),
        pen.card(),
        pen.pin("pin-always", "40718263"),
        pen.pin("pin-office", "5193", OFFICE),
        pen.pin("pin-evening", "6284", EVENING),
        pen.pin("pin-never", "7395", never=True),
        pen.pin("pin-either", "8406", EVENING, OFFICE),
        pen.pin("pin-zeros", "0042"),
    )
    return bench


class TestGranted:
    """A right PIN in its hours opens."""

    @pytest.mark.parametrize("digits", ["40718263", "5193", "8406", "0042"])
    def test_a_right_pin_draws_the_bolt_and_shows_green(self, bench: Bench, digits: str) -> None:
        """Any of its schedules is enough; zeros in front count."""
        assert bench.type(digits) is Signal.GRANTED
        assert bench.openings == 1

    def test_the_event_names_the_pin_and_not_its_digits(self, bench: Bench) -> None:
        """By its entry; with the lock's time, and a number."""
        bench.type("5193")
        event = bench.firmware.state.events[-1]
        assert (event.kind.value, event.method and event.method.value) == ("OPENED", "PIN")
        assert (event.entry_id, event.at, event.reasons) == ("pin-office", NOON, ())

    def test_the_bolt_falls_after_its_time(self, bench: Bench) -> None:
        """Typing again begins the time anew."""
        bench.type("5193")
        bench.wait(seconds=OPEN_MS / 1000 - 1)
        bench.type("5193")
        bench.wait(seconds=OPEN_MS / 1000 - 1)
        assert bench.firmware.view(bench.uptime_ms).bolt_drawn
        bench.wait(seconds=1)
        assert bench.drain()[-1] == Bolt(drawn=False)
        assert not bench.firmware.view(bench.uptime_ms).bolt_drawn

    def test_the_opening_is_on_disk_before_the_bolt_moves(self, bench: Bench) -> None:
        """A power cut at the second write of an entry leaves the bolt where it is."""
        bench.disk.cut_at = 1
        with pytest.raises(PowerCut):
            bench.type("5193")
        assert bench.openings == 0


class TestDenied:
    """Whatever the reason, the same is seen and the same is spent."""

    @pytest.mark.parametrize(
        ("digits", "reasons", "entry"),
        [
            ("9999", ["UNKNOWN_CREDENTIAL"], None),
            ("42", ["WRONG_LENGTH"], None),
            ("5", ["WRONG_LENGTH"], None),
            ("51930", ["UNKNOWN_CREDENTIAL"], None),
            ("40718263000", ["WRONG_LENGTH"], None),
            ("1234567890", ["SMARTPIN_OFF"], None),
            ("6284", ["OUTSIDE_SLOT"], "pin-evening"),
            ("7395", ["NO_RULE"], "pin-never"),
        ],
    )
    def test_the_keypad_is_red_and_the_event_has_the_reason(
        self, bench: Bench, digits: str, reasons: list[str], entry: str | None
    ) -> None:
        """One signal for all; the reason and the PIN that was recognised are for the log."""
        assert bench.type(digits) is Signal.DENIED
        assert bench.openings == 0
        assert bench.reasons() == reasons
        assert bench.firmware.state.events[-1].entry_id == entry

    def test_every_entry_costs_one_hash_and_two_writes(self, bench: Bench) -> None:
        """Right, wrong, too short, too long, out of hours, SmartPIN, locked out, PIN mode off."""
        costs = set()

        def measure(digits: str) -> None:
            asked, writes = bench.hash.asked, bench.disk.writes
            bench.type(digits)
            costs.add((bench.hash.asked - asked, bench.disk.writes - writes))

        for digits in ("5193", "9999", "1", "1" * 12, "6284", "7395", "1234567890"):
            measure(digits)
        bench.wrong(10)
        assert bench.locked_out
        measure("5193")
        measure("9999")
        measure("1234567890")
        bench.hold(bench.pen.settings(pin=False), bench.pen.pin("pin", "5193"))
        bench.present()
        measure("5193")
        measure("1234567890")
        assert costs == {(1, 2)}

    def test_no_event_and_no_byte_on_disk_holds_the_digits(self, bench: Bench) -> None:
        """Of right and wrong entries alike."""
        for digits in ("40718263", "91827364", "6284", "5556667778"):
            bench.type(digits)
            assert bench.disk.state is not None
            assert digits.encode() not in bench.disk.state


class TestHours:
    """The decision is that of the server, in the zone of the settings."""

    def test_the_zone_of_the_settings_counts(self, bench: Bench) -> None:
        """13:00 in Berlin is 21:00 in Tokyo."""
        pin = bench.pen.pin("pin-office", "5193", OFFICE)
        assert bench.type("5193") is Signal.GRANTED
        bench.hold(bench.pen.settings(zone="Asia/Tokyo"), pin)
        assert bench.type("5193") is Signal.DENIED
        assert bench.reasons() == ["OUTSIDE_SLOT"]

    def test_time_passes_at_the_lock(self, bench: Bench) -> None:
        """Six hours later the evening has come and the office is shut."""
        bench.wait(hours=6)
        assert bench.type("6284") is Signal.GRANTED
        assert bench.type("5193") is Signal.DENIED

    def test_without_time_only_an_unlimited_pin_opens(self) -> None:
        """A lock whose battery clock has stopped."""
        bench = Bench(battery=None)
        bench.hold(
            bench.pen.settings(), bench.pen.pin("a", "4071"), bench.pen.pin("b", "5193", OFFICE)
        )
        assert bench.type("4071") is Signal.GRANTED
        assert bench.type("5193") is Signal.DENIED
        assert bench.reasons() == ["NO_TIME"]
        assert bench.firmware.state.events[-1].at is None

    def test_a_fold_is_decided_by_the_moment(self) -> None:
        """02:30 comes twice in Berlin; a guest whose end lies between is out the second time."""
        first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        bench = Bench(battery=first)
        guest = Schedule(valid_until=datetime(2026, 10, 25, 1, tzinfo=UTC))
        bench.hold(bench.pen.settings(), bench.pen.pin("guest", "5193", guest))
        assert bench.type("5193") is Signal.GRANTED
        bench.wait(hours=1)
        assert bench.type("5193") is Signal.DENIED


class TestPinMode:
    """PIN mode can be switched off; without settings it is off."""

    def test_a_right_pin_is_denied_while_pin_mode_is_off(self, bench: Bench) -> None:
        """And not counted, since it is not looked at."""
        bench.hold(bench.pen.settings(pin=False), bench.pen.pin("pin", "5193"))
        for _ in range(12):
            assert bench.type("5193") is Signal.DENIED
            assert bench.reasons() == ["PIN_MODE_OFF"]
        bench.hold(bench.pen.settings(pin=True, version=2), bench.pen.pin("pin", "5193"))
        assert bench.type("5193") is Signal.GRANTED

    def test_a_lock_that_was_told_nothing_opens_to_nobody(self) -> None:
        """No settings: PIN mode was never granted."""
        bench = Bench()
        bench.hold(bench.pen.pin("pin", "5193"))
        assert bench.type("5193") is Signal.DENIED
        assert bench.reasons() == ["PIN_MODE_OFF"]


def test_keys_are_answered_and_cancel_clears(bench: Bench) -> None:
    """The keypad has a backspace and a cancel, and shows how many digits stand."""
    firmware = bench.firmware
    for key in (Key.FIVE, Key.ONE, Key.NINE, Key.BACKSPACE, Key.NINE, Key.THREE):
        firmware.press(key, 0)
    assert firmware.view(0).typed == 4
    firmware.press(Key.ENTER, 0)
    assert bench.openings == 1
    firmware.press(Key.FIVE, 0)
    firmware.press(Key.CANCEL, 0)
    assert firmware.view(0).typed == 0
    assert bench.drain() == [Signal.KEY, Signal.CLEARED]


def test_a_pin_that_is_changed_or_removed_no_longer_opens(bench: Bench) -> None:
    """New digits under the same entry displace the old ones."""
    pen = bench.pen
    applied = bench.firmware.state.applied
    bench.receive(pen.delivery(applied, applied + 1, pen.pin("pin-office", "6677", version=2)))
    assert bench.type("5193") is Signal.DENIED
    assert bench.type("6677") is Signal.GRANTED
    bench.receive(pen.delivery(applied + 1, applied + 2, pen.gone("pin-office", version=3)))
    assert bench.type("6677") is Signal.DENIED
    assert "OPENED" in kinds_of(bench.events())
