"""Blocking at the keypad: programming code, 128, SmartPIN; two green flashes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.link.events import LockEventKind
from locksim.keypad import PROGRAMMING_MS, Key
from locksim.lockout import CONSECUTIVE_LIMIT
from locksim.signals import Signal
from locksim.smartpin_memory import MAX_BLOCKS, SmartPinMemory
from tests.locksim.bench import Bench
from tests.locksim.codes import (
    HOUR,
    PROGRAMMING_CODE,
    bench_with_smartpins,
    block_at_keypad,
    code_for,
    code_now,
    meaningless_code,
    name_of,
)
from tests.locksim.rig import NOON, PowerCut, unix_ms

PIN = "40718263"


def told(bench: Bench) -> tuple[str, str | None, str | None, list[str]]:
    """The last event: kind, method, entry id, reasons."""
    event = bench.firmware.state.events[-1]
    method = event.method and event.method.value
    return event.kind.value, method, event.entry_id, [reason.value for reason in event.reasons]


@pytest.fixture
def bench() -> Bench:
    """A lock with SmartPINs on, at noon."""
    return bench_with_smartpins()


def test_a_blocked_code_opens_no_more_and_the_event_names_it(bench: Bench) -> None:
    """Every step is shown; the other guest of the same hours is not touched."""
    code = code_now()
    assert bench.type(PROGRAMMING_CODE) is Signal.READY
    assert bench.type("128") is Signal.READY
    assert bench.type(code) is Signal.DONE
    assert bench.openings == 0
    assert bench.firmware.state.tries.streak == 0
    assert bench.type(code) is Signal.DENIED
    assert bench.reasons() == ["BLOCKED"]
    assert bench.type(code_now(1)) is Signal.GRANTED
    (event,) = bench.events(LockEventKind.SMARTPIN_BLOCKED)
    assert event.entry_id == name_of(code)


@pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(days=300), timedelta(days=380)])
def test_a_code_can_be_blocked_before_its_time_and_before_its_year(
    bench: Bench, ahead: timedelta
) -> None:
    """The next epoch is tried too; when the time has come the code does not open."""
    start = NOON + ahead
    code, other = (code_for(start, start + 24 * HOUR, v, now=NOON) for v in (0, 1))
    assert block_at_keypad(bench, code) is Signal.DONE
    bench.wait(hours=ahead / HOUR)
    assert bench.type(other) is Signal.GRANTED
    assert bench.type(code) is Signal.DENIED
    assert bench.reasons() == ["BLOCKED"]


def test_a_block_survives_power_cuts_and_snapshots(bench: Bench) -> None:
    """It is the lock's own; what the server wants does not touch it."""
    code = code_now()
    block_at_keypad(bench, code)
    bench.hold(bench.pen.settings(smartpin=True))
    bench.restart()
    assert bench.type(code) is Signal.DENIED
    assert bench.reasons() == ["BLOCKED"]


def test_green_flashes_only_when_the_block_is_on_disk(bench: Bench) -> None:
    """A power cut at the second write shows nothing and blocks nothing."""
    bench.type(PROGRAMMING_CODE)
    bench.type("128")
    bench.drain()
    bench.disk.cut_at = 1
    with pytest.raises(PowerCut):
        bench.type(code_now())
    assert Signal.DONE not in bench.drain()
    bench.restart()
    assert not bench.firmware.state.smartpins.blocks


def test_a_second_block_of_the_same_code_is_done_and_told_once(bench: Bench) -> None:
    """Whoever is not sure does it again."""
    for _ in range(2):
        assert block_at_keypad(bench, code_now()) is Signal.DONE
    assert len(bench.events(LockEventKind.SMARTPIN_BLOCKED)) == 1


def test_a_block_is_forgotten_when_its_window_is_over(bench: Bench) -> None:
    """Its digits open nothing by themselves then."""
    block_at_keypad(bench, code_now(hours=1))
    bench.wait(hours=1)
    later = code_for(NOON + HOUR, NOON + 2 * HOUR)
    block_at_keypad(bench, later)
    assert list(bench.firmware.state.smartpins.blocks) == [name_of(later)]


