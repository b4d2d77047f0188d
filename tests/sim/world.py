"""The whole system under one seed: a server on a real database, several locks, admins, people at keypads, and faults.

Nothing runs by itself: each step of the script moves the time, lets something happen, and passes some messages on, so the
same seed plays the same script. Sockets and races between tasks are tests of their own.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from domain.access.schedule import ALWAYS, Schedule, Slot, Weekday
from domain.database import connect, disconnect
from domain.errors import LockTooOld, PinNotAcceptable
from domain.link.claims import SILENT, Claim
from domain.link.events import LockEventBody
from domain.link.features import Feature
from domain.node_ids import node_id
from domain.pins.rules import generate
from domain.pins.service import delete_pin, reassign_pin, set_blocked, update_pin
from domain.pins.tables import HeldDigits, Pin, PinReservation
from domain.sync.rules import SyncStatus
from domain.sync.status import PinAtLock, pins_at_locks
from domain.sync.tables import LockEvent
from domain.tags.service import create_tag, update_tag
from domain.tags.tables import TagTarget
from locksim.clock import moment
from locksim.provisioning import NEWEST
from tests.databases import Database
from tests.domain.access.oracle import opens as oracle_opens
from tests.domain.sync.yard import Yard
from tests.domain.sync.yard_lock import YardLock
from tests.sim.faults import Fault, FaultKind, script

STEPS = 50
LOCKS = 4
KEYPADS = 2
AGES = (SILENT, Claim(reads=("moments",)), NEWEST)
"""What a lock's firmware may read: as it was before there was anything to say, something else, all there is."""
MOST_PINS = 8
STEP = timedelta(seconds=20)
Likely = tuple[int, Callable[[], Awaitable[None]]]
"""What may happen next, and how likely it is."""


@dataclass
class Wish:
    """What the script says of a PIN."""

    digits: str
    locks: frozenset[int]
    tagged: bool
    schedule: Schedule
    blocked: bool = False


@dataclass
class Place:
    """A lock in the world, and what the world does to it."""

    lock: YardLock
    switches: list[bool]
    """At which keypads PIN mode is wanted."""
    powered: bool = True
    reachable: bool = True


