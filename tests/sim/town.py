"""A town of doors under one seed: many locks, whose reports come together, and all that befalls them.

Besides what `World` does, orders to open are given from afar and heard late or again, invitations are redeemed by phones
that ask again, locks get other disks and other secrets, power goes in the middle of a write, and deliveries are cut short.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.access.schedule import Schedule
from domain.actors import ActorKind, Caller, Role, Standing
from domain.database.rows import new_id
from domain.errors import DeviceLimitReached, InvalidInput, LockOffline
from domain.invitations.service import create_invitation, redeem_invitation
from domain.invitations.tables import Invitation
from domain.link import messages
from domain.link.events import LockEventBody, LockEventKind, OpeningMethod
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
from tests.locksim.rig import MemoryDisk
from tests.sim.faults import MAX_STEP_MS, Fault, FaultKind
from tests.sim.world import Likely, Place, World

SHORT_STEPS = 10
MOST_INVITATIONS = 2
PHONES = 4
"""Phones that know of an invitation; some have no place in it."""
BEHIND_MS = MARK_INTERVAL_MS + 60_000
"""How far a lock may fall behind the highest time it has trusted, when it starts."""
STALE_MS = (NONCE_LIFETIME_SECONDS + 1) * 1000
A_GUEST = Caller(ActorKind.ANONYMOUS, None)


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
            await self.run(steps)

    def _likely(self) -> list[Likely]:
        few = len(self.invitations) < MOST_INVITATIONS
        return [
            *super()._likely(),
            (2, self._order),
            (1, self._invite) if few else (3, self._redeem),
            (1, self._swap),
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
            now_ms = lock.firmware.view(lock.uptime_ms()).now_ms
            off_ms = None if now_ms is None else abs(now_ms - milliseconds(self.yard.now))
            if any(each.kind is LockEventKind.CLOCK_SET for each in self._untold(place)):
                assert off_ms is not None
                assert off_ms <= STALE_MS, "it believes an old message what time it is"
            self._note_events()
        await super()._lock_hears(place, luck)

    def _untold(self, place: Place) -> list[LockEventBody]:
        lock = place.lock
        return [
            each
            for each in lock.firmware.state.events
            if (lock.id, each.state_id, each.sequence) not in self.told
        ]

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
        limit, now = self.rng.randint(1, PHONES - 1), self.yard.now
        invitation, code = await create_invitation(
            **self._common(),
            name="Guest",
            lock_ids=[self.rng.choice(self.places).lock.id],
            lock_tag_ids=None,
            schedule=Schedule(now - timedelta(days=1), now + timedelta(days=1)),
            device_limit=limit,
        )
        self.invitations.append(Redeemed(invitation.id, code, limit))

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

    async def _at_rest(self) -> None:
        await super()._at_rest()
        of_doors = LockEvent.filter(lock_id__in=[place.lock.id for place in self.places])
        assert not await of_doors.filter(kind=LockEventKind.OUT_OF_STEP).exists(), "out of step"