class TestRightAfterOpening:
    """The guest tries the code, it opens, and at once it is to be blocked."""

    def test_the_programming_code_comes_before_the_short_pin(self, bench: Bench) -> None:
        """It can never be a short PIN: the code is blocked, no entry is wrong, no try is spent."""
        code = code_now()
        assert bench.type(code) is Signal.GRANTED
        assert bench.type(PROGRAMMING_CODE) is Signal.READY
        assert bench.type("128") is Signal.READY
        assert bench.type(code) is Signal.DONE
        assert bench.firmware.state.tries.streak == 0
        assert bench.firmware.state.smartpins.used[name_of(code)].tries == 0
        assert bench.type(code) is Signal.DENIED
        assert bench.reasons() == ["BLOCKED"]

    def test_another_guests_code_can_be_blocked_then(self, bench: Bench) -> None:
        """Who has just opened has nothing to do with it."""
        assert bench.type(code_now(1)) is Signal.GRANTED
        assert block_at_keypad(bench, code_now()) is Signal.DONE
        assert bench.type(code_now(1)) is Signal.GRANTED

    def test_a_wrong_programming_code_is_a_try_for_a_short_pin(self, bench: Bench) -> None:
        """Eight digits within the ten seconds."""
        code = code_now()
        bench.type(code)
        assert bench.type("90817264") is Signal.DONE
        assert bench.firmware.state.smartpins.used[name_of(code)].tries == 1


class TestWrongEntries:
    """Nothing here can be guessed for free."""

    def test_a_wrong_programming_code_is_a_wrong_entry(self, bench: Bench) -> None:
        """Ten of them lock the keypad; the right one is not taken then."""
        for number in range(CONSECUTIVE_LIMIT):
            assert bench.type(f"{90817264 + number}") is Signal.DENIED
        assert bench.locked_out
        assert bench.type(PROGRAMMING_CODE) is Signal.DENIED

    def test_the_right_one_neither_counts_nor_resets(self, bench: Bench) -> None:
        """It opens nothing either."""
        bench.wrong(5)
        bench.type(PROGRAMMING_CODE)
        assert bench.firmware.state.tries.streak == 5
        assert bench.openings == 0

    def test_another_function_is_a_wrong_entry(self, bench: Bench) -> None:
        """And ends the programming."""
        bench.type(PROGRAMMING_CODE)
        assert bench.type("129") is Signal.DENIED
        assert bench.firmware.state.tries.streak == 1
        assert bench.type("128") is Signal.DENIED

    @pytest.mark.parametrize("kind", ["meaningless", "ended", "short", "long"])
    def test_digits_that_are_no_code_to_block_are_a_wrong_entry(
        self, bench: Bench, kind: str
    ) -> None:
        """Else the flashes would tell, for any ten digits, whether they are somebody's code."""
        code = {
            "meaningless": meaningless_code(),
            "ended": code_for(NOON - 3 * HOUR, NOON - HOUR),
            "short": "759502",
            "long": code_now() + "0",
        }[kind]
        assert block_at_keypad(bench, code) is Signal.DENIED
        assert bench.firmware.state.tries.streak == 1
        assert not bench.firmware.state.smartpins.blocks

    def test_every_step_costs_one_hash_and_two_writes(self, bench: Bench) -> None:
        """Right and wrong ones alike."""
        costs = set()
        for digits in (PROGRAMMING_CODE, "128", code_now(), PROGRAMMING_CODE, "5", "90817264"):
            asked, writes = bench.hash.asked, bench.disk.writes
            bench.type(digits)
            costs.add((bench.hash.asked - asked, bench.disk.writes - writes))
        assert costs == {(1, 2)}

    def test_without_time_nothing_is_blocked_and_red_says_so(self, bench: Bench) -> None:
        """The lock does not know which windows are still to come."""
        bench.restart(battery=None)
        assert block_at_keypad(bench, code_now()) is Signal.DENIED
        assert told(bench) == ("DENIED", "SMARTPIN", None, ["NO_TIME"])

    def test_what_is_told_of_a_code_to_block(self, bench: Bench) -> None:
        """As an entry of ten digits; a code that is known is named."""
        block_at_keypad(bench, meaningless_code())
        assert told(bench) == ("DENIED", "SMARTPIN", None, ["UNKNOWN_CREDENTIAL"])
        block_at_keypad(bench, code_now())
        assert told(bench) == ("SMARTPIN_BLOCKED", "SMARTPIN", name_of(code_now()), [])
        blocks = {f"sp_{number}": unix_ms(NOON) * 2 for number in range(MAX_BLOCKS)}
        full = replace(bench.firmware.state, smartpins=SmartPinMemory(blocks=blocks))
        bench.disk.write(full.encode())
        bench.restart()
        block_at_keypad(bench, code_now())
        assert told(bench) == ("DENIED", "SMARTPIN", name_of(code_now()), ["NOT_ACCEPTED"])


