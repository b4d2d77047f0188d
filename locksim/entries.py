"""What a finished entry at the keypad is: a credential that opens, one that does not now, or a wrong one.

Pure: the firmware counts the entry before it asks and acts on the answer. The dangerous mistake is
a shortcut that tells entries apart: the one Argon2 is spent on every entry, of whatever length and
in whatever state of the lock, before this is asked; and a ten-digit entry that does not open is a
wrong one whatever the reason, or the count would tell which digits are somebody's code.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from domain.access.decision import Decision, DenialReason, Denied, Granted, decide
from domain.access.pin_shape import LONGEST, SHORTEST, SMARTPIN_LENGTH, is_run, is_single_digit
from domain.link.entries import smartpin_entry_id
from domain.link.events import LockEventKind, OpeningMethod
from locksim.clock import milliseconds, moment
from locksim.dialogue import Awaited
from locksim.guest_book import Guest, GuestBook
from locksim.holdings import Holdings
from locksim.journal import Happening
from locksim.signals import Signal
from smartpin import Codec, LockTime, Reading, survives_activation

BLOCK_FUNCTION = "128"
"""The number of the keypad's function that blocks a SmartPIN."""


class Count(Enum):
    """What an entry means for the budgets."""

    WRONG = auto()
    """It stays counted."""
    NEITHER = auto()
    """It is as if it had not been typed."""
    RIGHT = auto()
    """It opened: the row of wrong entries is broken."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an entry turned out to be, and what follows."""

    signal: Signal
    count: Count
    happening: Happening | None = None
    """The event; it holds no digits."""
    book: GuestBook | None = None
    """The guest book afterwards, if it changes."""
    awaited: Awaited = Awaited.NOTHING
    smartpin: str = ""
    """Whose short PIN may be set now."""


@dataclass(frozen=True)
class Situation:
    """All that the verdict on an entry depends on."""

    holdings: Holdings
    book: GuestBook
    codec: Codec
    lock_time: LockTime
    programming_code: str = field(repr=False)
    now: datetime | None
    """Trusted time, if there is any."""

    def is_blocked(self, name: str) -> bool:
        """By the server or at the keypad."""
        return name in self.holdings.blocked or name in self.book.blocks


@dataclass(frozen=True, slots=True)
class Typed:
    """An entry: its digits, and the digest of their verifier under the lock's key."""

    digits: str = field(repr=False)
    digest: bytes = field(repr=False)


def _denied(
    *reasons: DenialReason,
    method: OpeningMethod = OpeningMethod.PIN,
    entry_id: str | None = None,
    count: Count = Count.WRONG,
) -> Verdict:
    happening = Happening(
        LockEventKind.DENIED,
        method=method,
        entry_id=entry_id,
        reasons=Denied(reasons).reasons,
    )
    return Verdict(Signal.DENIED, count, happening)


def _decided(decision: Decision, method: OpeningMethod, entry_id: str) -> Verdict:
    """On a credential that the lock recognises: it is no wrong entry, even if it is denied."""
    if isinstance(decision, Denied):
        return _denied(*decision.reasons, method=method, entry_id=entry_id, count=Count.NEITHER)
    happening = Happening(LockEventKind.OPENED, method=method, entry_id=entry_id)
    return Verdict(Signal.GRANTED, Count.RIGHT, happening)


def method_of(length: int) -> OpeningMethod:
    """As what an entry of this many digits is meant."""
    return OpeningMethod.SMARTPIN if length == SMARTPIN_LENGTH else OpeningMethod.PIN


def turned_off(holdings: Holdings, length: int) -> Verdict | None:
    """The denial of an entry that can do nothing because all is off; it is not evaluated.

    None if the entry is to be counted and evaluated, as every one is where PIN mode or SmartPINs
    are on: wrong entries of any length count.
    """
    if holdings.pin_enabled or holdings.smartpin_enabled:
        return None
    reasons = [DenialReason.PIN_MODE_OFF]
    if length == SMARTPIN_LENGTH:
        reasons.append(DenialReason.SMARTPIN_OFF)
    return _denied(*reasons, method=method_of(length), count=Count.NEITHER)


