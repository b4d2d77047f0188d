"""A lock in any order of events, with the power cut at any write: what may never happen."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.link.events import LockEventKind
from locksim.clock import moment
from locksim.lockout import CONSECUTIVE_LIMIT
from locksim.signals import Signal
from locksim.state import LockState
from tests.locksim.bench import Bench
from tests.locksim.rig import NOON, PowerCut
from tests.locksim.test_entry import EVENING

RIGHT, OUT_OF_HOURS = "40718263", "6284"


class LockMachine(RuleBasedStateMachine):
    """A lock with one PIN that opens and one that does not, and somebody at the power switch."""

    @initialize()
    def install(self) -> None:
        """A lock set to noon, with its entries."""
        self.bench = Bench()
        pen = self.bench.pen
        self.entries = {
            "settings": pen.settings(),
            "card": pen.card(),
            "right": pen.pin("right", RIGHT),
            "evening": pen.pin("evening", OUT_OF_HOURS, EVENING),
        }
        self.bench.hold(*self.entries.values())
        self.guesses_in_a_row = 0
        """Wrong entries that were looked at since the last right one or release."""
        self.cuts = 0
        self.highest_ms = 0
        self.commands = 0

    def step(self, action: str) -> Signal | None:
        """Type something; if the power is to go at a write, it goes and comes back."""
        asked = self.bench.hash.asked
        locked, opened = self.bench.locked_out, self.opened()
        try:
            shown = self.bench.type(action)
        except PowerCut:
            shown = None
        looked_at = self.bench.hash.asked > asked and not locked
        if looked_at and action not in (RIGHT, OUT_OF_HOURS):
            self.guesses_in_a_row += 1
        if shown is None:
            self.cuts += 1
            self.bench.restart(battery=self.now())
        if self.opened() > opened:
            self.guesses_in_a_row = 0
        return shown

    def opened(self) -> int:
        """How many openings are on disk."""
        return len(self.bench.events(LockEventKind.OPENED))

    def now(self) -> datetime | None:
        """The lock's time, which the battery clock keeps."""
        now_ms = self.bench.firmware.view(self.bench.uptime_ms).now_ms
        return None if now_ms is None else moment(now_ms)

    @rule(write=st.integers(0, 6), keeps=st.booleans())
    def arm_the_power_switch(self, write: int, keeps: bool) -> None:
        """The power will go at one of the next writes, before or after it reached the disk."""
        self.bench.disk.cut_at, self.bench.disk.keeps_cut_write = write, keeps

    @rule(digits=st.sampled_from(["9999", "1", "123456789", "5550001", "1234567890", "1" * 12]))
    def type_a_wrong_entry(self, digits: str) -> None:
        """It never opens."""
        assert self.step(digits) in (Signal.DENIED, None)

    @rule()
    def type_the_right_pin(self) -> None:
        """It opens unless the lock is locked out, and then it breaks the row."""
        locked = self.bench.locked_out
        shown = self.step(RIGHT)
        if shown is not None:
            assert shown is (Signal.DENIED if locked else Signal.GRANTED)

    @rule()
    def type_a_pin_out_of_hours(self) -> None:
        """It never opens, and changes no count."""
        before = self.bench.firmware.state.tries
        if self.step(OUT_OF_HOURS) is not None:
            after = self.bench.firmware.state.tries
            assert (after.streak, after.locked) == (before.streak, before.locked)

    @rule(right=st.booleans())
    def present_a_card(self, right: bool) -> None:
        """Only the paired one, and only in a lockout, makes the budgets whole."""
        locked = self.bench.locked_out
        openings = self.bench.openings
        try:
            self.bench.present(*(() if right else (bytes(7),)))
        except PowerCut:
            self.cuts += 1
            self.bench.restart(battery=self.now())
        assert self.bench.openings == openings
        if locked and not self.bench.locked_out:
            assert right
            self.guesses_in_a_row = 0

    @precondition(lambda self: self.bench.disk.cut_at is None)
    @rule(releases=st.booleans(), again=st.booleans())
    def order_to_open(self, releases: bool, again: bool) -> None:
        """A fresh command opens once, however often it comes; what there is to release it releases, and no more."""
        self.commands += 1
        nonce = self.bench.nonce()
        command = self.bench.pen.command(nonce, name=f"c{self.commands}", releases=releases)
        openings, locked = self.bench.openings, self.bench.locked_out
        self.bench.receive(command, *([command] if again else []))
        assert self.bench.openings == openings + 1
        if releases and locked:
            self.guesses_in_a_row = 0

    @precondition(lambda self: self.bench.disk.cut_at is None)
    @rule(hours=st.sampled_from([0.01, 1, 7]), back=st.booleans())
    def lose_power_for_a_while(self, hours: float, back: bool) -> None:
        """The battery clock goes on, or wakes in the past and is not believed."""
        now = self.now()
        moved = timedelta(hours=-hours if back else hours)
        self.bench.restart(battery=None if now is None else now + moved)
        if back:
            self.bench.restart(battery=None)

    @precondition(lambda self: self.bench.disk.cut_at is None)
    @rule()
    def learn_the_time(self) -> None:
        """The server says noon, whatever the lock thought."""
        self.bench.receive(self.bench.pen.time(self.bench.nonce(), NOON))

    @invariant()
    def what_is_on_disk_is_what_the_lock_believes(self) -> None:
        """At every moment between two steps."""
        data = self.bench.disk.state
        assert data is not None
        assert LockState.decode(data) == self.bench.firmware.state

    @invariant()
    def no_guess_is_forgotten(self) -> None:
        """Each wrong entry that was looked at is counted; a cut may count one too many."""
        budget = self.bench.firmware.state.tries
        if not budget.locked:
            assert budget.streak >= self.guesses_in_a_row
            assert budget.streak < CONSECUTIVE_LIMIT
        assert budget.streak <= self.guesses_in_a_row + self.cuts

    @invariant()
    def every_opening_has_its_event(self) -> None:
        """An event without an opening is possible, if the power goes between; not the reverse."""
        assert self.bench.openings <= self.opened()
        sequences = [event.sequence for event in self.bench.events()]
        assert sequences == list(range(1, len(sequences) + 1))

    @invariant()
    def entries_are_untouched(self) -> None:
        """Typing, cards, cuts and clocks change nothing that the server wants."""
        assert self.bench.firmware.state.entries == self.entries


TestLockMachine = LockMachine.TestCase
TestLockMachine.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