class TestWalkingAway:
    """The next person's digits are their own."""

    def test_cancel_ends_it(self, bench: Bench) -> None:
        """The code typed next opens, as codes do."""
        bench.type(PROGRAMMING_CODE)
        bench.type("128")
        bench.firmware.press(Key.CANCEL, bench.uptime_ms)
        assert bench.type(code_now()) is Signal.GRANTED

    def test_time_ends_it(self, bench: Bench) -> None:
        """Each next entry begins within ten seconds of the one before."""
        assert PROGRAMMING_MS == 10_000
        bench.type(PROGRAMMING_CODE)
        bench.wait(seconds=10)
        assert bench.type("128") is Signal.READY
        bench.wait(seconds=10.001)
        assert bench.type(code_now()) is Signal.GRANTED

    def test_ten_digits_may_be_typed_slowly(self, bench: Bench) -> None:
        """What counts is when the entry begins: nobody types a code off a paper in ten seconds."""
        bench.type(PROGRAMMING_CODE)
        bench.type("128")
        for digit in code_now():
            bench.wait(seconds=9)
            bench.firmware.press(Key(digit), bench.uptime_ms)
        bench.drain()
        bench.firmware.press(Key.ENTER, bench.uptime_ms)
        assert Signal.DONE in bench.drain()

    def test_an_entry_that_is_taken_back_begins_anew(self, bench: Bench) -> None:
        """The digits that are entered are the next person's."""
        bench.type(PROGRAMMING_CODE)
        bench.type("128")
        bench.wait(seconds=9)
        bench.firmware.press(Key.ONE, bench.uptime_ms)
        bench.firmware.press(Key.BACKSPACE, bench.uptime_ms)
        bench.wait(seconds=9)
        assert bench.type(code_now()) is Signal.GRANTED

    @pytest.mark.parametrize("steps", [(PROGRAMMING_CODE,), (PROGRAMMING_CODE, "128")])
    def test_the_next_persons_right_pin_opens_at_once(
        self, bench: Bench, steps: tuple[str, ...]
    ) -> None:
        """It is neither a function nor a code to block, so it is no wrong entry."""
        bench.wrong(3)
        for step in steps:
            bench.type(step)
        assert bench.type(PIN) is Signal.GRANTED
        assert bench.firmware.state.tries.streak == 0

    def test_the_next_persons_code_opens_where_a_function_is_awaited(self, bench: Bench) -> None:
        """A function has three digits at most; and whatever was begun has ended."""
        bench.type(PROGRAMMING_CODE)
        assert bench.type(code_now()) is Signal.GRANTED
        assert bench.firmware.state.tries.streak == 0
        assert bench.type("128") is Signal.DENIED

    def test_a_power_cut_ends_it(self, bench: Bench) -> None:
        """It is kept in RAM only."""
        bench.type(PROGRAMMING_CODE)
        bench.type("128")
        bench.restart()
        assert bench.type(code_now()) is Signal.GRANTED


def test_it_works_where_pin_mode_is_off(bench: Bench) -> None:
    """Guesses at the programming code count there too."""
    bench.hold(bench.pen.settings(pin=False, smartpin=True))
    assert bench.type("90817264") is Signal.DENIED
    assert bench.firmware.state.tries.streak == 1
    assert block_at_keypad(bench, code_now()) is Signal.DONE
