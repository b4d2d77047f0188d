"""Short PINs that guests set at the door: when, which, for how long, and that a refusal tells nothing."""

from datetime import timedelta

import pytest

from domain.link.events import LockEventKind
from locksim.lockout import BUCKET, CONSECUTIVE_LIMIT
from locksim.signals import Signal
from locksim.smartpin_memory import SHORT_PIN_TRIES
from tests.locksim.bench import Bench
from tests.locksim.codes import (
    HOUR,
    bench_with_smartpins,
    block_at_keypad,
    code_for,
    code_now,
    name_of,
)
from tests.locksim.rig import NOON, PowerCut

SYNCED, SHORT = "5193", "7595"


@pytest.fixture
def bench() -> Bench:
    """A lock with SmartPINs on and one synchronised PIN, at noon."""
    bench = bench_with_smartpins()
    hold(bench)
    return bench


def hold(bench: Bench, *more: str, smartpin: bool = True, pin: bool = True) -> None:
    """Let it hold the PIN, and others."""
    pen = bench.pen
    others = [pen.pin(f"pin-{digits}", digits) for digits in more]
    bench.hold(
        pen.settings(pin=pin, smartpin=smartpin), pen.card(), pen.pin("pin", SYNCED), *others
    )


def admitted(bench: Bench, variant: int = 0) -> str:
    """A guest whose SmartPIN has just opened; the code."""
    code = code_now(variant)
    assert bench.type(code) is Signal.GRANTED
    return code


def with_short_pin(bench: Bench, digits: str = SHORT, variant: int = 0) -> str:
    """A guest with a short PIN; the SmartPIN."""
    code = admitted(bench, variant)
    assert bench.type(digits) is Signal.DONE
    return code


class TestSetting:
    """Within ten seconds of the SmartPIN, 4 to 8 digits and Enter."""

    @pytest.mark.parametrize("digits", ["7595", "75951", "75950246"])
    def test_it_is_shown_done_and_opens_from_then_on(self, bench: Bench, digits: str) -> None:
        """The door stays as it was while it is set; the events name the guest."""
        code = with_short_pin(bench, digits)
        assert bench.openings == 1
        bench.wait(hours=1)
        assert bench.type(digits) is Signal.GRANTED
        told = bench.events(LockEventKind.SHORT_PIN_SET, LockEventKind.OPENED)
        assert [(e.kind.value, e.method and e.method.value, e.entry_id) for e in told] == [
            ("OPENED", "SMARTPIN", name_of(code)),
            ("SHORT_PIN_SET", "SHORT_PIN", name_of(code)),
            ("OPENED", "SHORT_PIN", name_of(code)),
        ]

    def test_it_survives_power_cuts_and_snapshots_and_is_only_a_hash_on_disk(
        self, bench: Bench
    ) -> None:
        """The lock's own: outside the sum, untouched by what the server wants."""
        with_short_pin(bench)
        assert bench.disk.state is not None
        assert SHORT.encode() not in bench.disk.state
        hold(bench)
        bench.restart()
        assert bench.type(SHORT) is Signal.GRANTED

    @pytest.mark.parametrize(("seconds", "shown"), [(10.0, Signal.DONE), (10.1, Signal.DENIED)])
    def test_ten_seconds_and_no_more(self, bench: Bench, seconds: float, shown: Signal) -> None:
        """After that it is an entry like any other: unknown, and counted."""
        admitted(bench)
        bench.wait(seconds=seconds)
        assert bench.type(SHORT) is shown
        assert bench.firmware.state.tries.streak == (shown is Signal.DENIED)

    @pytest.mark.parametrize("digits", ["759", "759502468"])
    def test_other_lengths_are_no_short_pins(self, bench: Bench, digits: str) -> None:
        """Three digits, nine digits: wrong entries, and no try is used up."""
        code = admitted(bench)
        assert bench.type(digits) is Signal.DENIED
        assert bench.firmware.state.smartpins.used[name_of(code)].tries == 0

    def test_cancel_a_power_cut_and_a_denied_code_end_the_offer(self, bench: Bench) -> None:
        """Nobody inherits somebody else's ten seconds."""
        admitted(bench)
        bench.restart()
        assert bench.type(SHORT) is Signal.DENIED
        admitted(bench)
        bench.type(code_for(NOON + HOUR, NOON + 2 * HOUR))
        assert bench.type(SHORT) is Signal.DENIED

    def test_a_second_one_takes_the_place_of_the_first(self, bench: Bench) -> None:
        """One short PIN a SmartPIN."""
        with_short_pin(bench, "7595")
        with_short_pin(bench, "8606")
        assert bench.type("7595") is Signal.DENIED
        assert bench.type("8606") is Signal.GRANTED

    def test_it_works_where_pin_mode_is_off(self, bench: Bench) -> None:
        """PIN mode is about PINs; a guest's short PIN belongs to the SmartPIN."""
        hold(bench, pin=False)
        with_short_pin(bench)
        assert bench.type(SHORT) is Signal.GRANTED
        assert bench.type(SYNCED) is Signal.DENIED
        assert bench.reasons() == ["PIN_MODE_OFF"]


