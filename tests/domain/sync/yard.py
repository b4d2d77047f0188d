"""A site in a real database and locks beside it, with no sockets between them: the wires are lists, and time is a value.

The server's side is its own use cases and feeds, the lock's side the real firmware; a test passes each message on, loses
it, or says it again.
"""

import random
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from api.app import keyring, new_installation
from api.seed import kit_entry
from api.settings import Settings
from domain.access.schedule import ALWAYS, Schedule
from domain.actors import COMMAND_LINE, Role, command_line_at
from domain.database import connect, disconnect, use_case
from domain.installation import Installation
from domain.link.claims import Claim
from domain.locks.pin_mode import set_pin_mode
from domain.locks.provisioning import provision_lock
from domain.locks.rules import Connectivity
from domain.locks.service import NewReader, create_lock
from domain.locks.tables import Reader
from domain.node_ids import read_node_id
from domain.people.new_sites import create_site
from domain.people.tables import Member
from domain.pins.choices import NewPin
from domain.pins.service import create_pin, update_pin
from domain.pins.tables import Pin
from domain.pins.writing import PinWithDigits
from domain.security.passwords import PasswordHasher
from domain.sites.rules import SystemType
from domain.sites.tables import Site
from domain.tags.default_tags import add_default_tag
from locksim.provisioning import NEWEST, Provisioning
from tests.databases import migrated_file
from tests.domain.sync.yard_lock import YardLock
from tests.serving import CHEAP

BEGINNING = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Yard:
    """The server's side. `now` moves when the test says so."""

    def __init__(self, installation: Installation, site: Site, owner: Member) -> None:
        self.installation, self.site, self.owner = installation, site, owner
        self.by = command_line_at(site.id)
        self.now = BEGINNING
        self.locks: list[YardLock] = []
        self.rng = random.Random(7)

    @classmethod
    async def make(cls, folder: Path) -> "Yard":
        """A site with one member. The database is connected already."""
        settings = Settings(data_dir=folder, public_url="http://127.0.0.1")
        installation = replace(
            new_installation(
                settings, keyring(settings, fresh=True), passwords=PasswordHasher(CHEAP)
            ),
            pin_profile=CHEAP,
        )
        site = await create_site(
            installation,
            COMMAND_LINE,
            name="Yard",
            timezone="UTC",
            system_type=SystemType.STANDARD,
            owner=None,
            now=BEGINNING,
        )
        return cls(installation, site, await member_of(site, "Emil", Role.USER))

    def clock(self) -> datetime:
        """The server's time."""
        return self.now

    async def lock(self, name: str, *, keypads: int = 1, firmware: Claim = NEWEST) -> "YardLock":
        """A lock that has never connected, with so many keypads, and firmware that reads this."""
        row = await create_lock(
            self.installation,
            self.by,
            name=name,
            connectivity=Connectivity.ONLINE_WIRED,
            hub_id=None,
            readers=[NewReader(f"Keypad {number}") for number in range(keypads)],
            now=self.now,
        )
        own = replace(await self.provision(row.id), firmware=firmware)
        lock = YardLock(self, row.id, own)
        self.locks.append(lock)
        return lock

    async def provision(self, lock_id: UUID) -> Provisioning:
        """A fresh secret for a lock."""
        kit = await provision_lock(self.installation, self.by, lock_id=lock_id, now=self.now)
        keypads = await Reader.filter(lock_id=lock_id, deleted_at=None).order_by("id")
        return Provisioning.from_json(kit_entry(kit, keypads=keypads), "entry")

    async def pin(
        self,
        *locks: "YardLock",
        digits: str | None = None,
        tag_ids: list[UUID] | None = None,
        schedule: Schedule = ALWAYS,
    ) -> PinWithDigits:
        """A PIN at these locks and tags."""
        new = NewPin(
            owner_id=self.owner.id,
            digits=digits,
            lock_ids=[lock.id for lock in locks] or None,
            lock_tag_ids=tag_ids,
            schedule=schedule,
        )
        return await create_pin(self.installation, self.by, new, self.now)

    async def moved(self, pin: Pin, *locks: "YardLock") -> None:
        """The PIN is at these locks from now on, and at no other."""
        fields = {"lock_ids": [lock.id for lock in locks]}
        await update_pin(self.installation, self.by, pin_id=pin.id, fields=fields, now=self.now)

    async def switched(self, lock: "YardLock", *, keypad: int | None, enabled: bool) -> None:
        """PIN mode is this at one keypad of the lock, or at all (None). Raises LockTooOld."""
        reader = None if keypad is None else read_node_id("reader", lock.keypad(keypad))
        where = {"lock_id": lock.id} if reader is None else {"reader_id": reader}
        await set_pin_mode(self.installation, self.by, enabled=enabled, now=self.now, **where)

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
async def member_of(site: Site, name: str, role: Role) -> Member:
    """A new member of the site."""
    member = await Member.create(site=site, name=name, role=role, created_at=BEGINNING)
    await add_default_tag(member, BEGINNING)
    return member


async def opened_yard(folder: Path) -> Yard:
    """A yard on a SQLite file of its own, connected."""
    path = folder / "yard.sqlite3"
    shutil.copyfile(await migrated_file(), path)
    await connect(f"sqlite://{path}", synchronous="OFF")
    return await Yard.make(folder)


async def reconnected(folder: Path) -> None:
    """The server is gone and back, on the same database."""
    await disconnect()
    await connect(f"sqlite://{folder / 'yard.sqlite3'}", synchronous="OFF")