class World:
    """One run."""

    doors = LOCKS
    gap_ms = 90_000
    """Milliseconds between two faults, on average."""
    deeds = 3
    """What people do in one step."""

    def __init__(self, yard: Yard, database: Database, seed: int, *, mixed: bool = True) -> None:
        """`mixed`: locks have firmware of any age and several keypads; else all are of the newest, with one."""
        self.yard, self.database, self.mixed = yard, database, mixed
        self.keypads = KEYPADS if mixed else 1
        self.rng = random.Random(seed)
        self.pins: dict[UUID, Wish] = {}
        self.gone: set[UUID] = set()
        self.places: list[Place] = []
        self.tag: UUID
        self.tag_holds: frozenset[int] = frozenset()
        self.told: dict[tuple[UUID, str, int], str] = {}
        """Every event that a lock has ever had: its kind by lock, state id and sequence."""
        self.openings = 0

    async def build(self) -> None:
        """The locks, each with a clock of its own kind, and a tag."""
        for number in range(self.doors):
            age = self.rng.choice(AGES) if self.mixed else NEWEST
            lock = await self.yard.lock(f"Door {number}", keypads=self.keypads, firmware=age)
            lock.drift = 1 + self.rng.uniform(-500, 500) / 1_000_000
            self.places.append(Place(lock, [True] * self.keypads))
        tag = await create_tag(
            **self._common(),
            name="Doors",
            target=TagTarget.LOCK,
            member_ids=None,
            lock_ids=[],
        )
        self.tag = tag.id

    def _common(self) -> dict[str, Any]:
        return {"installation": self.yard.installation, "by": self.yard.by, "now": self.yard.now}

    async def run(self, steps: int) -> None:
        """So many steps, with faults all along; at the end all is mended and everything must agree."""
        duration = int(steps * STEP.total_seconds() * 1000)
        faults = list(
            script(self.rng, locks=self.doors, duration_ms=duration, mean_gap_ms=self.gap_ms)
        )
        for step in range(steps):
            self.yard.now += STEP
            while faults and faults[0].at_ms <= (step + 1) * STEP.total_seconds() * 1000:
                await self._fault(faults.pop(0))
            for _ in range(self.deeds):
                await self._something()
            await self._wires()
            if self.rng.random() < 0.02:
                await self._kill_the_server()
            if self.mixed and self.rng.random() < 0.06:
                await self._flash()
        for fault in faults:
            await self._fault(fault)
        await self._at_rest()
        await self._every_door_opens()

    # Faults

    async def _fault(self, fault: Fault) -> None:
        place = self.places[fault.lock]
        lock = place.lock
        match fault.kind:
            case FaultKind.NETWORK_DOWN:
                place.reachable = False
                await lock.disconnect(noticed=self.rng.random() < 0.5)
            case FaultKind.NETWORK_UP:
                place.reachable = True
            case FaultKind.POWER_CUT:
                place.powered = False
                await lock.disconnect(noticed=False)
            case FaultKind.POWER_ON:
                place.powered = True
                lock.restart()
            case FaultKind.CLOCK_STEP if lock.battery_ms is not None:
                lock.battery_ms += fault.amount
            case FaultKind.CLOCK_DRIFT:
                lock.drift = 1 + fault.amount / 1_000_000
            case FaultKind.BATTERY_EMPTY:
                lock.battery_ms = None
        self._note_events()

    async def _flash(self) -> None:
        """Other firmware, newer or older, is put on a lock that has power."""
        place = self.rng.choice(self.places)
        if place.powered:
            await place.lock.flash(self.rng.choice(AGES))

    async def _kill_the_server(self) -> None:
        await disconnect()
        await connect(self.database.url)
        for place in self.places:
            await place.lock.disconnect(noticed=False)

    async def _wires(self) -> None:
        for place in self.places:
            await self._wire(place)

    async def _wire(self, place: Place) -> None:
        """Some of the messages of one lock arrive: in order or not, lost, or twice."""
        lock = place.lock
        if not await self._comes(place):
            return
        for _ in range(self.rng.randrange(6)):
            await lock.server_looks()
            luck = self.rng.random()
            await self._lock_hears(place, luck)
            await lock.server_hears(twice=luck < 0.3)
        if self.rng.random() < 0.06:
            await lock.disconnect(noticed=self.rng.random() < 0.5)
        self._note_events()

    async def _comes(self, place: Place) -> bool:
        """Whether the lock is connected, if need be from now on."""
        lock = place.lock
        if not (place.powered and place.reachable):
            return False
        if lock.feed is None or lock.feed.over:
            if self.rng.random() < 0.5:
                return False
            await lock.connect()
        lock.do(lambda firmware, uptime: firmware.tick(uptime))
        return True

    async def _lock_hears(self, place: Place, luck: float) -> None:
        lock = place.lock
        if luck < 0.08:
            await lock.lose_message()
        elif luck < 0.16 and lock.heard:
            lock.say_again(self.rng.choice(lock.heard))
        lock.lock_hears(self.rng.randrange(2) if luck > 0.8 else 0)

    # People

    async def _something(self) -> None:
        weights, deeds = zip(*self._likely(), strict=True)
        await self.rng.choices(deeds, weights)[0]()

    def _likely(self) -> list[Likely]:
        return [
            (3 if len(self.pins) < MOST_PINS else 0, self._make),
            (2, self._change),
            (1, self._tag_locks),
            *([(1, self._switch)] if self.mixed else []),
            (6, self._type),
        ]

    def _some_locks(self) -> frozenset[int]:
        return frozenset(self.rng.sample(range(self.doors), self.rng.randint(0, 2)))

    def _schedule(self) -> Schedule:
        if self.rng.random() < 0.5:
            return ALWAYS
        today: date = self.yard.now.date()
        start = self.rng.randrange(24)
        slot = Slot(
            self.yard.now.time().replace(hour=start, minute=0, second=0, microsecond=0),
            self.yard.now.time().replace(hour=(start + 9) % 24, minute=0, second=0, microsecond=0),
        )
        days = frozenset(self.rng.sample(list(Weekday), self.rng.randint(1, 7)))
        return Schedule(today - timedelta(days=1), today + timedelta(days=1), slot, days)

    async def _make(self) -> None:
        locks, schedule = self._some_locks(), self._schedule()
        tagged = not locks or self.rng.random() < 0.3
        digits = self._some_digits()
        try:
            shown = await self.yard.pin(
                *(self.places[each].lock for each in sorted(locks)),
                digits=digits,
                tag_ids=[self.tag] if tagged else None,
                schedule=schedule,
            )
        except PinNotAcceptable:
            return
        self._accepted(digits, shown.pin.id)
        self.pins[shown.pin.id] = Wish(digits, locks, tagged, schedule)

    def _some_digits(self) -> str:
        """New ones, or such as somebody has or had."""
        known = [wish.digits for wish in self.pins.values()]
        if known and self.rng.random() < 0.3:
            return self.rng.choice(known)
        return generate(8) if self.rng.random() < 0.2 else f"4917{self.rng.randrange(40) + 2630}"

    def _accepted(self, digits: str, pin_id: UUID) -> None:
        others = [key for key, wish in self.pins.items() if wish.digits == digits and key != pin_id]
        assert not others, "two PINs of one site are equal"
        for place in self.places:
            held = [each.id for each in place.lock.held(digits)]
            assert set(held) <= {node_id("pin", pin_id)}, "digits given away while a lock held them"

    async def _change(self) -> None:
        if not self.pins:
            return
        key = self.rng.choice(sorted(self.pins))
        wish = self.pins[key]
        match self.rng.randrange(5):
            case 0:
                digits = self._some_digits()
                try:
                    await reassign_pin(**self._common(), pin_id=key, digits=digits)
                except PinNotAcceptable:
                    return
                self._accepted(digits, key)
                wish.digits = digits
            case 1:
                wish.blocked = not wish.blocked
                await set_blocked(**self._common(), pin_id=key, blocked=wish.blocked)
            case 2:
                await delete_pin(**self._common(), pin_id=key)
                del self.pins[key]
                self.gone.add(key)
            case 3:
                wish.locks = frozenset(self.rng.sample(range(self.doors), 1))
                ids = [self.places[each].lock.id for each in wish.locks]
                await update_pin(**self._common(), pin_id=key, fields={"lock_ids": ids})
            case _:
                days = frozenset(self.rng.sample(list(Weekday), self.rng.randint(1, 7)))
                wish.schedule = replace(wish.schedule, weekdays=days)
                await update_pin(**self._common(), pin_id=key, fields={"weekdays": list(days)})

    async def _tag_locks(self) -> None:
        self.tag_holds = self._some_locks()
        ids = [self.places[each].lock.id for each in sorted(self.tag_holds)]
        await update_tag(**self._common(), tag_id=self.tag, fields={"lock_ids": ids})

    async def _switch(self) -> None:
        """PIN mode at one keypad, or at a whole lock, as far as the lock can hold that."""
        place = self.rng.choice(self.places)
        keypad, enabled = self.rng.choice((None, *range(KEYPADS))), self.rng.random() < 0.6
        try:
            await self.yard.switched(place.lock, keypad=keypad, enabled=enabled)
        except LockTooOld:
            return
        for each in range(KEYPADS) if keypad is None else (keypad,):
            place.switches[each] = enabled

    async def _type(self) -> None:
        place = self.rng.choice(self.places)
        if not place.powered:
            return
        lock = place.lock
        known = [wish.digits for wish in self.pins.values()] + ["49172630", "49172631"]
        digits = self.rng.choice(known)
        held = {entry.id: entry for entry in lock.held(digits)}
        if not held and self.rng.random() < 0.9:
            return
        states = (await self._states())[lock.id]
        self._holds_what_is_said(place, states)
        now_ms = lock.firmware.view(lock.uptime_ms()).now_ms
        keypad = self.rng.randrange(KEYPADS) if self.mixed else 0
        takes_pins = lock.takes_pins(keypad)
        opened = lock.type(digits, keypad=keypad)
        assert takes_pins or not opened, "it opened at a keypad that is off"
        self._note_events()
        if not opened:
            return
        self.openings += 1
        ((name, entry),) = held.items()
        state = states[name]
        assert state.opens is None or entry.version in state.opens, "it was not said to open"
        assert state.status is not SyncStatus.REMOVED, "it opened after its acknowledged removal"
        owners = [node_id("pin", key) for key, wish in self.pins.items() if wish.digits == digits]
        assert owners in ([], [name]), "it opened by somebody else's digits"
        if state.status is SyncStatus.UPDATED:
            wish = next(w for key, w in self.pins.items() if node_id("pin", key) == name)
            at = None if now_ms is None else moment(now_ms)
            assert wish.schedule == ALWAYS or (
                at is not None and oracle_opens(wish.schedule, lock.firmware.zone, at)
            )

    # What must hold

    def _note_events(self) -> None:
        for place in self.places:
            for event in place.lock.firmware.state.events:
                key = (place.lock.id, event.state_id, event.sequence)
                if key not in self.told:
                    self._happened(event)
                self.told[key] = event.kind.value

    def _happened(self, event: LockEventBody) -> None:
        """Something that a lock tells for the first time."""

    async def _states(self) -> dict[UUID, dict[str, PinAtLock]]:
        """What is said of each PIN, by lock and by the name of its entry."""
        states: dict[UUID, dict[str, PinAtLock]] = {place.lock.id: {} for place in self.places}
        for key, found in (await pins_at_locks([*self.pins, *self.gone])).items():
            for state in found:
                states[state.lock.id][node_id("pin", key)] = state
        return states

    def _holds_what_is_said(self, place: Place, states: Mapping[str, PinAtLock]) -> None:
        """What is said to have arrived is on the lock's disk, and what is said to be gone is not."""
        held = {key: each.version for key, each in place.lock.firmware.state.entries.items()}
        for name, state in states.items():
            if state.status in (SyncStatus.UPDATED, SyncStatus.REMOVED):
                said = None if state.opens == [] else state.applied_version
                assert held.get(name) == said, (
                    f"said to be {state.status}, and the lock has not that"
                )

    async def _at_rest(self) -> None:
        for place in self.places:
            assert place.powered
            assert place.reachable
        await self.yard.settle()
        self._note_events()
        states = await self._states()
        for number, place in enumerate(self.places):
            await self._agrees(number, place.lock, states[place.lock.id])
            self._takes_pins_where_it_can(place)
        doors = [place.lock.id for place in self.places]
        of_doors = LockEvent.filter(lock_id__in=doors)
        stored = await of_doors.values_list("lock_id", "state_id", "sequence", "kind")
        recorded = {(lock, state, number): kind for lock, state, number, kind in stored}
        assert len(recorded) == len(stored)
        assert {key: recorded.get(key) for key in self.told} == self.told, "an event was lost"
        site = self.yard.site.id
        assert await HeldDigits.filter(reservation__site_id=site).count() == 0
        assert await PinReservation.filter(site_id=site).count() == len(self.pins)
        assert await Pin.filter(id__in=list(self.pins)).count() == len(self.pins)

    async def _every_door_opens(self) -> None:
        """For a new PIN, once PIN mode is on; where the keypad is locked, for nobody."""
        locks = [place.lock for place in self.places]
        for lock in locks:
            await self.yard.switched(lock, keypad=None, enabled=True)
        shown = await self.yard.pin(*locks)
        await self.yard.settle()
        for lock in locks:
            locked = lock.firmware.view(lock.uptime_ms()).locked_out
            opened = lock.type(shown.digits, keypad=self.keypads - 1)
            assert opened is not locked, "a door opens for its PIN"
            self.openings += opened

    def _takes_pins_where_it_can(self, place: Place) -> None:
        reads = Feature.PIN_MODE_BY_READER in place.lock.own.firmware.reads
        same = len(set(place.switches)) == 1
        wanted = place.switches if reads or same else [False] * self.keypads
        assert [place.lock.takes_pins(each) for each in range(self.keypads)] == wanted

    async def _agrees(self, number: int, lock: YardLock, states: Mapping[str, PinAtLock]) -> None:
        wanted = {
            node_id("pin", key): wish
            for key, wish in self.pins.items()
            if not wish.blocked
            and (number in wish.locks or (wish.tagged and number in self.tag_holds))
        }
        held = {name for name in lock.firmware.state.entries if name.startswith("pin")}
        assert held == set(wanted), "the lock holds exactly what is wanted"
        for name, wish in wanted.items():
            assert [entry.id for entry in lock.held(wish.digits)] == [name]
        row = await lock.row()
        assert row.applied_revision == row.wanted_revision == lock.firmware.state.applied
        for name, state in states.items():
            assert state.status in (SyncStatus.UPDATED, SyncStatus.REMOVED)
            assert (state.opens == []) is (name not in wanted)
            assert state.pending_since is None
