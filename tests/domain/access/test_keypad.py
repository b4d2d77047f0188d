"""What a keypad asks of an entry: the lock's first denial, and the explanation's all of them."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from domain.access.decision import GRANTED, DenialReason, Denied
from domain.access.keypad import (
    KeypadState,
    SmartPinState,
    all_denials,
    first_denial,
    known_pin,
    known_smartpin,
    smartpins_at_all,
    unseen,
)
from domain.access.schedule import ALWAYS, Schedule, Slot
from domain.access.whole_seconds import whole

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
NIGHTS = Schedule(slot=Slot(time(22), time(6)))


def keypad(
    *, pin: bool = True, smartpin: bool = True, locked: bool = False, now: datetime | None = NOON
) -> KeypadState:
    return KeypadState(ZoneInfo("UTC"), pin, smartpin, locked, now)


@pytest.mark.parametrize(
    ("state", "smartpin", "reasons"),
    [
        (keypad(locked=True), False, ["PIN_LOCKOUT"]),
        (keypad(locked=True, pin=False, smartpin=False), True, ["PIN_LOCKOUT"]),
        (keypad(pin=False), False, []),
        (keypad(smartpin=False), True, []),
        (keypad(pin=False, smartpin=False), False, ["PIN_MODE_OFF"]),
        (keypad(pin=False, smartpin=False), True, ["PIN_MODE_OFF", "SMARTPIN_OFF"]),
    ],
)
def test_an_entry_that_can_do_nothing_is_not_looked_at(
    state: KeypadState, smartpin: bool, reasons: list[str]
) -> None:
    """Where one kind of digits is taken, all are looked at: else the answer would tell which are."""
    decision = unseen(state, smartpin=smartpin)
    assert list(decision.reasons if isinstance(decision, Denied) else ()) == reasons


def test_the_lock_gives_its_first_reason_and_the_explanation_all() -> None:
    """The verdict is the same either way."""
    off = keypad(pin=False)
    assert first_denial(known_pin(off, [NIGHTS])) == Denied.because(DenialReason.PIN_MODE_OFF)
    assert all_denials(known_pin(off, [NIGHTS])) == Denied.because(
        DenialReason.OUTSIDE_SLOT, DenialReason.PIN_MODE_OFF
    )
    for ask in (first_denial, all_denials):
        assert ask(known_pin(keypad(), [NIGHTS, ALWAYS])) is GRANTED
        assert ask(smartpins_at_all(keypad())) is GRANTED
    none = keypad(smartpin=False, now=None)
    assert first_denial(smartpins_at_all(none)) == Denied.because(DenialReason.SMARTPIN_OFF)
    assert all_denials(smartpins_at_all(none)) == Denied.because(
        DenialReason.NO_TIME, DenialReason.SMARTPIN_OFF
    )


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        (SmartPinState(blocked=False, open_now=True), []),
        (SmartPinState(blocked=True, open_now=True), ["BLOCKED"]),
        (SmartPinState(blocked=False, open_now=False, later=True), ["NOT_YET_VALID"]),
        (SmartPinState(blocked=False, open_now=False), ["ENDED"]),
        (SmartPinState(blocked=False, open_now=True, survives=False), ["ENDED"]),
        (SmartPinState(blocked=True, open_now=False), ["ENDED", "BLOCKED"]),
    ],
)
def test_a_code_opens_in_its_window_alone(code: SmartPinState, reasons: list[str]) -> None:
    """Unless it is blocked, or was not used in time."""
    decision = all_denials(known_smartpin(code))
    assert list(decision.reasons if isinstance(decision, Denied) else ()) == reasons


@pytest.mark.parametrize(
    ("start", "end", "cut"),
    [
        (time(6), time(22), (time(6), time(22))),
        (time(6, 0, 0, 1), time(22, 0, 0, 1), (time(6, 0, 1), time(22))),
        (time(22, 0, 0, 5), time(6, 0, 0, 5), (time(22, 0, 1), time(6))),
        (time(23, 59, 59, 5), time(0, 0, 0, 5), (time(23, 59, 59), time(0))),
        (time(6, 0, 0, 1), time(6, 0, 0, 2), (time(6), time(6, 0, 1))),
    ],
)
def test_old_slots_are_cut_to_whole_seconds(start: time, end: time, cut: tuple[time, time]) -> None:
    """Inwards, so that nothing opens longer than it was allowed to."""
    assert whole(start, end) == cut