def locked_out(length: int) -> Verdict:
    """The denial of every entry during a lockout; it is not evaluated."""
    return _denied(DenialReason.PIN_LOCKOUT, method=method_of(length), count=Count.NEITHER)


def judge(situation: Situation, typed: Typed, meant: Awaited, smartpin: str) -> Verdict:
    """The verdict on an entry, taken as `meant`; `smartpin` is whose short PIN it would be."""
    match meant:
        case Awaited.SHORT_PIN:
            return _new_short_pin(situation, typed, smartpin)
        case Awaited.FUNCTION:
            if typed.digits == BLOCK_FUNCTION:
                return Verdict(Signal.READY, Count.NEITHER, awaited=Awaited.CODE_TO_BLOCK)
            return _denied(DenialReason.UNKNOWN_CREDENTIAL)
        case Awaited.CODE_TO_BLOCK:
            return _to_block(situation, typed.digits)
        case Awaited.NOTHING if len(typed.digits) == SMARTPIN_LENGTH:
            return _smartpin(situation, typed.digits)
        case Awaited.NOTHING:
            return _pin(situation, typed)


def _pin(situation: Situation, typed: Typed) -> Verdict:
    holdings = situation.holdings
    if not SHORTEST <= len(typed.digits) <= LONGEST:
        return _denied(DenialReason.WRONG_LENGTH)
    pin = holdings.pins.get(typed.digest)
    if pin is not None:
        decision = decide(pin.schedules, holdings.zone, situation.now)
        if not holdings.pin_enabled:
            decision = Denied.because(DenialReason.PIN_MODE_OFF)
        return _decided(decision, OpeningMethod.PIN, pin.entry_id)
    found = situation.book.guest_of(typed.digest)
    if found is not None:
        name, guest = found
        return _decided(_short_pin(situation, name, guest), OpeningMethod.SHORT_PIN, name)
    if hmac.compare_digest(typed.digits, situation.programming_code):
        return Verdict(Signal.READY, Count.NEITHER, awaited=Awaited.FUNCTION)
    if not holdings.pin_enabled:
        return _denied(DenialReason.PIN_MODE_OFF, DenialReason.UNKNOWN_CREDENTIAL)
    return _denied(DenialReason.UNKNOWN_CREDENTIAL)


def _short_pin(situation: Situation, name: str, guest: Guest) -> Decision:
    """Whether a guest's short PIN opens: as long as its SmartPIN would."""
    if not situation.holdings.smartpin_enabled:
        return Denied.because(DenialReason.SMARTPIN_OFF)
    if situation.now is None:
        return Denied.because(DenialReason.NO_TIME)
    if situation.is_blocked(name):
        return Denied.because(DenialReason.BLOCKED)
    if not guest.opens(
        situation.now, situation.lock_time, activation=situation.holdings.activation_required
    ):
        return Denied.because(DenialReason.ENDED)
    return Granted()


def _smartpin(situation: Situation, code: str) -> Verdict:
    """Ten digits: the check of `docs/smartpin.md`, section 6, and what the firmware puts round it."""
    method = OpeningMethod.SMARTPIN
    if not situation.holdings.smartpin_enabled:
        return _denied(DenialReason.SMARTPIN_OFF, method=method)
    now = situation.now
    if now is None:
        return _denied(DenialReason.NO_TIME, method=method)
    name = smartpin_entry_id(situation.codec.block_tag(code))
    # All of it for every code, so that no stopwatch tells a code that has ended from no code.
    open_readings = situation.codec.open_readings(code, now, situation.lock_time)
    unended = situation.codec.unended_readings(code, now, situation.lock_time)
    known = _decodes(situation, code, now)
    alive = [reading for reading in open_readings if _survives(situation, name, reading, now)]
    if not known:
        return _denied(DenialReason.UNKNOWN_CREDENTIAL, method=method)
    if unended and situation.is_blocked(name):
        return _denied(DenialReason.BLOCKED, method=method, entry_id=name)
    if not alive:
        later = len(unended) > len(open_readings)
        reason = DenialReason.NOT_YET_VALID if later else DenialReason.ENDED
        return _denied(reason, method=method, entry_id=name)
    now_ms = milliseconds(now)
    book = situation.book.pruned(now, now_ms, situation.lock_time).used(name, alive, now_ms)
    return Verdict(
        Signal.GRANTED,
        Count.RIGHT,
        Happening(LockEventKind.OPENED, method=method, entry_id=name),
        book=book,
        awaited=Awaited.SHORT_PIN if book.tries_left(name) else Awaited.NOTHING,
        smartpin=name,
    )


