"""A site in a real database and locks beside it, with no sockets between them: the wires are lists, and time is a value.

The server's side is its own use cases and feeds, the lock's side the real firmware; a test passes each message on, loses
it, or says it again.
"""

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from api.app import installation
from api.seed import kit_entry
from api.settings import Settings
from domain.access.schedule import ALWAYS, Schedule
from domain.database import connect, disconnect, migrate, use_case
from domain.errors import NotAllowed
from domain.installation import Installation
from domain.link.digests import pin_digest
from domain.link.entries import Entry, PinPayload
from domain.link.keys import LinkKeys
from domain.locks.rules import Connectivity
from domain.locks.service import NewReader, create_lock, provision_lock
from domain.locks.tables import Lock
from domain.people.actors import COMMAND_LINE, ActorKind, Caller, LockActor, Role, Standing
from domain.people.tables import Member
from domain.pins.service import Shown, create_pin
from domain.security.passwords import PasswordHasher, derive_verifier
from domain.sites.rules import SystemType
from domain.sites.service import create_site
from domain.sites.tables import Site
from domain.sync.deliveries import FeedPosition
from domain.sync.feed import Feed, FeedItem, FeedItemKind
from domain.sync.lock_identity import make_challenge, prove_lock
from domain.sync.reports import Acknowledged, report_lock
from domain.tags.service import make_default_tag
from locksim.firmware import Firmware
from locksim.keypad import Key
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
from tests.serving import CHEAP

BEGINNING = datetime(2026, 11, 27, 12, tzinfo=UTC)
KINDS: dict[FeedItemKind, Callable[[str, bytes], Inbound]] = {
    FeedItemKind.DELIVERY: Delivery,
    FeedItemKind.UNLOCK_COMMAND: UnlockCommand,
    FeedItemKind.SEALED_TIME: SealedTime,
}


_EMPTY: list[Path] = []


async def empty_database() -> Path:
    """A SQLite file with the tables made, once a session."""
    if not _EMPTY:
        path = Path(tempfile.mkdtemp(prefix="yard")) / "empty.sqlite3"
        await migrate(f"sqlite://{path}")
        _EMPTY.append(path)
    return _EMPTY[0]


class Yard:
    """The server's side. `now` moves when the test says so."""

    def __init__(self, here: Installation, site: Site, owner: Member) -> None:
        self.here, self.site, self.owner = here, site, owner
        self.by = Caller(ActorKind.COMMAND_LINE, None, Standing(site.id, Role.OWNER, True, None))
        self.now = BEGINNING
        self.locks: list[YardLock] = []
        self.rng = random.Random(7)

    @classmethod
    async def make(cls, folder: Path) -> "Yard":
        """A site with one member. The database is connected already."""
        settings = Settings(data_dir=folder, public_url="http://127.0.0.1")
        here = replace(installation(settings, passwords=PasswordHasher(CHEAP)), pin_profile=CHEAP)
        site = await create_site(
            here,
            COMMAND_LINE,
            name="Yard",
            timezone="UTC",
            system_type=SystemType.STANDARD,
            owner=None,
            now=BEGINNING,
        )
        return cls(here, site, await _member(site))

    def clock(self) -> datetime:
        """The server's time."""
        return self.now

    async def lock(self, name: str) -> "YardLock":
        """A lock that has never connected."""
        row = await create_lock(
            self.here,
            self.by,
            name=name,
            connectivity=Connectivity.ONLINE_WIRED,
            hub_id=None,
            readers=[NewReader("Keypad")],
            now=self.now,
        )
        lock = YardLock(self, row.id, await self.provision(row.id))
        self.locks.append(lock)
        return lock

    async def provision(self, lock_id: UUID) -> Provisioning:
        """A fresh secret for a lock."""
        kit = await provision_lock(self.here, self.by, lock_id=lock_id, now=self.now)
        return Provisioning.from_json(kit_entry(kit), "entry")

    async def pin(
        self,
        *locks: "YardLock",
        digits: str | None = None,
        tag_ids: list[UUID] | None = None,
        schedule: Schedule = ALWAYS,
    ) -> Shown:
        """A PIN at these locks and tags."""
        return await create_pin(
            self.here,
            self.by,
            owner_id=self.owner.id,
            owner_tag_id=None,
            digits=digits,
            notes="",
            lock_ids=[lock.id for lock in locks] or None,
            lock_tag_ids=tag_ids,
            schedule=schedule,
            now=self.now,
        )

    async def settle(self) -> None:
        """Everybody is online, and everything that is said arrives."""
        for lock in self.locks:
            lock.disk.cut_at = None
            if lock.feed is None or lock.feed.over:
                await lock.connect()
        for _ in range(20):
            for lock in self.locks:
                await lock.settle()
            if all([await lock.at_rest() for lock in self.locks]):
                return
            self.now += timedelta(seconds=21)
        raise AssertionError("the locks and the server never come to rest")


