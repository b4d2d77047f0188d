"""A lock on a bench: real firmware, time that is moved by hand, and everything it says."""

import random
from collections.abc import Iterable
from datetime import datetime

from domain.link.entries import (
    Entry,
)
from domain.link.events import LockEventBody, LockEventKind
from locksim.firmware import Firmware
from locksim.keypad import Key
from locksim.provisioning import Provisioning
from locksim.signals import (
    Bolt,
    Inbound,
    Outbound,
    Report,
    Reported,
    Signal,
)
from tests.locksim.rig import CARD, NOON, FakeHash, MemoryDisk, Pen, provisioning, unix_ms


class Bench:
    """A lock with its disk, hash, clock and pen. Time stands still unless it is moved."""

    def __init__(
        self, *, battery: datetime | None = NOON, lock: Provisioning | None = None
    ) -> None:
        self.lock = lock or provisioning()
        self.disk = MemoryDisk()
        self.hash = FakeHash()
        self.pen = Pen(self.lock)
        self.rng = random.Random(7)
        self.uptime_ms = 0
        self.seen: list[Outbound] = []
        self.reports: list[Report] = []
        """Those made and not yet answered."""
        self.told: list[LockEventBody] = []
        """The events that the server has."""
        self.firmware = self._started(battery)

    def restart(self, battery: datetime | None = NOON, lock: Provisioning | None = None) -> None:
        """The power comes back, after it was cut or not; uptime begins anew."""
        self.disk.cut_at = None
        self.lock = lock or self.lock
        self.uptime_ms = 0
        self.reports.clear()
        self.firmware = self._started(battery)

    def _started(self, battery: datetime | None) -> Firmware:
        return Firmware(
            self.lock,
            self.disk,
            uptime_ms=self.uptime_ms,
            battery_ms=None if battery is None else unix_ms(battery),
            random_bytes=self.rng.randbytes,
            slow_hash=self.hash,
        )

    def connect(self) -> Report:
        """Open a socket; the first report, answered like all that follow."""
        self.drain()
        self.reports.clear()
        self.firmware.connected(self.uptime_ms)
        return self.settle()[0]

    def settle(self) -> list[Report]:
        """Answer reports as recorded, until the lock has nothing more to tell; all of them."""
        answered: list[Report] = []
        self.drain()
        while self.reports:
            report = self.reports.pop(0)
            answered.append(report)
            self.told.extend(report.events)
            last = max((event.sequence for event in report.events), default=0)
            self.receive(Reported(self.firmware.state.state_id if last else None, last))
            self.drain()
        return answered

    def report(self) -> Report:
        """The last report that the lock has to make now."""
        return self.settle()[-1]

    def nonce(self) -> str:
        """The nonce of a new connection."""
        return self.connect().nonce

    def receive(self, *messages: Inbound) -> None:
        """Hand messages to the lock."""
        for message in messages:
            self.firmware.receive(message, self.uptime_ms)

    def hold(self, *entries: Entry) -> None:
        """Let the lock hold these entries and no others."""
        state = self.firmware.state
        self.receive(self.pen.snapshot(state.applied + 1, *entries))

    def wait(self, *, seconds: float = 0, hours: float = 0) -> None:
        """Let time pass, with a tick at its end."""
        self.uptime_ms += int((seconds + hours * 3600) * 1000)
        self.firmware.tick(self.uptime_ms)

    def type(self, digits: str) -> Signal:
        """Type digits and Enter; what is shown for it."""
        self.drain()
        for digit in digits:
            self.firmware.press(Key(digit), self.uptime_ms)
        self.firmware.press(Key.ENTER, self.uptime_ms)
        shown = [item for item in self.drain() if isinstance(item, Signal)]
        return shown[-1]

    def wrong(self, times: int) -> None:
        """Type so many wrong entries."""
        for number in range(times):
            self.type(f"{5550 + number}")

    def present(self, uid: bytes = CARD) -> Signal:
        """Hold a card to the reader; what is shown for it."""
        self.drain()
        self.firmware.present_card(uid, self.uptime_ms)
        (shown,) = [item for item in self.drain() if isinstance(item, Signal)]
        return shown

    def drain(self) -> list[Outbound]:
        """Take what is in the outbox."""
        items = list(self.firmware.outbox)
        self.firmware.outbox.clear()
        self.seen.extend(items)
        self.reports.extend(item for item in items if isinstance(item, Report))
        return items

    @property
    def openings(self) -> int:
        """How often the bolt was drawn."""
        self.drain()
        return sum(item == Bolt(drawn=True) for item in self.seen)

    @property
    def locked_out(self) -> bool:
        """Whether PIN entry is disabled."""
        return self.firmware.view(self.uptime_ms).locked_out

    def events(self, *kinds: LockEventKind) -> list[LockEventBody]:
        """All events so far, of these kinds or of all, told or not."""
        waiting = {event.sequence: event for event in (*self.told, *self.firmware.state.events)}
        return [event for event in waiting.values() if not kinds or event.kind in kinds]

    def reasons(self) -> list[str]:
        """The reasons of the newest event."""
        return [reason.value for reason in self.firmware.state.events[-1].reasons]


def kinds_of(events: Iterable[LockEventBody]) -> list[str]:
    """The kinds of events, in order."""
    return [event.kind.value for event in events]
