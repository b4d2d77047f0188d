"""The keypad: what a key press means, what it costs, what it opens. Section 10 of docs/lock.md.

The whole decision is here, without I/O: keys go in with the uptime at which they are pressed, and
what is to be seen and moved comes out through `Core`. A finished entry goes this way
(`Keypads._enter`):

1. *What it is taken as.* Most entries stand alone: a PIN, a SmartPIN, a short PIN, the programming
   code. Some follow from the entry before (`FollowUp`).
2. *Whether it is looked at.* In a lockout, or where PIN mode and SmartPINs are both off, it is denied.
3. *Counted as wrong, on disk*, before anybody knows whether it is: cutting the power then gains no
   guess. A try for a short PIN is charged in the same write.
4. *One Argon2*, for every entry of whatever length and in whatever state of the lock, so that a
   stopwatch tells nothing.
5. *Looked up* (`Evaluation`, which changes nothing): a `Verdict`.
6. *The outcome goes to disk*: the event, and the count as it is to be.
7. *Then* the bolt moves, or the keypad shows its signal. There is one signal for every denial; the
   reason stands in the event alone.
"""

import hmac
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum, auto

from domain.access.decision import Decision, DenialReason, Denied, Granted
from domain.access.keypad import (
    KeypadState,
    SmartPinState,
    first_denial,
    known_pin,
    known_smartpin,
    smartpins_at_all,
    unseen,
)
from domain.access.pin_shape import LONGEST, SHORTEST, SMARTPIN_LENGTH, is_run, is_single_digit
from domain.link.digests import pin_digest
from domain.link.entries import smartpin_entry_id
from domain.link.events import LockEventKind, OpeningMethod
from domain.security.passwords import PasswordProfile
from locksim.clock import milliseconds, moment
from locksim.core import Core
from locksim.credentials import Credentials
from locksim.journal import NewEvent
from locksim.signals import Signal
from locksim.smartpin_memory import SmartPinMemory, UsedSmartPin
from smartpin import Codec, LockTime, Reading, survives_activation

IDLE_MS = 10_000
"""Milliseconds after the last key at which an unfinished entry is dropped."""
MAX_TYPED = 16
"""Digits that are kept: more than any credential has, so an entry that is longer stays wrong."""
SHORT_PIN_MS = 10_000
"""Milliseconds after an accepted SmartPIN in which its short PIN can be set."""
PROGRAMMING_MS = 10_000
"""Milliseconds in which the next entry of a function of the keypad must begin."""
SHORTEST_SHORT_PIN = 4
LONGEST_SHORT_PIN = 8
LONGEST_FUNCTION = 3
"""Digits of a function's number at most: fewer than any credential has."""
BLOCK_FUNCTION = "128"
"""The number of the function that blocks a SmartPIN."""

SlowHash = Callable[[str, bytes, PasswordProfile], bytes]
"""Digits, salt and profile to a verifier: one Argon2."""


# Keys and entries


class Key(StrEnum):
    """The keys, by what is printed on them."""

    ZERO = "0"
    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"
    FIVE = "5"
    SIX = "6"
    SEVEN = "7"
    EIGHT = "8"
    NINE = "9"
    BACKSPACE = "BACKSPACE"
    CANCEL = "CANCEL"
    ENTER = "ENTER"


_COMMANDS = frozenset({Key.BACKSPACE, Key.CANCEL, Key.ENTER})


