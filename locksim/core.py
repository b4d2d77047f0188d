"""What keypad and link of a lock share: the durable state, the clock, the bolt and the end of a lockout.

Every step makes the next durable state and writes it here (`write`, `commit`) before anything is
done about it: what is not on disk has not happened. Times are in milliseconds: `uptime_ms` since the
start, which only grows; trusted time comes from `clock`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from domain.access.decision import DenialReason
from domain.link.digests import card_digest
from domain.link.events import LockEventKind
from domain.link.keys import LinkKeys
from locksim import journal
from locksim.clock import MARK_INTERVAL_MS, SETTING_NOTICED_MS, TrustedClock, moment
from locksim.credentials import Credentials, unread_in
from locksim.disk import Disk
from locksim.journal import NewEvent
from locksim.provisioning import Provisioning
from locksim.signals import Bolt, Outbound, SetBattery, Signal
from locksim.state import LockState
from smartpin import Codec, LockTime

OPEN_MS = 5000
"""Milliseconds for which the bolt stays drawn."""
_STATE_ID_BYTES = 16
_MINUTE_MS = 60_000


class Core:
    """A lock from one start to the next, but for its keypads and its link."""

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
        self.credentials = self.credentials_of(state)
        self.clock = TrustedClock(battery_ms=battery_ms, mark_ms=state.mark_ms, uptime_ms=uptime_ms)
        self._locked_seen_ms = uptime_ms
        events = [NewEvent(LockEventKind.STARTED)]
        if self.clock.lost:
            events.append(NewEvent(LockEventKind.CLOCK_LOST))
        self.commit(self.announced(self.recorded(state, uptime_ms, *events), uptime_ms))
        self._keep_mark(uptime_ms)

    def credentials_of(self, state: LockState) -> Credentials:
        """What a state's entries say at this lock. Raises UnknownZone and Malformed."""
        own = self.provisioning
        unread = unread_in(state.entries.values(), own.firmware.reads)
        return Credentials.of(
            {name: entry for name, entry in state.entries.items() if name not in unread},
            own.zone,
            # Firmware that cannot read the settings any more does not go back to what held before them.
            provisioned_smartpins=own.smartpin_enabled and not unread,
        )

    @property
    def lock_time(self) -> LockTime:
        """By what SmartPINs tell the time here: the offset frozen at provisioning, and the zone."""
        return LockTime(self.provisioning.fixed_offset_minutes, self.credentials.zone)

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

    def recorded(self, state: LockState, uptime_ms: int, *events: NewEvent) -> LockState:
        """The state with these events."""
        return journal.recorded(state, self.clock.now_ms(uptime_ms), *events)

    def record(self, uptime_ms: int, *events: NewEvent) -> None:
        """Commit these events and nothing else."""
        self.commit(self.recorded(self.state, uptime_ms, *events))

    def believing(
        self, state: LockState, unix_ms: int, event_floor: int, uptime_ms: int
    ) -> LockState:
        """The state once it is believed to be `unix_ms`, backwards too, and the server to have the events up to the floor;
        the clock is set with it."""
        before = self.clock.now_ms(uptime_ms)
        self.clock.set(unix_ms, uptime_ms)
        self.outbox.append(SetBattery(unix_ms))
        state = journal.acknowledged(state, event_floor, unix_ms)
        if before is None:
            state = replace(state, tries=state.tries.after_clock_set(unix_ms))
        if before is None or abs(unix_ms - before) > SETTING_NOTICED_MS:
            state = self.recorded(state, uptime_ms, NewEvent(LockEventKind.CLOCK_SET))
        if before is None or state.mark_ms is None or unix_ms < state.mark_ms:
            state = replace(state, mark_ms=unix_ms)
        return state

    def announced(self, state: LockState, uptime_ms: int) -> LockState:
        """The state with the event of a lockout that has none yet."""
        if not state.tries.locked or state.tries.announced:
            return state
        self._locked_seen_ms = uptime_ms
        state = replace(state, tries=replace(state.tries, announced=True))
        return self.recorded(state, uptime_ms, NewEvent(LockEventKind.LOCKOUT_STARTED))

    def released(
        self, state: LockState, uptime_ms: int, command_id: str | None = None
    ) -> LockState:
        """The state with its lockout ended and both counts of wrong entries as at first."""
        tries = state.tries.released(self.clock.now_ms(uptime_ms))
        ended = NewEvent(LockEventKind.LOCKOUT_ENDED, command_id=command_id)
        return self.recorded(replace(state, tries=tries), uptime_ms, ended)

    def open(self, uptime_ms: int) -> None:
        """Draw the bolt. Only after the opening is on disk."""
        self.bolt_falls_ms = uptime_ms + OPEN_MS
        self.outbox.extend((Bolt(drawn=True), Signal.GRANTED))

    def present_card(self, uid: bytes, uptime_ms: int) -> None:
        """Take a card by its UID. The paired one ends a lockout; none opens anything."""
        if not self._is_paired(uid):
            reasons = (DenialReason.UNKNOWN_CARD,)
            self.record(uptime_ms, NewEvent(LockEventKind.CARD_PRESENTED, reasons=reasons))
            self.outbox.append(Signal.DENIED)
            return
        locked = self.state.tries.locked
        state = self.recorded(self.state, uptime_ms, NewEvent(LockEventKind.CARD_PRESENTED))
        self.commit(self.released(state, uptime_ms) if locked else state)
        self.outbox.append(Signal.RELEASED if locked else Signal.CLEARED)

    def _is_paired(self, uid: bytes) -> bool:
        try:
            return card_digest(self.keys, uid) in self.credentials.cards
        except ValueError:
            return False

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
        minutes = self.credentials.lockout_release_minutes
        tries = self.state.tries
        if minutes is None or not tries.locked:
            return None
        due = self._locked_seen_ms + minutes * _MINUTE_MS
        now = self.clock.now_ms(uptime_ms)
        if now is not None and tries.locked_at is not None:
            due = min(due, uptime_ms + tries.locked_at + minutes * _MINUTE_MS - now)
        return due

    def _keep_mark(self, uptime_ms: int) -> None:
        now, mark = self.clock.now_ms(uptime_ms), self.state.mark_ms
        if now is not None and (mark is None or now >= mark + MARK_INTERVAL_MS):
            self.commit(replace(self.state, mark_ms=now))
