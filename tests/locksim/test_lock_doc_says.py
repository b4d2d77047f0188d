"""Sentences of `docs/lock.md` that are easily read past, each shown at the simulated lock."""

import pytest

from domain.link.events import LockEventKind
from domain.link.sealing import MessageKind, seal_message
from domain.link.wire import Malformed, canonical, read_object
from locksim.signals import SealedTime, Signal
from tests.locksim.bench import Bench
from tests.locksim.codes import PROGRAMMING_CODE, bench_with_smartpins, code_now
from tests.locksim.rig import NOON

PIN = "40718263"


@pytest.fixture
def bench() -> Bench:
    """A lock with PIN mode and SmartPINs on, and one PIN."""
    return bench_with_smartpins()


def test_control_characters_are_spelled_in_one_way() -> None:
    """Section 3: short escapes where there are some, four small digits where not, and nothing else is escaped."""
    spelled = b'{"a":"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001b/\x7f\xc3\xa9"}'
    assert canonical(read_object(spelled, "body")) == spelled
    for other in (b'{"a":"\\u000a"}', b'{"a":"\\u001B"}', b'{"a":"\\/"}', b'{"a":"\\u00e9"}'):
        with pytest.raises(Malformed):
            read_object(other, "body")


def test_an_entry_in_two_parts_counts_as_the_higher_part_has_it(bench: Bench) -> None:
    """Section 7, in whatever order they come."""
    pen, end = bench.pen, bench.firmware.state.applied + 1
    first = pen.snapshot(end, pen.settings(), pen.pin("a", "1357", version=7), part=1, parts=2)
    second = pen.snapshot(end, pen.pin("a", "2468", version=8), part=2, parts=2)
    bench.receive(second, first)
    assert bench.firmware.state.entries["a"].version == 8


def test_orders_and_time_are_taken_under_any_epoch(bench: Bench) -> None:
    """Section 5: the nonce makes them new."""
    nonce = bench.nonce()
    bench.pen.epoch += 5
    bench.receive(bench.pen.command(nonce), bench.pen.time(nonce, NOON.replace(year=2027)))
    assert bench.openings == 1
    assert len(bench.events(LockEventKind.CLOCK_SET)) == 1


def test_time_that_cannot_be_read_is_not_even_an_event(bench: Bench) -> None:
    """Section 8: unreadable, and malformed."""
    pen, own = bench.pen, bench.lock
    good = pen.time(bench.nonce(), NOON.replace(year=2027)).sealed
    malformed = seal_message(
        pen.keys.bundle, MessageKind.SEALED_TIME, own.lock_id, own.incarnation, pen.epoch, b"{}"
    )
    before = len(bench.events())
    for sealed in (good[:-1] + bytes([good[-1] ^ 1]), malformed):
        bench.receive(SealedTime("t", sealed))
    assert len(bench.events()) == before


@pytest.mark.parametrize("digits", [PIN, "1", PROGRAMMING_CODE, "7595"])
def test_in_a_lockout_every_entry_has_the_one_reason(bench: Bench, digits: str) -> None:
    """Section 10, and it costs an Argon2 and counts nothing."""
    bench.wrong(10)
    before, asked = bench.firmware.state.tries, bench.hash.asked
    assert bench.type(digits) is Signal.DENIED
    assert bench.reasons() == ["PIN_LOCKOUT"]
    assert (bench.firmware.state.tries, bench.hash.asked) == (before, asked + 1)


def test_with_all_off_nothing_is_looked_at(bench: Bench) -> None:
    """Section 10: the reasons are the same for a wrong length and a right PIN, and nothing counts."""
    pen = bench.pen
    bench.hold(pen.settings(pin=False), pen.pin("pin", PIN))
    for digits, reasons in (
        (PIN, ["PIN_MODE_OFF"]),
        ("1", ["PIN_MODE_OFF"]),
        (code_now(), ["PIN_MODE_OFF", "SMARTPIN_OFF"]),
    ):
        assert bench.type(digits) is Signal.DENIED
        assert sorted(bench.reasons()) == reasons
    assert bench.firmware.state.tries.streak == 0


def test_with_only_pin_mode_off_what_is_wrong_counts(bench: Bench) -> None:
    """Section 10: a wrong length and an unknown PIN do, a known one does not."""
    pen = bench.pen
    bench.hold(pen.settings(pin=False, smartpin=True), pen.pin("pin", PIN))
    for digits, streak in (("1", 1), ("2468", 2), (PIN, 2)):
        assert bench.type(digits) is Signal.DENIED
        assert bench.firmware.state.tries.streak == streak


def test_the_programming_code_is_given_back_and_a_wrong_function_is_not(bench: Bench) -> None:
    """Section 10: and so is a code to block that means nothing."""
    bench.type(PROGRAMMING_CODE)
    assert bench.firmware.state.tries.streak == 0
    bench.type("129")
    assert bench.firmware.state.tries.streak == 1
    bench.type(PROGRAMMING_CODE)
    bench.type("128")
    assert bench.firmware.state.tries.streak == 1


def test_the_minutes_of_a_lockout_pass_without_a_clock() -> None:
    """Section 10: by uptime since it began, or since the last start, so that a power cut never shortens them."""
    bench = Bench(battery=None)
    pen = bench.pen
    bench.hold(pen.settings(release=10), pen.pin("pin", PIN))
    bench.wrong(10)
    bench.wait(seconds=9 * 60)
    bench.restart(battery=None)
    bench.wait(seconds=9 * 60)
    assert bench.locked_out
    bench.wait(seconds=61)
    assert not bench.locked_out