class Meaning(Enum):
    """What an entry is taken as."""

    CREDENTIAL = auto()
    """It stands alone: a PIN, a short PIN, a SmartPIN, or the programming code."""
    NEW_SHORT_PIN = auto()
    """A SmartPIN has just opened: these are the digits of its short PIN."""
    FUNCTION = auto()
    """The programming code came before: this is the number of a function."""
    CODE_TO_BLOCK = auto()
    """Function 128 came before: this is the SmartPIN to block."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Digits and Enter."""

    digits: str = field(repr=False)
    began_ms: int
    """The uptime of the first digit."""
    finished_ms: int
    """The uptime of Enter."""

    @property
    def method(self) -> OpeningMethod:
        """The kind of credential that has so many digits."""
        is_smartpin = len(self.digits) == SMARTPIN_LENGTH
        return OpeningMethod.SMARTPIN if is_smartpin else OpeningMethod.PIN


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What the next entry may be, after an entry that was accepted.

    It lives in RAM and for seconds: whoever walks away, cancels or loses power begins again. Else
    the next person's PIN would be taken for the short PIN of the guest before, or for a function.
    """

    meaning: Meaning
    since_ms: int
    """The uptime from which its time is counted."""
    smartpin: str = ""
    """For NEW_SHORT_PIN: the name of the SmartPIN that has opened."""

    def takes(self, entry: Entry) -> bool:
        """Whether the entry is the one that may follow.

        An entry of another length is a credential of the next person's, so it stands alone.
        """
        length = len(entry.digits)
        if self.meaning is Meaning.NEW_SHORT_PIN:
            # From Enter to Enter, as the guest is told; a function only has to begin in time.
            in_time = entry.finished_ms - self.since_ms <= SHORT_PIN_MS
            return in_time and SHORTEST_SHORT_PIN <= length <= LONGEST_SHORT_PIN
        if entry.began_ms - self.since_ms > PROGRAMMING_MS:
            return False
        if self.meaning is Meaning.FUNCTION:
            return length <= LONGEST_FUNCTION
        return length == SMARTPIN_LENGTH


class Keypad:
    """One keypad: the digits typed since the last entry, and what may follow that entry.

    The digits stay in RAM, are never shown or logged, and are gone after Enter, Cancel or some
    seconds of silence, so that nobody inherits half an entry.
    """

    def __init__(self) -> None:
        self.follow_up: FollowUp | None = None
        self._typed = ""
        self._began_ms = 0
        self._touched_ms = 0

    @property
    def length(self) -> int:
        """How many digits stand in the entry."""
        return len(self._typed)

    @property
    def expires_ms(self) -> int | None:
        """The uptime at which an unfinished entry is dropped, or None if nothing is typed."""
        return self._touched_ms + IDLE_MS if self._typed else None

    def press(self, key: Key, uptime_ms: int) -> Entry | None:
        """The finished entry on Enter; None for any other key, and for Enter without a digit."""
        self.tick(uptime_ms)
        self._touched_ms = uptime_ms
        if key not in _COMMANDS:
            if not self._typed:
                self._began_ms = uptime_ms
            # Bounded, but never cut to fit: a PIN with digits in front or behind stays a wrong entry.
            self._typed = (self._typed + key.value)[:MAX_TYPED]
        elif key is Key.BACKSPACE:
            self._typed = self._typed[:-1]
        elif key is Key.CANCEL:
            self._typed, self.follow_up = "", None
        elif self._typed:
            entry, self._typed = Entry(self._typed, self._began_ms, uptime_ms), ""
            return entry
        return None

    def tick(self, uptime_ms: int) -> bool:
        """Drop an entry that was left unfinished; whether there was one."""
        if self.expires_ms is None or uptime_ms < self.expires_ms:
            return False
        self._typed = ""
        return True


# What an entry turns out to be


class Cost(Enum):
    """What an entry costs of the keypad's tries, once it is looked up."""

    WRONG_ENTRY = auto()
    """It stays counted, in the row and in the bucket."""
    NOTHING = auto()
    """Both are as if it had not been typed."""
    NOTHING_AND_ROW_ENDS = auto()
    """It opened: no wrong entries in a row any more; the bucket is as if it had not been typed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an entry turned out to be, and what follows."""

    signal: Signal
    cost: Cost
    event: NewEvent | None = None
    """It holds no digits."""
    memory: SmartPinMemory | None = None
    """What is remembered of SmartPINs afterwards, if that changes."""
    next: Meaning = Meaning.CREDENTIAL
    """What the next entry may be."""
    smartpin: str = ""
    """For NEW_SHORT_PIN: whose."""


def _denied(
    *reasons: DenialReason,
    method: OpeningMethod,
    entry_id: str | None = None,
    cost: Cost = Cost.WRONG_ENTRY,
) -> Verdict:
    event = NewEvent(
        LockEventKind.DENIED, method=method, entry_id=entry_id, reasons=Denied(reasons).reasons
    )
    return Verdict(Signal.DENIED, cost, event)


def _recognised(decision: Decision, method: OpeningMethod, entry_id: str) -> Verdict:
    """The verdict on a PIN that the lock knows: it is no wrong entry, even where it is denied."""
    if isinstance(decision, Denied):
        return _denied(*decision.reasons, method=method, entry_id=entry_id, cost=Cost.NOTHING)
    opened = NewEvent(LockEventKind.OPENED, method=method, entry_id=entry_id)
    return Verdict(Signal.GRANTED, Cost.NOTHING_AND_ROW_ENDS, opened)


def _keypad_state(credentials: Credentials, *, locked: bool, now: datetime | None) -> KeypadState:
    return KeypadState(
        credentials.zone, credentials.pin_enabled, credentials.smartpin_enabled, locked, now
    )


