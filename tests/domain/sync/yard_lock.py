"""One lock of a yard: the real firmware on a disk in memory, a clock that may drift, and the two directions of its wire."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from domain.actors import LockActor
from domain.errors import NotAllowed
from domain.link.claims import Claim
from domain.link.digests import pin_digest
from domain.link.entries import Entry, EntryKind, PinPayload
from domain.link.keys import LinkKeys
from domain.locks.tables import Lock
from domain.security.passwords import derive_verifier
from domain.sync.connections import begin_connection
from domain.sync.feed import Feed, FeedItem, FeedItemKind
from domain.sync.lock_identity import make_challenge, prove_lock
from domain.sync.reports import Acknowledged, report_lock
from domain.sync.settling import FeedPosition
from locksim.firmware import Firmware
from locksim.keypad import Key
from locksim.phone_link import Answer, Presented
from locksim.provisioning import Provisioning
from locksim.signals import (
    Bolt,
    Delivery,
    Inbound,
    Report,
    Reported,
    ReportRefused,
    SealedTime,
    SetBattery,
    Signal,
    UnlockCommand,
)
from tests.locksim.rig import MemoryDisk, PowerCut

if TYPE_CHECKING:
    from tests.domain.sync.yard import Yard

KINDS: dict[FeedItemKind, Callable[[str, bytes], Inbound]] = {
    FeedItemKind.DELIVERY: Delivery,
    FeedItemKind.UNLOCK_COMMAND: UnlockCommand,
    FeedItemKind.SEALED_TIME: SealedTime,
}


class YardLock:
    """A lock with its disk and the two directions of its wire."""

    def __init__(self, yard: "Yard", lock_id: UUID, own: Provisioning) -> None:
        self.yard, self.id, self.own = yard, lock_id, own
        self.process = yard.installation
        """The server process that hears its reports."""
        self.disk = MemoryDisk()
        self.down: list[Inbound] = []
        self.up: list[Report] = []
        self.heard: list[Delivery] = []
        """Every delivery of this life, to be said again."""
        self.ordered: list[Inbound] = []
        """Every order to open and every time that was on its wire, arrived or not."""
        self.feed: Feed | None = None
        self.openings = 0
        self.battery_ms: float | None = yard.now.timestamp() * 1000
        self.drift = 1.0
        self._seen = self._started = yard.now
        self._uptime_ms = 0.0
        self.actor: LockActor | None = None
        self.firmware = self._start()

    # The lock's side

    def _start(self) -> Firmware:
        return Firmware(
            self.own,
            self.disk,
            uptime_ms=self.uptime_ms(),
            battery_ms=None if self.battery_ms is None else max(0, int(self.battery_ms)),
            random_bytes=self.yard.rng.randbytes,
        )

    def uptime_ms(self) -> int:
        """Counted by an oscillator that may be a little fast or slow."""
        passed = (self.yard.now - self._seen).total_seconds() * 1000 * self.drift
        self._seen = self.yard.now
        self._uptime_ms += passed
        if self.battery_ms is not None:
            self.battery_ms += passed
        return int(self._uptime_ms)

    def restart(self) -> None:
        """The power was gone; the disk is as the last whole write left it."""
        self.disk.cut_at = None
        self.feed = None
        self.down.clear()
        self.up.clear()
        self.uptime_ms()
        self._uptime_ms = 0.0
        self.firmware = self._start()

    def reset(self, own: Provisioning) -> None:
        """A factory reset: an empty disk and another secret; the firmware is what it was."""
        self.renew(own)
        self.disk = MemoryDisk()
        self.heard.clear()
        self.restart()

    def renew(self, own: Provisioning) -> None:
        """Another secret is installed, on whatever disk there is; the firmware is what it was. Starts with `restart`."""
        self.own = replace(own, firmware=self.own.firmware)

    async def flash(self, firmware: Claim) -> None:
        """Other firmware, newer or older, on the same disk."""
        await self.disconnect(noticed=False)
        self.own = replace(self.own, firmware=firmware)
        self.restart()

    def keypad(self, number: int) -> str:
        """The reader that this keypad of it is."""
        return self.own.keypads[number].reader_id

    def takes_pins(self, number: int) -> bool:
        """Whether PIN mode is on at this keypad."""
        return self.firmware.view(self.uptime_ms()).keypads[number].pin_enabled

    def restore(self, image: bytes) -> None:
        """The disk is put back to an older image."""
        self.disk.state = image
        self.restart()

    def do(self, step: Callable[[Firmware, int], None]) -> list[Signal]:
        """One step of the firmware; the power may go meanwhile. What was shown."""
        try:
            step(self.firmware, self.uptime_ms())
        except PowerCut:
            self.restart()
            return []
        return self._drain()

    def _drain(self) -> list[Signal]:
        shown = []
        while self.firmware.outbox:
            item = self.firmware.outbox.popleft()
            if isinstance(item, Report):
                self.up.append(item)
            elif isinstance(item, Signal):
                shown.append(item)
            elif isinstance(item, SetBattery):
                self.battery_ms = item.unix_ms
            elif item == Bolt(drawn=True):
                self.openings += 1
        return shown

    def type(self, digits: str, *, keypad: int = 0) -> bool:
        """Types digits and Enter at one of its keypads; whether the door opened."""
        shown: list[Signal] = []
        at = self.keypad(keypad)
        for key in (*(Key(digit) for digit in digits), Key.ENTER):
            shown = self.do(lambda lock, uptime, key=key: lock.press(key, uptime, at))  # type: ignore[misc]
        return Signal.GRANTED in shown

    def held(self, digits: str) -> list[Entry]:
        """The entries that these digits are."""
        verifier = derive_verifier(digits, self.own.pin_salt, self.own.pin_profile)
        digest = pin_digest(LinkKeys.derive(self.own.secret), verifier)
        found = []
        for entry in self.firmware.state.entries.values():
            if entry.kind is EntryKind.PIN:
                payload = PinPayload.from_payload(entry.payload)
                found += [entry] if payload.digest == digest else []
        return found

    def hello(self) -> bytes:
        """A phone is held to the door: what the lock says to it."""
        return self.firmware.hello(self.uptime_ms())

    def present(self, presented: Presented) -> Answer | None:
        """A phone hands over what it carries; None when the power went meanwhile."""
        answers: list[Answer] = []
        self.do(lambda lock, uptime: answers.append(lock.present(presented, uptime)))
        return answers[0] if answers else None

    # The wire

    async def connect(self) -> None:
        """Proves its secret and opens its feed."""
        yard = self.yard
        await self.disconnect()
        challenge = make_challenge(yard.installation, self.own.lock_id, yard.now)
        proven = await prove_lock(
            yard.installation, self.own.lock_id, self.firmware.prove(challenge), yard.now
        )
        self.actor = (
            await begin_connection(proven, self.own.firmware) if proven is not None else None
        )
        if self.actor is None:
            return
        start = self.firmware.connected(self.uptime_ms())
        self._drain()
        self.feed = await Feed.open(
            yard.installation,
            self.actor,
            FeedPosition(start.epoch, start.applied_revision),
            yard.now,
        )

    async def disconnect(self, *, noticed: bool = True) -> None:
        """The socket is gone with all that was on it; the server notices it, or does not."""
        if self.feed is not None and noticed:
            await self.feed.close()
        self.feed = None
        self.down.clear()
        self.up.clear()
        self.firmware.disconnected()

    async def server_looks(self) -> bool:
        """The feed hands out what is due; whether there was anything."""
        if self.feed is None:
            return False
        items = [item async for item in self.feed.due(self.yard.clock)]
        messages = [self._message(item) for item in items]
        self.down += messages
        self.ordered += [each for each in messages if not isinstance(each, Delivery)]
        if self.feed.over:
            await self.disconnect()
        return bool(items)

    @staticmethod
    def _message(item: FeedItem) -> Inbound:
        return KINDS[item.kind](item.id, item.sealed)

    def lock_hears(self, place: int = 0) -> bool:
        """One message arrives, the next or one further behind; whether there was one."""
        if not self.down:
            return False
        message = self.down.pop(min(place, len(self.down) - 1))
        if isinstance(message, Delivery):
            self.heard.append(message)
        self.say_again(message)
        return True

    async def lose_message(self) -> None:
        """The next message is lost. Without the answer to its report a lock gives the connection up."""
        lost = self.down.pop(0) if self.down else None
        if isinstance(lost, (Reported, ReportRefused)):
            await self.disconnect(noticed=False)

    def say_again(self, message: Inbound) -> None:
        """A message reaches the lock, fresh or old."""
        self.do(lambda lock, uptime: lock.receive(message, uptime))

    async def server_hears(self, *, twice: bool = False) -> bool:
        """One report arrives, or the same one twice; whether there was one."""
        if not self.up or self.feed is None:
            return False
        report = self.up.pop(0)
        for _ in range(1 + twice):
            answer = await self._report(report)
        self.down.append(answer)
        return True

    async def _report(self, report: Report) -> Inbound:
        assert self.actor is not None
        ack = report.ack
        try:
            done = await report_lock(
                self.process,
                self.actor,
                lock_id=self.id,
                applied_revision=report.applied_revision,
                acknowledged=Acknowledged(UUID(ack.delivery_id), ack.state_sum) if ack else None,
                nonce=report.nonce,
                events=[event.to_report() for event in report.events],
                now=self.yard.now,
            )
        except NotAllowed:
            return ReportRefused()
        refused = tuple(each.sequence for each in done.refused if each.sequence is not None)
        return Reported(done.state_id, done.events_up_to, refused)

    async def settle(self) -> bool:
        """Passes on everything until nothing moves; whether anything did."""
        moved = False
        self.do(lambda lock, uptime: lock.tick(uptime))
        for _ in range(100):
            now = [await self.server_hears(), self.lock_hears(), await self.server_looks()]
            if not any(now):
                return moved
            moved = True
        raise AssertionError("a lock and the server talk without end")

    async def at_rest(self) -> bool:
        """Whether nobody has anything to say any more, nonces apart."""
        row = await self.row()
        mine = self.firmware.state
        return (
            not row.snapshot_needed
            and row.wanted_revision == row.applied_revision == mine.applied
            and not mine.events
        )

    async def row(self) -> Lock:
        """The lock as the server has it."""
        return await Lock.get(id=self.id)