def _decodes(situation: Situation, code: str, now: datetime) -> bool:
    """Whether the digits are a code of this lock at all, for any of the epochs at hand."""
    epoch = situation.lock_time.code_epoch(now)
    epochs = [each for each in (epoch - 1, epoch, epoch + 1) if each >= 0]
    return any([situation.codec.decode(code, each) is not None for each in epochs])  # noqa: C419 - all of them, always


def _survives(situation: Situation, name: str, reading: Reading, now: datetime) -> bool:
    if not situation.holdings.activation_required:
        return True
    guest = situation.book.guests.get(name)
    return survives_activation(
        reading.window,
        first_used=None if guest is None else moment(guest.first_used_ms),
        now=now,
        lock_time=situation.lock_time,
    )


def _new_short_pin(situation: Situation, typed: Typed, name: str) -> Verdict:
    """A short PIN for the SmartPIN that has just opened; its try is charged already."""
    guest = situation.book.guests[name]
    usable = isinstance(_short_pin(situation, name, guest), Granted)
    # What is weak and what is taken are found out alike, and told alike.
    weak = is_single_digit(typed.digits) or is_run(typed.digits)
    taken = _is_taken(situation, typed, name)
    if not usable or weak or taken:
        again = Awaited.SHORT_PIN if situation.book.tries_left(name) else Awaited.NOTHING
        refused = Happening(
            LockEventKind.DENIED,
            method=OpeningMethod.SHORT_PIN,
            entry_id=name,
            reasons=(DenialReason.NOT_ACCEPTED,),
        )
        return Verdict(Signal.DENIED, Count.WRONG, refused, awaited=again, smartpin=name)
    done = Happening(LockEventKind.SHORT_PIN_SET, method=OpeningMethod.SHORT_PIN, entry_id=name)
    book = situation.book.accepted(name, typed.digest)
    return Verdict(Signal.DONE, Count.NEITHER, done, book=book)


def _is_taken(situation: Situation, typed: Typed, name: str) -> bool:
    """Whether a PIN or another guest's short PIN has these digits."""
    holder = situation.book.guest_of(typed.digest)
    taken = (typed.digest in situation.holdings.pins, holder is not None and holder[0] != name)
    return any(taken)


def _to_block(situation: Situation, code: str) -> Verdict:
    """Blocking at the keypad. A code that means nothing is a wrong entry: else the green flashes would find codes."""
    method = OpeningMethod.SMARTPIN
    now = situation.now
    if now is None:
        return _denied(DenialReason.NO_TIME, method=method)
    unended: Collection[Reading] = situation.codec.unended_readings(code, now, situation.lock_time)
    if not unended:
        return _denied(DenialReason.UNKNOWN_CREDENTIAL, method=method)
    name = smartpin_entry_id(situation.codec.block_tag(code))
    until = max(situation.lock_time.closes(reading.window) for reading in unended)
    pruned = situation.book.pruned(now, milliseconds(now), situation.lock_time)
    book = pruned.blocked(name, milliseconds(until))
    if book is None:
        return _denied(DenialReason.NOT_ACCEPTED, method=method, entry_id=name)
    told = Happening(LockEventKind.SMARTPIN_BLOCKED, method=method, entry_id=name)
    return Verdict(Signal.DONE, Count.NEITHER, None if name in pruned.blocks else told, book=book)
