"""The part of a lock that all its faces share: durable state, clock, bolt and lockout.

Every step makes the next durable state and writes it here before anything is done about it. The
dangerous mistake is a path round `commit`: what is not on disk has not happened. Times are in
milliseconds: `uptime_ms` since the start, which only grows; trusted time comes from `clock`.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime

from domain.link import features
from domain.link.entries import Entry
from domain.link.events import LockEventKind
from domain.link.keys import LinkKeys
from locksim import journal
from locksim.clock import MARK_INTERVAL_MS, TrustedClock, moment
from locksim.disk import Disk
from locksim.holdings import Holdings
from locksim.journal import Happening
from locksim.provisioning import Provisioning
from locksim.signals import Bolt, Outbound, Signal
from locksim.state import LockState
from smartpin import Codec, LockTime

OPEN_MS = 5000
"""Milliseconds for which the bolt stays drawn."""
_STATE_ID_BYTES = 16
_MINUTE_MS = 60_000


def unread_in(entries: Iterable[Entry], reads: Collection[str]) -> set[str]:
    """The ids of the entries that need what this firmware does not read."""
    return {
        entry.id
        for entry in entries
        if entry.payload is not None and features.unread(entry.kind, entry.payload, reads)
    }


class Core:
    """A lock's memory and muscles, from one start to the next."""

    def __init__(
        self,
        provisioning: Provisioning,
        disk: Disk,
        *,
        uptime_ms: int,
        battery_ms: int | None,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Start from the disk; see Firmware."""
        self.provisioning = provisioning
        self.keys = LinkKeys.derive(provisioning.secret)
        self.random_bytes = random_bytes
        self.outbox: deque[Outbound] = deque()
        self.bolt_falls_ms: int | None = None
        """The uptime at which the drawn bolt falls, or None: it is shut."""
        self._disk = disk
        data = disk.read()
        state = LockState.decode(data) if data is not None else None
        if state is None or state.incarnation != provisioning.incarnation:
            name = random_bytes(_STATE_ID_BYTES).hex()
            state = LockState(state_id=name, incarnation=provisioning.incarnation)
        self.state = state
        self.codec = Codec(provisioning.secret)
        self.holdings = self.holdings_of(state)
        self.clock = TrustedClock(battery_ms=battery_ms, mark_ms=state.mark_ms, uptime_ms=uptime_ms)
        self._locked_seen_ms = uptime_ms
        happenings = [Happening(LockEventKind.STARTED)]
        if self.clock.lost:
            happenings.append(Happening(LockEventKind.CLOCK_LOST))
        self.commit(self.announced(self.recorded(state, uptime_ms, *happenings), uptime_ms))
        self._keep_mark(uptime_ms)

    def holdings_of(self, state: LockState) -> Holdings:
        """What a state's entries amount to at this lock. Raises UnknownZone and Malformed."""
        own = self.provisioning
        unread = unread_in(state.entries.values(), own.firmware.reads)
        return Holdings.of(
            {name: entry for name, entry in state.entries.items() if name not in unread},
            own.zone,
            # Firmware that cannot read the settings any more does not go back to what held before them.
            provisioned_smartpins=own.smartpin_enabled and not unread,
        )

    @property
    def lock_time(self) -> LockTime:
        """By what SmartPINs tell the time here: the offset frozen at provisioning, and the zone."""
        return LockTime(self.provisioning.fixed_offset_minutes, self.holdings.zone)

    def now(self, uptime_ms: int) -> datetime | None:
        """Trusted time as a moment, or None."""
        now_ms = self.clock.now_ms(uptime_ms)
        return None if now_ms is None else moment(now_ms)

    def write(self, state: LockState) -> None:
        """Put the state on disk, then into RAM; a write that fails changes nothing here either."""
        self._disk.write(state.encode())
        self.state = state

    def commit(self, state: LockState) -> None:
        """Write the state, if it is another."""
        if state != self.state:
            self.write(state)

    def recorded(self, state: LockState, uptime_ms: int, *happenings: Happening) -> LockState:
        """The state with these events."""
        return journal.recorded(state, self.clock.now_ms(uptime_ms), *happenings)

    def record(self, uptime_ms: int, *happenings: Happening) -> None:
        """Commit these events and nothing else."""
        self.commit(self.recorded(self.state, uptime_ms, *happenings))

    def announced(self, state: LockState, uptime_ms: int) -> LockState:
        """The state with the event of a lockout that has none yet."""
        if not state.budget.locked or state.budget.announced:
            return state
        self._locked_seen_ms = uptime_ms
        state = replace(state, budget=replace(state.budget, announced=True))
        return self.recorded(state, uptime_ms, Happening(LockEventKind.LOCKOUT_STARTED))

    def released(
        self, state: LockState, uptime_ms: int, command_id: str | None = None
    ) -> LockState:
        """The state with its lockout ended and both budgets whole."""
        budget = state.budget.released(self.clock.now_ms(uptime_ms))
        ended = Happening(LockEventKind.LOCKOUT_ENDED, command_id=command_id)
        return self.recorded(replace(state, budget=budget), uptime_ms, ended)

    def open(self, uptime_ms: int) -> None:
        """Draw the bolt. Only after the opening is on disk."""
        self.bolt_falls_ms = uptime_ms + OPEN_MS
        self.outbox.extend((Bolt(drawn=True), Signal.GRANTED))

    def tick(self, uptime_ms: int) -> None:
        """Let the bolt fall, end a lockout whose time is over, keep the clock's mark."""
        if self.bolt_falls_ms is not None and uptime_ms >= self.bolt_falls_ms:
            self.bolt_falls_ms = None
            self.outbox.append(Bolt(drawn=False))
        released_ms = self._timed_release_ms(uptime_ms)
        if released_ms is not None and uptime_ms >= released_ms:
            self.commit(self.released(self.state, uptime_ms))
            self.outbox.append(Signal.RELEASED)
        self._keep_mark(uptime_ms)

    def due_ms(self, uptime_ms: int) -> list[int | None]:
        """The uptimes at which `tick` has something to do."""
        falls, released = self.bolt_falls_ms, self._timed_release_ms(uptime_ms)
        return [falls, released, uptime_ms + MARK_INTERVAL_MS]

    def _timed_release_ms(self, uptime_ms: int) -> int | None:
        """The uptime at which the site's policy ends a lockout.

        Counted in trusted time if there is some, else from this start on: cutting the power makes
        it later, never earlier.
        """
        minutes = self.holdings.lockout_release_minutes
        budget = self.state.budget
        if minutes is None or not budget.locked:
            return None
        due = self._locked_seen_ms + minutes * _MINUTE_MS
        now = self.clock.now_ms(uptime_ms)
        if now is not None and budget.locked_at is not None:
            due = min(due, uptime_ms + budget.locked_at + minutes * _MINUTE_MS - now)
        return due

    def _keep_mark(self, uptime_ms: int) -> None:
        now, mark = self.clock.now_ms(uptime_ms), self.state.mark_ms
        if now is not None and (mark is None or now >= mark + MARK_INTERVAL_MS):
            self.commit(replace(self.state, mark_ms=now))