class TestRefusals:
    """Weak and taken are refused alike, and each refusal is a wrong entry."""

    @pytest.mark.parametrize("digits", ["1111", "22222222", "1234", "6789", "9876", SYNCED, "8606"])
    def test_refused_alike_and_counted(self, bench: Bench, digits: str) -> None:
        """One digit, runs up and down, a PIN of the lock's, another guest's."""
        with_short_pin(bench, "8606", variant=1)
        code = admitted(bench)
        asked, writes = bench.hash.asked, bench.disk.writes
        assert bench.type(digits) is Signal.DENIED
        assert (bench.hash.asked - asked, bench.disk.writes - writes) == (1, 2)
        event = bench.firmware.state.events[-1]
        assert bench.reasons() == ["NOT_ACCEPTED"]
        assert (event.method and event.method.value, event.entry_id) == ("SHORT_PIN", name_of(code))
        assert bench.firmware.state.tries.streak == 1
        assert bench.openings == 2

    def test_another_try_has_the_time_that_is_left(self, bench: Bench) -> None:
        """Not ten seconds more."""
        admitted(bench)
        bench.wait(seconds=6)
        assert bench.type("1111") is Signal.DENIED
        bench.wait(seconds=3)
        assert bench.type("1234") is Signal.DENIED
        assert bench.reasons() == ["NOT_ACCEPTED"]
        bench.wait(seconds=2)
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["UNKNOWN_CREDENTIAL"]

    def test_three_tries_a_smartpin_however_often_it_opens(self, bench: Bench) -> None:
        """Also over power cuts: else a guest could try out all PINs of the house."""
        for number in range(SHORT_PIN_TRIES):
            admitted(bench)
            assert bench.type("1111") is Signal.DENIED
            assert bench.reasons() == ["NOT_ACCEPTED"]
            if number == 0:
                bench.restart()
        admitted(bench)
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["UNKNOWN_CREDENTIAL"]

    @pytest.mark.parametrize("write", [0, 1])
    def test_a_power_cut_gives_no_try_back(self, bench: Bench, write: int) -> None:
        """Charged on disk before it is looked at."""
        code = admitted(bench)
        bench.disk.cut_at = write
        with pytest.raises(PowerCut):
            bench.type("1111")
        bench.restart()
        assert bench.firmware.state.smartpins.used[name_of(code)].tries == write

    def test_an_accepted_one_uses_up_a_try_and_is_no_wrong_entry(self, bench: Bench) -> None:
        """Else a guest could ask for ever which digits are nobody's PIN; after three the SmartPIN still opens."""
        digits = ("7595", "8606", "9717")
        assert len(digits) == SHORT_PIN_TRIES
        for each in digits:
            with_short_pin(bench, each)
            bench.restart()
        budget = bench.firmware.state.tries
        assert (budget.left, budget.streak) == (BUCKET, 0)
        admitted(bench)
        assert bench.type("6053") is Signal.DENIED
        assert bench.reasons() == ["UNKNOWN_CREDENTIAL"]
        assert bench.firmware.state.tries.streak == 1
        assert bench.type("9717") is Signal.GRANTED

    def test_accepted_and_refused_tries_are_counted_together(self, bench: Bench) -> None:
        """A taken one between two free ones makes three."""
        with_short_pin(bench, "8606")
        admitted(bench)
        assert bench.type(SYNCED) is Signal.DENIED
        assert bench.type("9717") is Signal.DONE
        admitted(bench)
        assert bench.type("6053") is Signal.DENIED
        assert bench.reasons() == ["UNKNOWN_CREDENTIAL"]

    def test_refused_tries_lead_to_the_lockout(self, bench: Bench) -> None:
        """They feed the same budgets."""
        bench.wrong(CONSECUTIVE_LIMIT - 1)
        admitted(bench)
        bench.wrong(0)
        for _ in range(SHORT_PIN_TRIES):
            bench.type("1111")
        bench.wrong(CONSECUTIVE_LIMIT - SHORT_PIN_TRIES)
        assert bench.locked_out


