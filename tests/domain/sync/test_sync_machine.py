"""Server and locks against a dict, in any order of edits, losses, repetitions, cuts, resets and restores."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.database import disconnect, sweep
from domain.database.rows import column
from domain.errors import LockTooOld, PinNotAcceptable
from domain.link import messages
from domain.link.claims import SILENT, Claim
from domain.link.features import Feature
from domain.link.nonces import MAX_DELIVERY_ENTRIES
from domain.locks.tables import Lock
from domain.node_ids import node_id
from domain.pins.service import delete_pin, reassign_pin, set_blocked, update_pin
from domain.pins.tables import HeldDigits, PinReservation
from domain.sync import deliveries
from domain.sync.rules import SyncStatus
from domain.sync.status import PinAtLock, locks_in_sync, pins_at_locks
from domain.sync.sweeping import SWEEPS
from domain.sync.tables import EntryState, LockEntry
from domain.tags.service import create_tag, update_tag
from domain.tags.tables import TagTarget
from locksim.provisioning import NEWEST
from tests.domain.sync.yard import Yard, opened_yard, reconnected
from tests.domain.sync.yard_lock import YardLock

DIGITS = ("49172638", "58203917", "60314028", "71425139", "82536240")
LOCKS = 2
KEYPADS = 2
MOST_PINS = 4
which = st.integers(0, LOCKS - 1)
any_keypad = st.integers(0, KEYPADS - 1)
any_firmware = st.sampled_from([SILENT, Claim(reads=("moments",)), NEWEST])
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
    """Two locks with two keypads each, of any firmware, one tag, five sets of digits."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="machine")
        self.pins: dict[UUID, Wish] = {}
        self.gone: set[UUID] = set()
        self.tag_holds: set[int] = set()
        self.used: set[str] = set()
        self.doubts = [Doubt() for _ in range(LOCKS)]
        self.switches = [[True] * KEYPADS for _ in range(LOCKS)]
        """Where PIN mode is wanted, by lock and keypad."""

    def run(self, work: Any) -> Any:
        """Runs a coroutine on the machine's own loop."""
        return self.loop.run(work)

    @initialize(
        most=st.sampled_from([1, 2, MAX_DELIVERY_ENTRIES]),
        ages=st.tuples(*[any_firmware] * LOCKS),
        half_on=some_locks,
    )
    def open(self, most: int, ages: tuple[Claim, ...], half_on: set[int]) -> None:
        """A site with its locks, which have all that is wanted, PIN mode at some keypads only where nobody knew yet whether
        the lock can hold that. Deliveries may be cut short after very few entries.
        """
        self.short = pytest.MonkeyPatch()
        for module in (deliveries, messages):
            self.short.setattr(module, "MAX_DELIVERY_ENTRIES", most)
        self.run(self._open(ages, half_on))

    async def _open(self, ages: tuple[Claim, ...], half_on: set[int]) -> None:
        self.yard: Yard = await opened_yard(Path(self.folder.name))
        self.locks: list[YardLock] = [
            await self.yard.lock(f"Door {number}", keypads=KEYPADS, firmware=age)
            for number, age in enumerate(ages)
        ]
        for number in sorted(half_on):
            await self.yard.switched(self.locks[number], keypad=0, enabled=False)
            self.switches[number][0] = False
        tag = await create_tag(
            self.yard.installation,
            self.yard.by,
            name="Doors",
            target=TagTarget.LOCK,
            member_ids=None,
            lock_ids=[],
            now=self.yard.now,
        )
        self.tag: UUID = tag.id
        await self.yard.settle()
        for lock, doubt in zip(self.locks, self.doubts, strict=True):
            assert lock.disk.state is not None
            doubt.images.append(lock.disk.state)

    def teardown(self) -> None:
        """At rest everything is as the dict says."""
        if hasattr(self, "yard"):
            self.run(self._at_rest())
            self.short.undo()
            self.run(disconnect())
            self.yard.installation.passwords.close()
        self.loop.close()
        self.folder.cleanup()

    # What admins do

    @rule(draw=st.data())
    def edit(self, draw: Any) -> None:
        """A PIN is made or changed, or the tag holds other locks. Few PINs, so that they meet."""
        edits = [self._tag_locks, *([self._make] if len(self.pins) < MOST_PINS else [])]
        if self.pins:
            edits += [self._give_digits, self._give_digits, self._block, self._move, self._delete]
        draw.draw(st.sampled_from(edits), label="edit")(draw)

    @rule(at=which, keypad=st.none() | any_keypad, enabled=st.booleans())
    def switch_pin_mode(self, at: int, keypad: int | None, enabled: bool) -> None:
        """At one keypad or at all; refused exactly where the lock has said that it reads no switch for each."""
        wanted = list(self.switches[at])
        for each in range(KEYPADS) if keypad is None else (keypad,):
            wanted[each] = enabled
        row = self.run(self.locks[at].row())
        reads = Feature.PIN_MODE_BY_READER in row.link_reads
        try:
            self.run(self.yard.switched(self.locks[at], keypad=keypad, enabled=enabled))
        except LockTooOld:
            assert len(set(wanted)) > 1
            assert not reads
            return
        assert reads or keypad is None or len(set(wanted)) == 1
        self.switches[at] = wanted

    def _accepts(self, digits: str, pin_id: UUID | None) -> None:
        """Whoever gets digits is the only one who has them, at every lock that can be known."""
        others = [key for key, wish in self.pins.items() if wish.digits == digits and key != pin_id]
        assert not others, "two PINs of one site are equal"
        name = None if pin_id is None else node_id("pin", pin_id)
        for lock, doubt in zip(self.locks, self.doubts, strict=True):
            held = [entry.id for entry in lock.held(digits) if entry.id != name]
            assert doubt.any or not held, "digits were given away while a lock held them"
        self.used.add(digits)

    def _make(self, draw: Any) -> None:
        digits, locks = draw.draw(st.sampled_from(DIGITS)), draw.draw(some_locks)
        tagged = not locks or draw.draw(st.booleans())
        chosen = [self.locks[each] for each in locks]
        tags = [self.tag] if tagged else None
        try:
            shown = self.run(self.yard.pin(*chosen, digits=digits, tag_ids=tags))
        except PinNotAcceptable:
            assert digits in self.used
            return
        self._accepts(digits, None)
        self.pins[shown.pin.id] = Wish(digits, set(locks), tagged)

    def _one(self, draw: Any) -> UUID:
        key: UUID = draw.draw(st.sampled_from(sorted(self.pins)))
        return key

    def _common(self) -> dict[str, Any]:
        return {"installation": self.yard.installation, "by": self.yard.by, "now": self.yard.now}

    def _give_digits(self, draw: Any) -> None:
        key, digits = self._one(draw), draw.draw(st.sampled_from(DIGITS))
        try:
            self.run(reassign_pin(**self._common(), pin_id=key, digits=digits))
        except PinNotAcceptable:
            assert digits in self.used
            return
        self._accepts(digits, key)
        self.pins[key].digits = digits

    def _block(self, draw: Any) -> None:
        key = self._one(draw)
        self.pins[key].blocked = not self.pins[key].blocked
        blocked = self.pins[key].blocked
        self.run(set_blocked(**self._common(), pin_id=key, blocked=blocked))

    def _move(self, draw: Any) -> None:
        key, locks = self._one(draw), draw.draw(st.sets(which, min_size=1))
        ids = [self.locks[each].id for each in locks]
        self.run(update_pin(**self._common(), pin_id=key, fields={"lock_ids": ids}))
        self.pins[key].locks = set(locks)

    def _delete(self, draw: Any) -> None:
        key = self._one(draw)
        self.run(delete_pin(**self._common(), pin_id=key))
        del self.pins[key]
        self.gone.add(key)

    def _tag_locks(self, draw: Any) -> None:
        self.tag_holds = set(draw.draw(some_locks))
        ids = [self.locks[each].id for each in self.tag_holds]
        self.run(update_tag(**self._common(), tag_id=self.tag, fields={"lock_ids": ids}))

    # What happens on the wires

    @rule(at=which, hops=st.integers(1, 6), place=st.integers(0, 1), twice=st.booleans())
    def pass_messages_on(self, at: int, hops: int, place: int, twice: bool) -> None:
        """Some of them, in both directions, not always in order, reports perhaps twice."""
        lock = self.locks[at]
        if lock.feed is None:
            self._connect(at)
        for _ in range(hops):
            self.run(lock.server_looks())
            lock.lock_hears(place)
            self.run(lock.server_hears(twice=twice))

    def _connect(self, at: int) -> None:
        self.run(self.locks[at].connect())
        self.doubts[at].rolled_back = self.doubts[at].emptied = False

    @rule(draw=st.data(), at=which)
    def disturb_the_wire(self, draw: Any, at: int) -> None:
        """A connection is lost, noticed or not; a message is lost; an old delivery is said again; time passes; what is over
        is swept.
        """
        lock = self.locks[at]
        match draw.draw(
            st.sampled_from(["lost", "unnoticed", "message", "old", "wait", "kill", "sweep"])
        ):
            case "lost":
                self.run(lock.disconnect())
            case "unnoticed":
                self.run(lock.disconnect(noticed=False))
            case "message":
                self.run(lock.lose_message())
            case "old" if lock.heard:
                lock.say_again(draw.draw(st.sampled_from(lock.heard)))
            case "kill":
                self.run(reconnected(Path(self.folder.name)))
                for each in self.locks:
                    self.run(each.disconnect(noticed=False))
            case "sweep":
                self.run(self._sweep())
            case _:
                self.yard.now += timedelta(seconds=draw.draw(st.sampled_from([1, 21, 31, 3600])))
                for each in self.locks:
                    each.do(lambda firmware, uptime: firmware.tick(uptime))

    # What happens to the hardware

    @rule(draw=st.data(), at=which)
    def disturb_the_lock(self, draw: Any, at: int) -> None:
        """The power will go at one of the next writes; the disk is copied, put back, or emptied with a new secret; other
        firmware is put on the lock, newer or older.
        """
        lock, doubt = self.locks[at], self.doubts[at]
        misfortunes = ["cut", "cut", "copy", "put back", "put back", "reset", "flash", "flash"]
        match draw.draw(st.sampled_from(misfortunes)):
            case "cut":
                lock.disk.cut_at = draw.draw(st.integers(0, 3))
                lock.disk.keeps_cut_write = draw.draw(st.booleans())
            case "put back" if doubt.images:
                lock.restore(draw.draw(st.sampled_from(doubt.images)))
                doubt.rolled_back = True
            case "reset":
                lock.reset(self.run(self.yard.provision(lock.id)))
                self.doubts[at] = Doubt(emptied=True)
            case "flash":
                self.run(lock.flash(draw.draw(any_firmware)))
            case _ if lock.disk.state is not None:
                doubt.images.append(lock.disk.state)

    # What must hold

    @rule(at=which, digits=st.sampled_from(DIGITS), keypad=any_keypad)
    def type(self, at: int, digits: str, keypad: int) -> None:
        """What opens was said to open, and belongs to nobody else."""
        lock = self.locks[at]
        held = {entry.id: entry for entry in lock.held(digits)}
        if not held:  # wrong entries would only lock the keypad
            return
        states = self.run(self._states(lock))
        takes_pins = lock.takes_pins(keypad)
        opened = lock.type(digits, keypad=keypad)
        assert takes_pins or not opened, "it opened at a keypad that is off"
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

    @invariant()
    def what_is_said_is_true(self) -> None:
        """What is said to be there is there, what is said to be gone is gone."""
        for lock, doubt in zip(self.locks, self.doubts, strict=True):
            if not doubt.any:
                self._compare(lock, self.run(self._states(lock)))

    @invariant()
    def locks_lack_what_their_entries_say(self) -> None:
        """The state of a lock as a whole is told without looking at each entry, and is what looking at each tells."""
        for state in self.run(locks_in_sync(Lock.all())):
            rows = LockEntry.filter(lock_id=state.lock.id, pending_since__isnull=False)
            lacked = self.run(column(rows, "pending_since"))
            assert (state.pending, state.pending_since) == (len(lacked), min(lacked, default=None))

    async def _sweep(self) -> None:
        for kind in SWEEPS:
            await sweep(kind, self.yard.now)
        async for entry in LockEntry.filter(gone_at__isnull=False):
            assert (entry.state, entry.applied_live) == (EntryState.REMOVED, False)
            assert entry.pending_since is None

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
        await self._sweep()
        assert not await LockEntry.filter(state=EntryState.REMOVED, gone_at=None).exists()
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
            self._takes_pins_where_it_can(number, lock)
            states = await self._states(lock)
            for state in states.values():
                assert state.status in (SyncStatus.UPDATED, SyncStatus.REMOVED)
                assert state.pending_since is None
            self._compare(lock, states)
        assert await HeldDigits.all().count() == 0, "no lock holds given-up digits any more"
        assert await PinReservation.all().count() == len(self.pins)

    def _takes_pins_where_it_can(self, number: int, lock: YardLock) -> None:
        wanted = self.switches[number]
        if len(set(wanted)) > 1 and Feature.PIN_MODE_BY_READER not in lock.own.firmware.reads:
            wanted = [False] * KEYPADS
        assert [lock.takes_pins(each) for each in range(KEYPADS)] == wanted


TestSyncMachine = SyncMachine.TestCase
TestSyncMachine.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