@use_case
async def _member(site: Site) -> Member:
    member = await Member.create(site=site, name="Emil", role=Role.USER, created_at=BEGINNING)
    await make_default_tag(site.id, member, BEGINNING)
    return member


class YardLock:
    """A lock with its disk and the two directions of its wire."""

    def __init__(self, yard: Yard, lock_id: UUID, own: Provisioning) -> None:
        self.yard, self.id, self.own = yard, lock_id, own
        self.disk = MemoryDisk()
        self.down: list[Inbound] = []
        self.up: list[Report] = []
        self.heard: list[Delivery] = []
        """Every delivery of this life, to be said again."""
        self.feed: Feed | None = None
        self.openings = 0
        self.battery_ms: float | None = yard.now.timestamp() * 1000
        self.drift = 1.0
        self._seen = self._started = yard.now
        self._uptime_ms = 0.0
        self._actor: LockActor | None = None
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
        """A factory reset: an empty disk and another secret."""
        self.own, self.disk = own, MemoryDisk()
        self.heard.clear()
        self.restart()

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

    def type(self, digits: str) -> bool:
        """Types digits and Enter; whether the door opened."""
        shown: list[Signal] = []
        for key in (*(Key(digit) for digit in digits), Key.ENTER):
            shown = self.do(lambda lock, uptime, key=key: lock.press(key, uptime))  # type: ignore[misc]
        return Signal.GRANTED in shown

    def held(self, digits: str) -> list[Entry]:
        """The entries that these digits are."""
        verifier = derive_verifier(digits, self.own.pin_salt, self.own.pin_profile)
        digest = pin_digest(LinkKeys.derive(self.own.secret), verifier)
        found = []
        for entry in self.firmware.state.entries.values():
            if entry.kind.value == "PIN":
                payload = PinPayload.from_payload(entry.payload)
                found += [entry] if payload.digest == digest else []
        return found

    # The wire

    async def connect(self) -> None:
        """Proves its secret and opens its feed."""
        yard = self.yard
        await self.disconnect()
        challenge = make_challenge(yard.here, self.own.lock_id, yard.now)
        proven = await prove_lock(
            yard.here, self.own.lock_id, self.firmware.prove(challenge), yard.now
        )
        if proven is None:
            return
        self._actor = proven.actor
        start = self.firmware.connected(self.uptime_ms())
        self._drain()
        self.feed = await Feed.open(
            yard.here, proven.actor, FeedPosition(start.epoch, start.applied_revision), yard.now
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
        self.down += [self._message(item) for item in items]
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
        assert self._actor is not None
        ack = report.ack
        try:
            done = await report_lock(
                self._actor,
                lock_id=self.id,
                applied_revision=report.applied_revision,
                acknowledged=Acknowledged(UUID(ack.delivery_id), ack.state_sum) if ack else None,
                nonce=report.nonce,
                events=report.events,
                now=self.yard.now,
            )
        except NotAllowed:
            return ReportRefused()
        return Reported(done.state_id, done.events_up_to)

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


async def opened_yard(folder: Path) -> Yard:
    """A yard on a SQLite file of its own, connected."""
    path = folder / "yard.sqlite3"
    shutil.copyfile(await empty_database(), path)
    await connect(f"sqlite://{path}", synchronous="OFF")
    return await Yard.make(folder)


async def reconnected(folder: Path) -> None:
    """The server is gone and back, on the same database."""
    await disconnect()
    await connect(f"sqlite://{folder / 'yard.sqlite3'}", synchronous="OFF")