def _not_looked_at(entry: Entry, keypad: KeypadState) -> Verdict | None:
    """The denial of an entry that can do nothing, whatever its digits; None if it is looked up."""
    decision = unseen(keypad, smartpin=entry.method is OpeningMethod.SMARTPIN)
    if isinstance(decision, Granted):
        return None
    return _denied(*decision.reasons, method=entry.method, cost=Cost.NOTHING)


@dataclass(frozen=True)
class Evaluation:
    """An entry that is looked up, and all that the verdict depends on."""

    entry: Entry
    digest: bytes = field(repr=False)
    """Of its verifier, under the lock's key."""
    credentials: Credentials
    """As they hold at this keypad."""
    memory: SmartPinMemory
    codec: Codec
    lock_time: LockTime
    programming_code: str = field(repr=False)
    now: datetime | None
    """Trusted time, if there is any."""

    @property
    def _keypad(self) -> KeypadState:
        return _keypad_state(self.credentials, locked=False, now=self.now)

    def verdict(self, meaning: Meaning, smartpin: str) -> Verdict:
        """On the entry taken as this; `smartpin` is whose short PIN it would be."""
        match meaning:
            case Meaning.NEW_SHORT_PIN:
                return self._new_short_pin(smartpin)
            case Meaning.FUNCTION:
                return self._function()
            case Meaning.CODE_TO_BLOCK:
                return self._code_to_block()
            case Meaning.CREDENTIAL if self.entry.method is OpeningMethod.SMARTPIN:
                return self._smartpin()
            case Meaning.CREDENTIAL:
                return self._pin()

    def _pin(self) -> Verdict:
        """Other lengths than ten digits: a PIN, then a short PIN, then the programming code."""
        method, held = OpeningMethod.PIN, self.credentials
        if not SHORTEST <= len(self.entry.digits) <= LONGEST:
            return _denied(DenialReason.WRONG_LENGTH, method=method)
        pin = held.pins.get(self.digest)
        if pin is not None:
            decision = first_denial(known_pin(self._keypad, pin.schedules))
            return _recognised(decision, method, pin.entry_id)
        owner = self.memory.owner_of(self.digest)
        if owner is not None:
            name, used = owner
            return _recognised(self._short_pin(name, used), OpeningMethod.SHORT_PIN, name)
        if hmac.compare_digest(self.entry.digits, self.programming_code):
            return Verdict(Signal.READY, Cost.NOTHING, next=Meaning.FUNCTION)
        if not held.pin_enabled:
            return _denied(
                DenialReason.PIN_MODE_OFF, DenialReason.UNKNOWN_CREDENTIAL, method=method
            )
        return _denied(DenialReason.UNKNOWN_CREDENTIAL, method=method)

    def _short_pin(self, name: str, used: UsedSmartPin) -> Decision:
        """Whether a guest's short PIN opens: as long as its SmartPIN would."""
        at_all = first_denial(smartpins_at_all(self._keypad))
        if isinstance(at_all, Denied) or self.now is None:
            return at_all
        activation = self.credentials.activation_required
        alive = used.opens(self.now, self.lock_time, activation=activation)
        return first_denial(known_smartpin(SmartPinState(self._is_blocked(name), alive)))

    def _smartpin(self) -> Verdict:
        """Ten digits: the check of docs/smartpin.md, section 6, and what a lock puts round it.

        A code that does not open is a wrong entry whatever the reason: otherwise the count would
        tell which digits are somebody's code.
        """
        method, code, now = OpeningMethod.SMARTPIN, self.entry.digits, self.now
        at_all = first_denial(smartpins_at_all(self._keypad))
        if isinstance(at_all, Denied):
            return _denied(*at_all.reasons, method=method)
        assert now is not None
        name = smartpin_entry_id(self.codec.block_tag(code))
        # All of it for every code, so that no stopwatch tells a code that has ended from no code.
        open_now = self.codec.open_readings(code, now, self.lock_time)
        unended = self.codec.unended_readings(code, now, self.lock_time)
        known = self._decodes(code, now)
        alive = [reading for reading in open_now if self._survives(name, reading, now)]
        if not known:
            return _denied(DenialReason.UNKNOWN_CREDENTIAL, method=method)
        decision = first_denial(
            known_smartpin(
                SmartPinState(
                    blocked=bool(unended) and self._is_blocked(name),
                    open_now=bool(alive),
                    later=len(unended) > len(open_now),
                )
            )
        )
        if isinstance(decision, Denied):
            return _denied(*decision.reasons, method=method, entry_id=name)
        now_ms = milliseconds(now)
        memory = self.memory.pruned(now, now_ms, self.lock_time).with_use(name, alive, now_ms)
        return Verdict(
            Signal.GRANTED,
            Cost.NOTHING_AND_ROW_ENDS,
            NewEvent(LockEventKind.OPENED, method=method, entry_id=name),
            memory=memory,
            next=Meaning.NEW_SHORT_PIN if memory.has_tries(name) else Meaning.CREDENTIAL,
            smartpin=name,
        )

    def _new_short_pin(self, name: str) -> Verdict:
        """A short PIN for the SmartPIN that has just opened; its try is charged already."""
        method = OpeningMethod.SHORT_PIN
        usable = isinstance(self._short_pin(name, self.memory.used[name]), Granted)
        # Both are asked always: a refusal must not tell, by its time either, weak digits from
        # those of somebody's PIN.
        weak = is_single_digit(self.entry.digits) or is_run(self.entry.digits)
        taken = self._is_taken(name)
        if not usable or weak or taken:
            refusal = _denied(DenialReason.NOT_ACCEPTED, method=method, entry_id=name)
            if not self.memory.has_tries(name):
                return refusal
            return replace(refusal, next=Meaning.NEW_SHORT_PIN, smartpin=name)
        done = NewEvent(LockEventKind.SHORT_PIN_SET, method=method, entry_id=name)
        memory = self.memory.with_short_pin(name, self.digest)
        return Verdict(Signal.DONE, Cost.NOTHING, done, memory=memory)

    def _is_taken(self, name: str) -> bool:
        """Whether a PIN or another guest's short PIN has these digits."""
        owner = self.memory.owner_of(self.digest)
        taken = (self.digest in self.credentials.pins, owner is not None and owner[0] != name)
        return any(taken)

    def _function(self) -> Verdict:
        """A number behind the programming code: that of the one function there is, or a wrong entry."""
        if self.entry.digits == BLOCK_FUNCTION:
            return Verdict(Signal.READY, Cost.NOTHING, next=Meaning.CODE_TO_BLOCK)
        return _denied(DenialReason.UNKNOWN_CREDENTIAL, method=OpeningMethod.PIN)

    def _code_to_block(self) -> Verdict:
        """The SmartPIN to block: any that opens now or later.

        A code that means nothing is a wrong entry: else the green flashes would find codes.
        """
        method, code, now = OpeningMethod.SMARTPIN, self.entry.digits, self.now
        if now is None:
            return _denied(DenialReason.NO_TIME, method=method)
        unended = self.codec.unended_readings(code, now, self.lock_time)
        if not unended:
            return _denied(DenialReason.UNKNOWN_CREDENTIAL, method=method)
        name = smartpin_entry_id(self.codec.block_tag(code))
        until = max(self.lock_time.closes(reading.window) for reading in unended)
        pruned = self.memory.pruned(now, milliseconds(now), self.lock_time)
        memory = pruned.with_block(name, milliseconds(until))
        if memory is None:
            return _denied(DenialReason.NOT_ACCEPTED, method=method, entry_id=name)
        blocked = NewEvent(LockEventKind.SMARTPIN_BLOCKED, method=method, entry_id=name)
        event = None if name in pruned.blocks else blocked
        return Verdict(Signal.DONE, Cost.NOTHING, event, memory=memory)

    def _is_blocked(self, name: str) -> bool:
        """By the server or at the keypad."""
        return name in self.credentials.blocked or name in self.memory.blocks

    def _decodes(self, code: str, now: datetime) -> bool:
        """Whether the digits are a code of this lock at all, in any of the code epochs at hand."""
        current = self.lock_time.code_epoch(now)
        epochs = [each for each in (current - 1, current, current + 1) if each >= 0]
        return any([self.codec.decode(code, each) is not None for each in epochs])  # noqa: C419 - all of them, always

    def _survives(self, name: str, reading: Reading, now: datetime) -> bool:
        """Whether the code was used within its first day, where that is asked."""
        if not self.credentials.activation_required:
            return True
        used = self.memory.used.get(name)
        return survives_activation(
            reading.window,
            first_used=None if used is None else moment(used.first_used_ms),
            now=now,
            lock_time=self.lock_time,
        )


