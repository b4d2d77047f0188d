"""What a keypad makes of an entry once it is looked up: may it open, and if not, why not.

The lock asks in this order and gives the first denial as its answer; the server, which explains, gives all of them. Both
ask here, so they cannot disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.access.decision import GRANTED, Decision, DenialReason, Denied, decide
from domain.access.schedule import Schedule


@dataclass(frozen=True, slots=True)
class KeypadState:
    """What a lock goes by at one keypad. `now` is trusted time; None: there is none."""

    zone: ZoneInfo
    pin_enabled: bool
    smartpin_enabled: bool
    locked: bool
    now: datetime | None


@dataclass(frozen=True, slots=True)
class SmartPinState:
    """A code of this lock at a moment. `open_now` says whether a window of it is open, `later` whether one begins later.

    `survives` says whether it was used in time, where that is asked.
    """

    blocked: bool
    open_now: bool
    later: bool = False
    survives: bool = True


def unseen(keypad: KeypadState, *, smartpin: bool) -> Decision:
    """The denial of an entry that can do nothing, whatever its digits; GRANTED where it is looked up."""
    if keypad.locked:
        return Denied.because(DenialReason.PIN_LOCKOUT)
    # Where only one of the two is off every entry is looked up: wrong ones of any length are guesses.
    if keypad.pin_enabled or keypad.smartpin_enabled:
        return GRANTED
    if smartpin:
        return Denied.because(DenialReason.PIN_MODE_OFF, DenialReason.SMARTPIN_OFF)
    return Denied.because(DenialReason.PIN_MODE_OFF)


def known_pin(keypad: KeypadState, schedules: Sequence[Schedule]) -> Iterator[Decision]:
    """What is asked, in order, of a PIN that the lock holds with these schedules."""
    yield GRANTED if keypad.pin_enabled else Denied.because(DenialReason.PIN_MODE_OFF)
    yield decide(schedules, keypad.zone, keypad.now)


def smartpins_at_all(keypad: KeypadState) -> Iterator[Decision]:
    """What is asked, in order, before ten digits are decrypted."""
    yield GRANTED if keypad.smartpin_enabled else Denied.because(DenialReason.SMARTPIN_OFF)
    yield Denied.because(DenialReason.NO_TIME) if keypad.now is None else GRANTED


def known_smartpin(code: SmartPinState) -> Iterator[Decision]:
    """What is asked, in order, of digits that are a code of this lock, or its short PIN."""
    yield Denied.because(DenialReason.BLOCKED) if code.blocked else GRANTED
    if code.open_now and code.survives:
        yield GRANTED
    else:
        yield Denied.because(DenialReason.NOT_YET_VALID if code.later else DenialReason.ENDED)


def first_denial(asked: Iterator[Decision]) -> Decision:
    """The lock's answer: the first that denies, or GRANTED."""
    return next((each for each in asked if isinstance(each, Denied)), GRANTED)


def all_denials(asked: Iterator[Decision]) -> Decision:
    """The explanation: every reason of all that deny, or GRANTED."""
    reasons = [reason for each in asked if isinstance(each, Denied) for reason in each.reasons]
    return Denied(tuple(reasons)) if reasons else GRANTED
