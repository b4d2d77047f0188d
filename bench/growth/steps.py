"""What is measured: what people and locks do all day, by the use cases themselves, without HTTP and with cheap hashes."""

import itertools
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from api.app import new_installation, opened_keyring
from api.settings import Settings
from bench.growth.door import Door
from bench.growth.filling import entry_of
from bench.prepared import Prepared
from domain.access.schedule import Schedule
from domain.actors import ActorKind, Caller, command_line_at
from domain.clock import system_clock
from domain.database import sweep
from domain.database.rows import new_id
from domain.installation import Installation
from domain.invitations.service import create_invitation, redeem_invitation
from domain.link.entries import EntryKind
from domain.listing.site_lists import events_of, pins_of, span
from domain.node_ids import read_node_id
from domain.people.sign_in import sign_in
from domain.people.tables import Account, Platform
from domain.pins.choices import NewPin
from domain.pins.service import create_pin, update_pin
from domain.pins.tables import Pin, PinKind, PinStatus
from domain.schedules.states import CredentialState
from domain.security.passwords import PasswordHasher, PasswordProfile
from domain.sites.tables import Site
from domain.sync.sweeping import SWEEPS
from domain.sync.tables import LockEntry

CHEAP = PasswordProfile(time_cost=1, memory_kib=8, parallelism=1)
"""What is measured is the database; a hash takes as long with a million PINs as with one."""
PASSWORD = "a password of the bench"
PAGE = 51
LIVE_PINS = 20

Step = Callable[[], Awaitable[object]]


class House:
    """The site of one database, one of its doors, and one of its people."""

    def __init__(self, installation: Installation, site: Site, door: Door, member: UUID) -> None:
        self.installation, self.site, self.door, self._member = installation, site, door, member
        self.by = command_line_at(site.id)
        self._days = itertools.count()
        self._pin: UUID | None = None

    @classmethod
    async def open(cls, settings: Settings, prepared: Prepared) -> "House":
        """The door connected, with twenty PINs."""
        now = system_clock()
        keys = await opened_keyring(settings, now)
        installation = new_installation(settings, keys, passwords=PasswordHasher(CHEAP))
        installation = replace(installation, pin_profile=CHEAP)
        site_id, member = (
            read_node_id("site", prepared.site),
            read_node_id("member", prepared.member),
        )
        assert site_id is not None
        assert member is not None
        cheap = {"pin_time_cost": 1, "pin_memory_kib": 8, "pin_parallelism": 1}
        await Site.filter(id=site_id).update(**cheap, seat_limit=10**9, pin_auto_length=8)
        site = await Site.get(id=site_id)
        hashed = await installation.passwords.hash(PASSWORD)
        await Account.create(
            email="bench@example.com", password_hash=hashed, created_at=now, id=new_id()
        )
        house = cls(installation, site, Door(installation, prepared.kits[0]), member)
        await house.door.connect(now)
        for _ in range(LIVE_PINS):
            await house.create()
        await house.door.follow(now)
        return house

    async def remove(self, count: int) -> None:
        """So many PINs that the door once had, and whose removal it acknowledged long ago."""
        now = system_clock()
        ids = [new_id() for _ in range(count)]
        pin = Pin(
            site_id=self.site.id,
            owner_id=self._member,
            kind=PinKind.AUTO,
            status=PinStatus.REMOVED,
            length=8,
            created_at=now,
            updated_at=now,
        )
        await Pin.bulk_create([pin.clone(each) for each in ids], batch_size=500)
        rows = [entry_of(-1, each, self.door.id, gone=True) for each in ids]
        await LockEntry.bulk_create(
            [
                LockEntry(kind=EntryKind.PIN, content={}, version=2, applied_version=2, **row)
                for row in rows
            ],
            batch_size=500,
        )

    async def sweep(self) -> None:
        """As the server does every ten minutes."""
        for kind in SWEEPS:
            await sweep(kind, system_clock())

    async def create(self) -> None:
        new = NewPin(owner_id=self._member, lock_ids=[self.door.id])
        self._pin = (await create_pin(self.installation, self.by, new, system_clock())).pin.id

    async def change(self) -> None:
        assert self._pin is not None
        until = date.today() + timedelta(days=1 + next(self._days))  # noqa: DTZ011 - any day
        await update_pin(
            self.installation,
            self.by,
            pin_id=self._pin,
            fields={"valid_until": until},
            now=system_clock(),
        )

    async def settle(self) -> None:
        """The door gets the change and acknowledges it."""
        await self.door.follow(system_clock())

    async def come_back(self) -> None:
        await self.door.connect(system_clock())

    async def invite(self) -> str:
        now = system_clock()
        _, code = await create_invitation(
            self.installation,
            self.by,
            name="Guest",
            lock_ids=[self.door.id],
            lock_tag_ids=None,
            schedule=Schedule(now, now + timedelta(days=1)),
            device_limit=1,
            now=now,
        )
        return code

    async def redeem(self, code: str) -> None:
        await redeem_invitation(
            self.installation,
            Caller(ActorKind.ANONYMOUS, None, address=_address()),
            code=code,
            thumbprint=secrets.token_urlsafe(32)[:43],
            device_name="Phone",
            platform=Platform.IOS,
            now=system_clock(),
        )

    async def sign_in(self) -> None:
        await sign_in(
            self.installation,
            Caller(ActorKind.ANONYMOUS, None, address=_address()),
            email="bench@example.com",
            password=PASSWORD,
            phone=None,
            known="",
            now=system_clock(),
        )

    async def pins_of_the_door(self) -> None:
        active = [CredentialState.ACTIVE]
        rows = pins_of(self.site, active, None, [self.door.id], None, system_clock())
        assert len(await rows.order_by("id").limit(PAGE)) >= LIVE_PINS

    async def an_hour_of_events(self, before: datetime) -> None:
        within = span(before - timedelta(hours=1), before)
        rows = await events_of(self.site.id, None, None, None, within)
        await rows.order_by("-number").limit(PAGE)


def _address() -> str:
    """Another one each time: budgets are not what is measured."""
    return ".".join(str(each) for each in (10, *secrets.token_bytes(3)))