# What is done about it


class Keypads:
    """The keypads of one lock. What is typed at one is no part of an entry at another."""

    def __init__(self, core: Core, slow_hash: SlowHash) -> None:
        self._core = core
        self._slow_hash = slow_hash
        self._keypads: defaultdict[str, Keypad] = defaultdict(Keypad)
        """By the names of their readers."""

    def typed(self, reader: str | None = None) -> int:
        """How many digits stand in the entry at the keypad of this reader; None: the first."""
        return self._keypads[self._named(reader)].length

    @property
    def due_ms(self) -> int | None:
        """The uptime at which an unfinished entry is dropped, if there is one."""
        due = [each.expires_ms for each in self._keypads.values()]
        return min((each for each in due if each is not None), default=None)

    def tick(self, uptime_ms: int) -> None:
        """Drop the entries that were left unfinished."""
        for keypad in self._keypads.values():
            if keypad.tick(uptime_ms):
                self._core.outbox.append(Signal.CLEARED)

    def press(self, key: Key, uptime_ms: int, reader: str | None = None) -> None:
        """Take one key at the keypad of this reader (None: the first); Enter behind at least one digit is an entry."""
        name = self._named(reader)
        entry = self._keypads[name].press(key, uptime_ms)
        if entry is not None:
            self._enter(name, entry)
        else:
            self._core.outbox.append(Signal.CLEARED if key is Key.CANCEL else Signal.KEY)

    def _named(self, reader: str | None) -> str:
        return self._core.provisioning.main_keypad if reader is None else reader

    def _follows(self, entry: Entry, follow_up: FollowUp) -> bool:
        """Whether the entry is what may follow the one before; otherwise it stands alone."""
        # The programming code can never be a short PIN: a guest who blocks the SmartPIN at once
        # spends no try.
        programs = hmac.compare_digest(entry.digits, self._core.provisioning.programming_code)
        if programs and follow_up.meaning is Meaning.NEW_SHORT_PIN:
            return False
        return follow_up.takes(entry)

    def _enter(self, reader: str, entry: Entry) -> None:
        """One entry from Enter to bolt or signal; the numbers are those of the module's docstring."""
        core, keypad, uptime_ms = self._core, self._keypads[reader], entry.finished_ms
        own, credentials = core.provisioning, core.credentials.at(reader)
        before, now_ms = core.state.tries, core.clock.now_ms(uptime_ms)

        # 1. What it is taken as. Whatever may follow an entry, it may once.
        follow_up, keypad.follow_up = keypad.follow_up, None
        if follow_up is not None and not self._follows(entry, follow_up):
            follow_up = None
        meaning = Meaning.CREDENTIAL if follow_up is None else follow_up.meaning
        smartpin = "" if follow_up is None else follow_up.smartpin

        # 2. Whether it is looked at.
        now = core.now(uptime_ms)
        verdict = _not_looked_at(entry, _keypad_state(credentials, locked=before.locked, now=now))

        # 3. Counted. What is not looked at is written all the same: every entry costs two writes.
        state = core.state
        if verdict is None:
            state = replace(state, tries=before.charged(now_ms))
            if meaning is Meaning.NEW_SHORT_PIN:
                state = replace(state, smartpins=state.smartpins.with_try(smartpin))
        core.write(state)

        # 4. One Argon2.
        verifier = self._slow_hash(entry.digits, own.pin_salt, own.pin_profile)
        digest = pin_digest(core.keys, verifier)

        # 5. Looked up.
        if verdict is None:
            verdict = Evaluation(
                entry=entry,
                digest=digest,
                credentials=credentials,
                memory=state.smartpins,
                codec=core.codec,
                lock_time=core.lock_time,
                programming_code=own.programming_code,
                now=now,
            ).verdict(meaning, smartpin)

        # 6. The outcome to disk.
        if verdict.event is not None:
            state = core.recorded(state, uptime_ms, verdict.event)
        if verdict.memory is not None:
            state = replace(state, smartpins=verdict.memory)
        if verdict.cost is Cost.NOTHING:
            state = replace(state, tries=before)
        elif verdict.cost is Cost.NOTHING_AND_ROW_ENDS:
            state = replace(state, tries=before.after_opening())
        core.write(core.announced(state, uptime_ms))

        # 7. The bolt, or the signal.
        if verdict.signal is Signal.GRANTED:
            core.open(uptime_ms)
        else:
            core.outbox.append(verdict.signal)
        if verdict.next is not Meaning.CREDENTIAL:
            # Another try at a short PIN has the time that is left, not ten seconds more.
            again = follow_up is not None and follow_up.meaning is verdict.next
            since_ms = follow_up.since_ms if follow_up and again else uptime_ms
            keypad.follow_up = FollowUp(verdict.next, since_ms, verdict.smartpin)
