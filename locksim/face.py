"""The face of a lock: its keys and its card reader, for whoever stands in front of the door.

An entry is counted on disk before it is looked at, and every entry costs one Argon2 and two writes,
so that neither a power cut nor a stopwatch gains a guess. The dangerous mistake is an answer that
differs: all denials show one signal, and the reason stands in the event alone.
"""

import hmac
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from domain.access.decision import DenialReason
from domain.link.digests import card_digest, pin_digest
from domain.link.events import LockEventKind
from domain.security.passwords import PasswordProfile
from locksim import entries
from locksim.core import Core
from locksim.dialogue import Awaited, Dialogue
from locksim.entries import Count, Situation, Typed, Verdict
from locksim.journal import Happening
from locksim.keypad import Key, Keypad
from locksim.lockout import GuessBudget
from locksim.signals import Signal
from locksim.state import LockState

SlowHash = Callable[[str, bytes, PasswordProfile], bytes]
"""Digits, salt and profile to a verifier: one Argon2."""


class Face:
    """Keypads and card reader of one lock."""

    def __init__(self, core: Core, slow_hash: SlowHash) -> None:
        self._core = core
        self._slow_hash = slow_hash
        self._keypads: defaultdict[str, Keypad] = defaultdict(Keypad)
        """By the names of their readers. What is typed at one is no part of an entry at another."""
        self._dialogues: defaultdict[str, Dialogue] = defaultdict(Dialogue)

    def typed(self, reader: str | None = None) -> int:
        """How many digits stand in the entry at the keypad of this reader; None: the first."""
        return self._keypads[self._named(reader)].length

    def _named(self, reader: str | None) -> str:
        return self._core.provisioning.main_keypad if reader is None else reader

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
            self._enter(name, entry, uptime_ms)
        elif key is Key.CANCEL:
            self._dialogues[name] = Dialogue()
            self._core.outbox.append(Signal.CLEARED)
        else:
            self._core.outbox.append(Signal.KEY)

    def present_card(self, uid: bytes, uptime_ms: int) -> None:
        """Take a card by its UID. The paired one ends a lockout; none opens anything."""
        core = self._core
        if not self._is_paired(uid):
            reasons = (DenialReason.UNKNOWN_CARD,)
            core.record(uptime_ms, Happening(LockEventKind.CARD_PRESENTED, reasons=reasons))
            core.outbox.append(Signal.DENIED)
            return
        locked = core.state.budget.locked
        state = core.recorded(core.state, uptime_ms, Happening(LockEventKind.CARD_PRESENTED))
        core.commit(core.released(state, uptime_ms) if locked else state)
        core.outbox.append(Signal.RELEASED if locked else Signal.CLEARED)

    def _enter(self, reader: str, entry: str, uptime_ms: int) -> None:
        core = self._core
        before, dialogue = core.state.budget, self._dialogues[reader]
        self._dialogues[reader] = Dialogue()
        began_ms = self._keypads[reader].began_ms
        meant = dialogue.meaning(len(entry), began_ms=began_ms, uptime_ms=uptime_ms)
        if meant is Awaited.SHORT_PIN and self._is_programming_code(entry):
            # It can never be a short PIN: a guest who blocks the code at once spends no try.
            meant = Awaited.NOTHING
        if before.locked:
            verdict: Verdict | None = entries.locked_out(len(entry))
        else:
            verdict = entries.turned_off(core.holdings.at(reader), len(entry))
        counts = verdict is None
        state = core.state
        if counts:
            state = replace(state, budget=before.charged(core.clock.now_ms(uptime_ms)))
            if meant is Awaited.SHORT_PIN:
                state = replace(state, guest_book=state.guest_book.charged(dialogue.smartpin))
        core.write(state)
        own = core.provisioning
        digest = pin_digest(core.keys, self._slow_hash(entry, own.pin_salt, own.pin_profile))
        if verdict is None:
            situation = self._situation(reader, uptime_ms)
            verdict = entries.judge(situation, Typed(entry, digest), meant, dialogue.smartpin)
        self._act(verdict, state if counts else None, before, uptime_ms)
        if verdict.awaited is not Awaited.NOTHING:
            # Another try at a short PIN has the time that is left, not ten seconds more.
            again = meant is Awaited.SHORT_PIN
            since_ms = dialogue.since_ms if again else uptime_ms
            self._dialogues[reader] = Dialogue(verdict.awaited, verdict.smartpin, since_ms)

    def _situation(self, reader: str, uptime_ms: int) -> Situation:
        core = self._core
        return Situation(
            holdings=core.holdings.at(reader),
            book=core.state.guest_book,
            codec=core.codec,
            lock_time=core.lock_time,
            programming_code=core.provisioning.programming_code,
            now=core.now(uptime_ms),
        )

    def _act(
        self, verdict: Verdict, counted: LockState | None, before: GuessBudget, uptime_ms: int
    ) -> None:
        """Write what follows from the entry, then show it. `counted` is the state with the entry counted, if it was."""
        core = self._core
        state = counted or core.state
        if verdict.happening is not None:
            state = core.recorded(state, uptime_ms, verdict.happening)
        if verdict.book is not None:
            state = replace(state, guest_book=verdict.book)
        if counted is not None and verdict.count is Count.RIGHT:
            state = replace(state, budget=before.forgiven())
        elif counted is not None and verdict.count is Count.NEITHER:
            state = replace(state, budget=before)
        core.write(core.announced(state, uptime_ms))
        if verdict.signal is Signal.GRANTED:
            core.open(uptime_ms)
        else:
            core.outbox.append(verdict.signal)

    def _is_programming_code(self, entry: str) -> bool:
        return hmac.compare_digest(entry, self._core.provisioning.programming_code)

    def _is_paired(self, uid: bytes) -> bool:
        try:
            return card_digest(self._core.keys, uid) in self._core.holdings.cards
        except ValueError:
            return False
