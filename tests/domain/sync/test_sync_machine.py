"""Server and locks against a dict, in any order of edits, losses, repetitions, cuts, resets and restores."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.database import disconnect
from domain.errors import PinNotAcceptable
from domain.node_ids import node_id
from domain.pins.service import delete_pin, reassign_pin, set_blocked, update_pin
from domain.pins.tables import HeldDigits, PinReservation
from domain.sync.rules import SyncStatus
from domain.sync.status import PinAtLock, pins_at_locks
from domain.tags.service import create_tag, update_tag
from domain.tags.tables import TagTarget
from tests.domain.sync.yard import Yard, YardLock, opened_yard, reconnected

DIGITS = ("49172638", "58203917", "60314028", "71425139", "82536240")
LOCKS = 2
which = st.integers(0, LOCKS - 1)
some_locks = st.sets(which)


@dataclass
class Wish:
    """What the dict says of a PIN."""

    digits: str
    locks: set[int]
    tagged: bool
    blocked: bool = False


@dataclass
class Doubt:
    """Whether a lock's disk is not what the server knows of: put back, or emptied, until it has connected."""

    rolled_back: bool = False
    emptied: bool = False
    images: list[bytes] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether the server cannot know."""
        return self.rolled_back or self.emptied


class SyncMachine(RuleBasedStateMachine):
    """Two locks, one tag, five sets of digits."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="machine")
        self.pins: dict[UUID, Wish] = {}
        self.gone: set[UUID] = set()
        self.tag_holds: set[int] = set()
        self.used: set[str] = set()

    def run(self, work: Any) -> Any:
        """Runs a coroutine on the machine's own loop."""
        return self.loop.run(work)

    @initialize()
    def open(self) -> None:
        """A site with its locks, which have never connected."""
        self.run(self._open())
        self.doubts = [Doubt() for _ in range(LOCKS)]

    async def _open(self) -> None:
        self.yard: Yard = await opened_yard(Path(self.folder.name))
        self.locks: list[YardLock] = [await self.yard.lock(f"Door {n}") for n in range(LOCKS)]
        tag = await create_tag(
            self.yard.here,
            self.yard.by,
            name="Doors",
            target=TagTarget.LOCK,
            member_ids=None,
            lock_ids=[],
            now=self.yard.now,
        )
        self.tag: UUID = tag.id

    def teardown(self) -> None:
        """At rest everything is as the dict says."""
        if hasattr(self, "yard"):
            self.run(self._at_rest())
            self.run(disconnect())
            self.yard.here.passwords.close()
        self.loop.close()
        self.folder.cleanup()

    # What admins do

    def _accepts(self, digits: str, pin_id: UUID | None) -> None:
        """Whoever gets digits is the only one who has them, at every lock that can be known."""
        others = [key for key, wish in self.pins.items() if wish.digits == digits and key != pin_id]
        assert not others, "two PINs of one site are equal"
        name = None if pin_id is None else node_id("pin", pin_id)
        for lock, doubt in zip(self.locks, self.doubts, strict=True):
            held = [entry.id for entry in lock.held(digits) if entry.id != name]
            assert doubt.any or not held, "digits were given away while a lock held them"

    @rule(digits=st.sampled_from(DIGITS), locks=some_locks, tagged=st.booleans())
    def make_a_pin(self, digits: str, locks: set[int], tagged: bool) -> None:
        """Refused only if somebody has the digits, or some lock may still hold them."""
        if not locks and not tagged:
            return
        try:
            shown = self.run(
                self.yard.pin(
                    *(self.locks[each] for each in locks),
                    digits=digits,
                    tag_ids=[self.tag] if tagged else None,
                )
            )
        except PinNotAcceptable:
            assert digits in self.used
            return
        self._accepts(digits, None)
        self.used.add(digits)
        self.pins[shown.pin.id] = Wish(digits, set(locks), tagged)

    def _one(self, draw: Any) -> UUID:
        key: UUID = draw.draw(st.sampled_from(sorted(self.pins)))
        return key

    def _common(self) -> dict[str, Any]:
        return {"here": self.yard.here, "by": self.yard.by, "now": self.yard.now}

    @precondition(lambda self: self.pins)
    @rule(draw=st.data(), digits=st.sampled_from(DIGITS))
    def give_other_digits(self, draw: Any, digits: str) -> None:
        """As with a new PIN."""
        key = self._one(draw)
        try:
            self.run(reassign_pin(**self._common(), pin_id=key, digits=digits))
        except PinNotAcceptable:
            return
        self._accepts(digits, key)
        self.used.add(digits)
        self.pins[key].digits = digits

    @precondition(lambda self: self.pins)
    @rule(draw=st.data(), blocked=st.booleans())
    def block(self, draw: Any, blocked: bool) -> None:
        """Or unblock."""
        key = self._one(draw)
        self.run(set_blocked(**self._common(), pin_id=key, blocked=blocked))
        self.pins[key].blocked = blocked

    @precondition(lambda self: self.pins)
    @rule(draw=st.data(), locks=st.sets(which, min_size=1))
    def move(self, draw: Any, locks: set[int]) -> None:
        """Other locks by id; the tag stays."""
        key = self._one(draw)
        ids = [self.locks[each].id for each in locks]
        self.run(update_pin(**self._common(), pin_id=key, fields={"lock_ids": ids}))
        self.pins[key].locks = set(locks)

    @precondition(lambda self: self.pins)
    @rule(draw=st.data())
    def delete(self, draw: Any) -> None:
        """For good."""
        key = self._one(draw)
        self.run(delete_pin(**self._common(), pin_id=key))
        del self.pins[key]
        self.gone.add(key)

    @rule(locks=some_locks)
    def tag_locks(self, locks: set[int]) -> None:
        """The tag holds these from now on."""
        ids = [self.locks[each].id for each in locks]
        self.run(
            update_tag(**self._common(), tag_id=self.tag, name=None, member_ids=None, lock_ids=ids)
        )
        self.tag_holds = set(locks)

    # What happens to wires and hardware

    @rule(at=which)
    def go_online(self, at: int) -> None:
        """The server learns where the lock is."""
        self.run(self.locks[at].connect())
        self.doubts[at].rolled_back = self.doubts[at].emptied = False

    @rule(at=which, noticed=st.booleans())
    def lose_the_connection(self, at: int, noticed: bool) -> None:
        """With everything that was on it."""
        self.run(self.locks[at].disconnect(noticed=noticed))

    @rule(at=which, steps=st.integers(1, 4), place=st.integers(0, 1), twice=st.booleans())
    def pass_messages_on(self, at: int, steps: int, place: int, twice: bool) -> None:
        """Some of them, in both directions, not always in order, reports perhaps twice."""
        lock = self.locks[at]
        for _ in range(steps):
            self.run(lock.server_looks())
            lock.lock_hears(place)
            self.run(lock.server_hears(twice=twice))

    @rule(at=which)
    def pass_everything_on(self, at: int) -> None:
        """Until nothing moves."""
        self.run(self.locks[at].settle())

    @rule(at=which)
    def lose_a_message(self, at: int) -> None:
        """On its way to the lock."""
        del self.locks[at].down[:1]

    @precondition(lambda self: any(lock.heard for lock in self.locks))
    @rule(draw=st.data())
    def say_an_old_delivery_again(self, draw: Any) -> None:
        """Any that this life of the lock has heard."""
        lock = draw.draw(st.sampled_from([each for each in self.locks if each.heard]))
        lock.say_again(draw.draw(st.sampled_from(lock.heard)))

    @rule(seconds=st.sampled_from([1, 21, 31, 3600]))
    def wait(self, seconds: int) -> None:
        """Everybody's clock moves."""
        self.yard.now += timedelta(seconds=seconds)
        for lock in self.locks:
            lock.do(lambda firmware, uptime: firmware.tick(uptime))

    @rule(at=which, write=st.integers(0, 3), keeps=st.booleans())
    def cut_the_power_soon(self, at: int, write: int, keeps: bool) -> None:
        """At one of the next writes."""
        self.locks[at].disk.cut_at, self.locks[at].disk.keeps_cut_write = write, keeps

    @rule(at=which)
    def keep_a_disk_image(self, at: int) -> None:
        """To be put back later."""
        state = self.locks[at].disk.state
        if state is not None:
            self.doubts[at].images.append(state)

    @precondition(lambda self: any(doubt.images for doubt in self.doubts))
    @rule(draw=st.data())
    def put_a_disk_image_back(self, draw: Any) -> None:
        """The lock is as it was then; the server cannot know before it connects."""
        at = draw.draw(st.sampled_from([n for n, each in enumerate(self.doubts) if each.images]))
        self.locks[at].restore(draw.draw(st.sampled_from(self.doubts[at].images)))
        self.doubts[at].rolled_back = True

    @rule(at=which)
    def reset_a_lock(self, at: int) -> None:
        """Another secret and an empty disk."""
        lock = self.locks[at]
        lock.reset(self.run(self.yard.provision(lock.id)))
        self.doubts[at] = Doubt(emptied=True)

    @rule()
    def kill_the_server(self) -> None:
        """Every socket is gone; the database is what it was."""
        self.run(reconnected(Path(self.folder.name)))
        for lock in self.locks:
            self.run(lock.disconnect(noticed=False))

    # What must hold

    @rule(at=which, digits=st.sampled_from(DIGITS))
    def type(self, at: int, digits: str) -> None:
        """What opens was said to open, and belongs to nobody else."""
        lock = self.locks[at]
        held = {entry.id: entry for entry in lock.held(digits)}
        if not held:  # wrong entries would only lock the keypad
            return
        states = self.run(self._states(lock))
        opened = lock.type(digits)
        if not opened or self.doubts[at].any:
            return
        assert len(held) == 1, "one entry has these digits"
        ((name, entry),) = held.items()
        state = states[name]
        assert state.opens is None or entry.version in state.opens
        assert state.status is not SyncStatus.REMOVED
        if state.opens is not None:
            owners = [
                node_id("pin", key) for key, wish in self.pins.items() if wish.digits == digits
            ]
            assert owners in ([], [name])

    @rule(at=which)
    def look(self, at: int) -> None:
        """What is said to be there is there, what is said to be gone is gone."""
        lock = self.locks[at]
        if not self.doubts[at].any:
            self._compare(lock, self.run(self._states(lock)))

    def _compare(self, lock: YardLock, states: dict[str, PinAtLock]) -> None:
        entries = lock.firmware.state.entries
        for name, state in states.items():
            if state.opens is None:
                assert state.status is SyncStatus.UNKNOWN
                continue
            if name in entries:
                assert entries[name].version in state.opens
            if state.status is SyncStatus.REMOVED:
                assert name not in entries
            if state.status is SyncStatus.UPDATED:
                assert state.opens == ([entries[name].version] if name in entries else [])

    async def _states(self, lock: YardLock) -> dict[str, PinAtLock]:
        found = await pins_at_locks([*self.pins, *self.gone])
        return {
            node_id("pin", key): state
            for key, states in found.items()
            for state in states
            if state.lock.id == lock.id
        }

    async def _at_rest(self) -> None:
        await self.yard.settle()
        for number, lock in enumerate(self.locks):
            wanted = {
                node_id("pin", key): wish.digits
                for key, wish in self.pins.items()
                if not wish.blocked
                and (number in wish.locks or (wish.tagged and number in self.tag_holds))
            }
            held = {entry for entry in lock.firmware.state.entries if entry.startswith("pin")}
            assert held == set(wanted), "the lock holds exactly what is wanted"
            for name, digits in wanted.items():
                assert [entry.id for entry in lock.held(digits)] == [name]
            row = await lock.row()
            assert (row.state_unknown, row.snapshot_needed) == (False, False)
            assert row.applied_revision == row.wanted_revision == lock.firmware.state.applied
            states = await self._states(lock)
            for state in states.values():
                assert state.status in (SyncStatus.UPDATED, SyncStatus.REMOVED)
                assert state.pending_since is None
            self._compare(lock, states)
        assert await HeldDigits.all().count() == 0, "no lock holds given-up digits any more"
        assert await PinReservation.all().count() == len(self.pins)


TestSyncMachine = SyncMachine.TestCase
TestSyncMachine.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