class TestItsEnd:
    """It lives as long as its SmartPIN."""

    def test_it_ends_with_its_smartpin(self, bench: Bench) -> None:
        """To the moment; a right PIN out of hours neither counts nor opens."""
        with_short_pin(bench)
        bench.uptime_ms = (48 * HOUR - timedelta(milliseconds=1)) // timedelta(milliseconds=1)
        assert bench.type(SHORT) is Signal.GRANTED
        bench.uptime_ms += 1
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["ENDED"]
        assert bench.firmware.state.tries.streak == 0

    def test_it_is_blocked_with_its_smartpin_from_afar(self, bench: Bench) -> None:
        """And unblocked with it."""
        code = with_short_pin(bench)
        pen = bench.pen
        bench.hold(pen.settings(smartpin=True), pen.block(code, NOON + 48 * HOUR))
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["BLOCKED"]
        hold(bench)
        assert bench.type(SHORT) is Signal.GRANTED

    def test_it_is_gone_when_its_smartpin_is_blocked_at_the_keypad(self, bench: Bench) -> None:
        """For good: its digits are nobody's."""
        code = with_short_pin(bench)
        assert block_at_keypad(bench, code) is Signal.DONE
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["UNKNOWN_CREDENTIAL"]

    def test_without_time_and_while_smartpins_are_off_it_does_not_open(self, bench: Bench) -> None:
        """It depends on time, and on the setting, as its SmartPIN does."""
        with_short_pin(bench)
        hold(bench, smartpin=False)
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["SMARTPIN_OFF"]
        hold(bench)
        bench.restart(battery=None)
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["NO_TIME"]

    def test_it_is_not_set_after_its_smartpin_has_ended(self, bench: Bench) -> None:
        """Also within the ten seconds: refused as any, and a wrong entry."""
        code = admitted(bench)
        bench.uptime_ms = (48 * HOUR - timedelta(seconds=3)) // timedelta(milliseconds=1)
        assert bench.type(code) is Signal.GRANTED
        bench.wait(seconds=5)
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.reasons() == ["NOT_ACCEPTED"]
        assert bench.firmware.state.tries.streak == 1

    @pytest.mark.parametrize(("first_used", "opens"), [(23, True), (24, False)])
    def test_where_codes_must_be_activated_it_lives_as_its_smartpin_does(
        self, bench: Bench, first_used: int, opens: bool
    ) -> None:
        """A code first used when its day was over is dead once the rule comes, and so is its short PIN."""
        bench.uptime_ms = first_used * HOUR // timedelta(milliseconds=1)
        code = with_short_pin(bench)
        assert bench.type(SHORT) is Signal.GRANTED
        pen = bench.pen
        bench.hold(pen.settings(smartpin=True), pen.activation())
        shown = Signal.GRANTED if opens else Signal.DENIED
        assert bench.type(SHORT) is shown
        if not opens:
            assert bench.reasons() == ["ENDED"]
        hold(bench)
        assert bench.type(SHORT) is Signal.GRANTED
        bench.hold(pen.settings(smartpin=True), pen.activation())
        assert bench.type(code) is shown

    def test_a_synchronised_pin_that_comes_later_displaces_it(self, bench: Bench) -> None:
        """The synchronised one opens, the guest's is dropped with an event; the SmartPIN still opens."""
        code = with_short_pin(bench)
        hold(bench, SHORT)
        dropped = bench.events(LockEventKind.SHORT_PIN_DROPPED)
        assert [event.entry_id for event in dropped] == [name_of(code)]
        assert bench.type(SHORT) is Signal.GRANTED
        assert bench.firmware.state.events[-1].entry_id == f"pin-{SHORT}"
        hold(bench)
        assert bench.type(SHORT) is Signal.DENIED
        assert bench.type(code) is Signal.GRANTED

    def test_the_displaced_one_is_dropped_in_the_write_of_the_delivery(self, bench: Bench) -> None:
        """A power cut leaves both as they were, or neither."""
        with_short_pin(bench)
        pen, applied = bench.pen, bench.firmware.state.applied
        delivery = pen.delivery(applied, applied + 1, pen.pin("new", SHORT))
        bench.disk.cut_at = 0
        with pytest.raises(PowerCut):
            bench.receive(delivery)
        bench.restart()
        assert not bench.events(LockEventKind.SHORT_PIN_DROPPED)
        bench.type(SHORT)
        assert bench.firmware.state.events[-1].method == "SHORT_PIN"
