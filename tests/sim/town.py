"""A town of doors under one seed: many locks, whose reports come together, and all that befalls them.

Besides what `World` does, orders to open are given from afar and heard late or again, invitations are redeemed by phones
that ask again, locks get other disks and other secrets, power goes in the middle of a write, and deliveries are cut short.
Phones carry to and from every lock, connected or not: late, twice, to another lock, or they lose what they carry.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.access.schedule import Schedule
from domain.actors import ActorKind, Caller, InvitedDeviceActor, Role, Standing
from domain.database.rows import new_id
from domain.errors import (
    AccessDenied,
    DeviceLimitReached,
    InvalidInput,
    LockOffline,
    NotAllowed,
    NotFound,
    ReceiptNotAcceptable,
)
from domain.invitations.service import (
    create_invitation,
    delete_invitation,
    redeem_invitation,
)
from domain.invitations.tables import Invitation
from domain.link import messages
from domain.link.events import LockEventBody, LockEventKind, OpeningMethod
from domain.link.features import Feature
from domain.link.nonces import MAX_DELIVERY_ENTRIES, NONCE_LIFETIME_SECONDS
from domain.locks.tables import Lock
from domain.people.tables import Device, Platform
from domain.sync import deliveries
from domain.sync.status import PinAtLock
from domain.sync.tables import LockEvent
from domain.unlocking.rules import COMMAND_PATIENCE_SECONDS
from domain.unlocking.service import _command_by_admin
from locksim.clock import MARK_INTERVAL_MS, milliseconds
from tests.domain.sync.yard import member_of
from tests.domain.sync.yard_lock import YardLock
from tests.domain.sync.yard_phone import YardPhone
from tests.locksim.rig import MemoryDisk
from tests.sim.faults import MAX_STEP_MS, Fault, FaultKind
from tests.sim.world import Likely, Place, World

SHORT_STEPS = 10
MOST_INVITATIONS = 2
MOST_CARRIERS = 2
PHONES = 4
"""Phones that know of an invitation; some have no place in it."""
BEHIND_MS = MARK_INTERVAL_MS + 60_000
"""How far a lock may fall behind the highest time it has trusted, when it starts."""
STALE_MS = (NONCE_LIFETIME_SECONDS + 1) * 1000
A_GUEST = Caller(ActorKind.ANONYMOUS, None)


@dataclass(frozen=True)
class Carried:
    """What a phone has, and has handed over or not."""

    phone: YardPhone
    lock: YardLock
    hello: bytes
    lease: bytes
    bundle: bytes | None


@dataclass
class Redeemed:
    """An invitation, and the phones that have a place in it."""

    id: UUID
    code: str
    limit: int
    phones: set[str] = field(default_factory=set)


class Town(World):
    """One run, by `play`."""

    doors = 6
    gap_ms = 10_000
    deeds = 6

    async def play(self, steps: int = SHORT_STEPS) -> None:
        """Builds the town and runs it."""
        self.fresh: set[UUID] = set()
        """Locks with another disk or secret, until they have all that is wanted."""
        self.highest: dict[UUID, int] = {}
        self.ordered: dict[str, datetime] = {}
        self.invitations: list[Redeemed] = []
        with pytest.MonkeyPatch.context() as short:
            most = self.rng.choice([1, 2, MAX_DELIVERY_ENTRIES])
            for module in (deliveries, messages):
                short.setattr(module, "MAX_DELIVERY_ENTRIES", most)
            await self.build()
            ada = await member_of(self.yard.site, "Ada", Role.OWNER)
            self.admin = replace(
                self.yard.by, standing=Standing(ada.site_id, Role.OWNER, True, ada.id)
            )
            self.phones = [await self._a_phone() for _ in range(MOST_CARRIERS)]
            self.carried: list[Carried] = []
            self.receipts: list[tuple[YardLock, bytes]] = []
            await self.run(steps)

    def _likely(self) -> list[Likely]:
        few = len(self.invitations) < MOST_INVITATIONS
        return [
            *super()._likely(),
            (2, self._order),
            (1, self._invite) if few else (3, self._redeem),
            (1, self._swap),
            (4, self._carry),
            (2, self._hand_in),
        ]

    def _some_locks(self) -> frozenset[int]:
        return frozenset(self.rng.sample(range(self.doors), self.rng.randint(0, 4)))

    # Faults

    async def _fault(self, fault: Fault) -> None:
        place = self.places[fault.lock]
        lock = place.lock
        if fault.kind is FaultKind.POWER_CUT and place.powered and self.rng.random() < 0.5:
            # In the middle of a write that is to come, rather than now.
            lock.disk.cut_at = self.rng.randrange(4)
            lock.disk.keeps_cut_write = self.rng.random() < 0.5
            return
        if fault.kind is FaultKind.POWER_ON and place.powered:
            return
        if fault.kind is FaultKind.POWER_CUT and lock.battery_ms is not None:
            # Some clocks do not live through it.
            lock.battery_ms -= self.rng.choice([0, 0, self.rng.randrange(MAX_STEP_MS)])
        await super()._fault(fault)
        if fault.kind is FaultKind.POWER_ON:
            self._believes_no_clock_that_went_back(place)

    def _believes_no_clock_that_went_back(self, place: Place) -> None:
        lock = place.lock
        now_ms, highest = lock.firmware.view(lock.uptime_ms()).now_ms, self.highest.get(lock.id)
        if now_ms is not None and highest is not None:
            assert now_ms >= highest - BEHIND_MS, "it believes a clock that went back"

    async def _swap(self) -> None:
        """A lock gets an empty disk, or another secret: with an empty disk, or with one that is still the old life's."""
        place = self.rng.choice(self.places)
        lock = place.lock
        if not place.powered:
            return
        self._note_events()
        for event in lock.firmware.state.events:  # they are lost, and nobody was told
            self.told.pop((lock.id, event.state_id, event.sequence), None)
        self.fresh.add(lock.id)
        self.highest.pop(lock.id, None)
        await lock.disconnect(noticed=False)
        if self.rng.random() < 0.5:
            # Over a socket nobody says an old snapshot to an empty disk again.
            lock.heard.clear()
            lock.disk = MemoryDisk()
        else:
            try:
                own = await self.yard.provision(lock.id)
            except InvalidInput:  # too many are pending
                return
            if self.rng.random() < 0.5:
                lock.disk = MemoryDisk()
            lock.renew(own)
        lock.restart()

    # Messages

    async def _wires(self) -> None:
        """What all connected locks say at one moment is taken at once, and what they get is cut at once."""
        awake = [place for place in self.places if await self._comes(place)]
        turns = {place.lock.id: self.rng.randrange(6) for place in awake}
        while True:
            awake = [each for each in awake if turns[each.lock.id] > 0 and each.lock.feed]
            if not awake:
                break
            await asyncio.gather(*(each.lock.server_looks() for each in awake))
            luck = {}
            for place in awake:
                turns[place.lock.id] -= 1
                luck[place.lock.id] = self.rng.random()
                await self._lock_hears(place, luck[place.lock.id])
            await asyncio.gather(
                *(each.lock.server_hears(twice=luck[each.lock.id] < 0.3) for each in awake)
            )
            self._note_events()
            if self.rng.random() < 0.2:
                await self._what_is_said_is_so()
        for place in self.places:
            if self.rng.random() < 0.06:
                await place.lock.disconnect(noticed=self.rng.random() < 0.5)
            now_ms = place.lock.firmware.view(place.lock.uptime_ms()).now_ms
            if now_ms is not None:
                self.highest[place.lock.id] = now_ms
        await self._what_is_said_is_so()

    async def _lock_hears(self, place: Place, luck: float) -> None:
        lock = place.lock
        if 0.16 <= luck < 0.3 and lock.ordered:
            lock.say_again(self.rng.choice(lock.ordered))
            self._believes_no_old_time(lock)
            self._note_events()
        await super()._lock_hears(place, luck)

    def _believes_no_old_time(self, lock: YardLock) -> None:
        """If a message that was just heard has set its clock."""
        told = (each for each in lock.firmware.state.events if each.kind is LockEventKind.CLOCK_SET)
        if all((lock.id, each.state_id, each.sequence) in self.told for each in told):
            return
        now_ms = lock.firmware.view(lock.uptime_ms()).now_ms
        assert now_ms is not None
        off_ms = abs(now_ms - milliseconds(self.yard.now))
        assert off_ms <= STALE_MS, "it believes an old message what time it is"

    async def _what_is_said_is_so(self) -> None:
        """A lock that nothing was done to holds what the server believes."""
        doubtful = await Lock.filter(site_id=self.yard.site.id, state_unknown=True)
        unknown = {lock.id for lock in doubtful}
        assert unknown <= self.fresh, "a lock holds something else than it was sent"
        applied = {each.lock.id: each.lock.firmware.state.applied for each in self.places}
        self.fresh = {each for each in self.fresh if each in unknown or applied[each] == 0}
        found = await self._states()
        for place in self.places:
            self._holds_what_is_said(place, found[place.lock.id])

    def _holds_what_is_said(self, place: Place, states: Mapping[str, PinAtLock]) -> None:
        if place.lock.id not in self.fresh:
            super()._holds_what_is_said(place, states)

    # Orders

    async def _order(self) -> None:
        """Somebody opens a door from afar, and does not wait for it."""
        place, command_id = self.rng.choice(self.places), new_id()
        with contextlib.suppress(LockOffline):
            await _command_by_admin(
                self.yard.installation, self.admin, command_id, place.lock.id, self.yard.now
            )
            self.ordered[str(command_id)] = self.yard.now

    def _happened(self, event: LockEventBody) -> None:
        if event.kind is not LockEventKind.OPENED or event.method is not OpeningMethod.REMOTE:
            return
        assert event.command_id is not None
        given = self.ordered.pop(event.command_id, None)
        assert given is not None, "one order opened twice, or nobody gave it"
        late = self.yard.now - given
        assert late <= timedelta(seconds=COMMAND_PATIENCE_SECONDS), "an order opened too late"

    # Guests

    async def _invite(self) -> None:
        limit = self.rng.randint(1, PHONES - 1)
        invitation, code = await self._invited([self.rng.choice(self.places)], limit)
        self.invitations.append(Redeemed(invitation.id, code, limit))

    async def _invited(self, places: Sequence[Place], limit: int) -> tuple[Invitation, str]:
        now = self.yard.now
        return await create_invitation(
            **self._common(),
            name="Guest",
            lock_ids=[place.lock.id for place in places],
            lock_tag_ids=None,
            schedule=Schedule(now - timedelta(days=1), now + timedelta(days=1)),
            device_limit=limit,
        )

    async def _redeem(self) -> None:
        """Two phones at once, or one that has not heard the answer and asks again."""
        invitation = self.rng.choice(self.invitations)
        asking = [f"{invitation.id}/{self.rng.randrange(PHONES)}" for _ in range(2)]
        await asyncio.gather(*(self._redeem_by(invitation, each) for each in asking))
        assert len(invitation.phones) <= invitation.limit, "more phones than were invited"
        row = await Invitation.get(id=invitation.id)
        present = await Device.filter(invitation_id=row.id, removed_at=None).count()
        assert row.devices_used == present == len(invitation.phones), "a phone is counted twice"

    async def _redeem_by(self, invitation: Redeemed, thumbprint: str) -> None:
        try:
            await redeem_invitation(
                self.yard.installation,
                A_GUEST,
                code=invitation.code,
                thumbprint=thumbprint,
                device_name="Phone",
                platform=Platform.IOS,
                now=self.yard.now,
            )
        except DeviceLimitReached:
            assert len(invitation.phones) >= invitation.limit, "a place was refused that was free"
        else:
            invitation.phones.add(thumbprint)

    # Phones that carry

    async def _a_phone(self) -> YardPhone:
        """A guest's, who may open every door."""
        return await YardPhone.of_guest(self.yard, (await self._invited(self.places, 1))[0])

    async def _carry(self) -> None:
        """A phone fetches something for a lock and hands it over, or keeps it; or hands over what is old or another's."""
        phone, place = self.rng.choice(self.phones), self.rng.choice(self.places)
        lock = place.lock
        if self.rng.random() < 0.1:
            await self._revoke(phone)
            return
        if not place.powered or Feature.COURIER not in lock.own.firmware.reads:
            return
        if self.carried and self.rng.random() < 0.4:
            old = self.rng.choice(self.carried)
            self._hand_over(old, lock if self.rng.random() < 0.3 else old.lock)
            return
        hello = lock.hello()
        asked = await phone.ask(lock, hello if self.rng.random() < 0.8 else None)
        bundle = None if asked.bundle is None else asked.bundle.sealed
        carried = Carried(phone, lock, hello, asked.sealed, bundle)
        self.carried.append(carried)
        if self.rng.random() < 0.7:
            self._hand_over(carried, lock)

    def _hand_over(self, carried: Carried, lock: YardLock) -> None:
        """At its own lock or at another, where nothing of it does anything."""
        powered = {place.lock.id for place in self.places if place.powered}
        if lock.id not in powered or Feature.COURIER not in lock.own.firmware.reads:
            return
        before = lock.firmware.state.applied
        bundle = carried.bundle if self.rng.random() < 0.9 else None
        presented = carried.phone.key.presented(carried.hello, carried.lease, bundle)
        answer = lock.present(presented)
        if lock is not carried.lock:
            assert answer is None or not answer.opened, "a lease opened another lock"
            assert lock.firmware.state.applied == before, "it applied what is another lock's"
        self._believes_no_old_time(lock)
        if answer is not None:
            self.receipts.extend((lock, each) for each in answer.receipts)
        self._note_events()

    async def _hand_in(self) -> None:
        """A receipt arrives: any, in any order, again, or as another lock's."""
        if not self.receipts:
            return
        lock, receipt = self.rng.choice(self.receipts)
        if self.rng.random() < 0.1:
            lock = self.rng.choice(self.places).lock
        with contextlib.suppress(ReceiptNotAcceptable):  # of a life that is over, or another's
            await self.rng.choice(self.phones).submit(lock, receipt)

    async def _revoke(self, phone: YardPhone) -> None:
        """Whoever's invitation has ended gets nothing new; there is another phone then."""
        assert isinstance(phone.by.actor, InvitedDeviceActor)
        invitation_id = phone.by.actor.invitation_id
        await delete_invitation(**self._common(), invitation_id=invitation_id)
        lock = self.rng.choice(self.places).lock
        try:
            await phone.ask(lock)
        except (AccessDenied, NotFound, NotAllowed):
            self.phones[self.phones.index(phone)] = await self._a_phone()
        else:
            raise AssertionError("a revoked phone got a lease")

    async def _at_rest(self) -> None:
        await super()._at_rest()
        for lock, receipt in self.receipts:  # too late to tell anything
            with contextlib.suppress(ReceiptNotAcceptable):
                await self.phones[0].submit(lock, receipt)
        await self._what_is_said_is_so()
        of_doors = LockEvent.filter(lock_id__in=[place.lock.id for place in self.places])
        assert not await of_doors.filter(kind=LockEventKind.OUT_OF_STEP).exists(), "out of step"
