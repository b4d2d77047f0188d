"""A simulated lock: the firmware with its power, its clock and its cable.

It passes in what happens and carries out what comes out, one thing at a time, and it never gives up
on a server: a lock that has fallen silent can only be reached by walking to it. So every failure of
the link leads to another try, after the wait that `connection` says.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import httpx
import structlog

from domain.security.passwords import derive_verifier
from locksim.connection import (
    Connection,
    FeedCompleted,
    LinkLost,
    ServerAddress,
    backoff_ceiling_s,
    failures_after,
)
from locksim.disk import Disk, DiskDamaged, FileDisk, PowerWent
from locksim.firmware import Firmware, LockView
from locksim.hardware_clock import HardwareClock
from locksim.keypad import Key, SlowHash
from locksim.phone_link import Answer, Presented
from locksim.provisioning import Provisioning
from locksim.signals import (
    Delivery,
    Inbound,
    Report,
    Reported,
    SetBattery,
    Signal,
    UnlockCommand,
)
from locksim.state import StateUnreadable

log = structlog.get_logger("locksim")


Step = Callable[[Firmware, int], None]
"""One step of the firmware, at an uptime in milliseconds."""


class PowerIsOff(RuntimeError):
    """Somebody pressed a key of a lock without power: nothing happens."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the locks of a fleet share."""

    address: ServerAddress
    http: httpx.AsyncClient
    handshakes: asyncio.Semaphore
    """How many locks connect at the same time."""


class Switch:
    """Something that is on or off, and can be waited for."""

    def __init__(self, *, on: bool = True) -> None:
        self._events = {True: asyncio.Event(), False: asyncio.Event()}
        self._events[on].set()

    @property
    def on(self) -> bool:
        """Whether it is on now."""
        return self._events[True].is_set()

    def turn(self, *, on: bool) -> None:
        """Turn it on or off."""
        self._events[on].set()
        self._events[not on].clear()

    async def until(self, *, on: bool) -> None:
        """Wait until it is on, or off."""
        await self._events[on].wait()


async def first_of(*works: Coroutine[object, object, object]) -> None:
    """Run all until one ends, cancel the others and wait for them; raises what one has raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            raise error


class SimulatedLock:
    """One lock, switched on. `run` works until it is cancelled."""

    def __init__(
        self,
        provisioning: Provisioning,
        open_disk: Callable[[], Disk],
        *,
        around: Surroundings,
        clock: HardwareClock,
        rng: random.Random,
        random_bytes: Callable[[int], bytes],
        key: str = "lock",
        slow_hash: SlowHash = derive_verifier,
        on_change: Callable[["SimulatedLock", Signal | None], None] = lambda _lock, _signal: None,
        on_connect: Callable[["SimulatedLock"], None] = lambda _lock: None,
    ) -> None:
        """`rng` draws the waits between attempts; `on_change` hears of whatever can be seen."""
        self.provisioning = provisioning
        self.key = key
        """A short name in folders and addresses."""
        self.clock = clock
        self.power = Switch()
        self.network = Switch(on=provisioning.network)
        self.silent = False
        """A fault: unlock commands arrive and nothing happens."""
        self.online = False
        """Whether the server has answered a report on the present connection."""
        self._open_disk = open_disk
        self._around = around
        self._rng = rng
        self._random_bytes = random_bytes
        self._slow_hash = slow_hash
        self._on_change = on_change
        self._on_connect = on_connect
        self._turn = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._disk: Disk | None = None
        self._firmware: Firmware | None = None
        self._connection: Connection | None = None
        self._log = log.bind(lock=provisioning.name)

    async def run(self) -> None:
        """Run, through every power cut, until cancelled.

        Returns when the disk is damaged: such a lock must not start as if it were new.
        """
        while True:
            await self.power.until(on=True)
            try:
                await self._run_powered()
            except (PowerWent, PowerIsOff):  # in the middle of a step
                self.power.turn(on=False)
                self._on_change(self, None)
            except (DiskDamaged, StateUnreadable) as error:
                self._log.error("disk damaged; the lock stays off", error=type(error).__name__)
                self.power.turn(on=False)
                self._on_change(self, None)
                return

    @property
    def view(self) -> LockView | None:
        """What can be seen of the lock; None without power."""
        firmware = self._firmware
        return None if firmware is None else firmware.view(self.clock.uptime_ms())

    @property
    def zone(self) -> str:
        """The zone in which the lock reads its schedules, as far as it is known from outside."""
        firmware = self._firmware
        return (self.provisioning.zone if firmware is None else firmware.zone).key

    async def press(self, *keys: Key, reader: str | None = None) -> None:
        """Press keys, one after the other, at the keypad of this reader (None: the first). Raises PowerIsOff."""
        for key in keys:
            # Enter is the one slow thing a lock does; the other locks go on meanwhile.
            await self._do(self._running(), _pressing(key, reader), threaded=key is Key.ENTER)

    async def type(self, digits: str, *, reader: str | None = None) -> None:
        """Type digits and Enter. Raises PowerIsOff, and ValueError for anything but digits."""
        await self.press(*(Key(digit) for digit in digits), Key.ENTER, reader=reader)

    async def present_card(self, uid: bytes) -> None:
        """Hold an NFC card to the reader. Raises PowerIsOff."""
        await self._do(self._running(), lambda lock, uptime: lock.present_card(uid, uptime))

    async def hello(self) -> bytes:
        """A phone comes close: what the lock says to it. Raises PowerIsOff and NoCourier."""
        said: list[bytes] = []
        await self._do(self._running(), lambda lock, uptime: said.append(lock.hello(uptime)))
        return said[0]

    async def present(self, presented: Presented) -> Answer:
        """A phone hands over what it brought, in answer to a hello. Raises PowerIsOff."""
        answers: list[Answer] = []
        await self._do(
            self._running(), lambda lock, uptime: answers.append(lock.present(presented, uptime))
        )
        self._on_change(self, None)  # PIN mode, the zone or the clock may be another now
        return answers[0]

    def cut_power_after(self, written: int) -> None:
        """A fault: the power goes in the middle of the next write, when so many bytes are on the disk. Raises PowerIsOff."""
        self._running()
        if isinstance(self._disk, FileDisk):
            self._disk.cut_after = written

    def _running(self) -> Firmware:
        if self._firmware is None:
            raise PowerIsOff(self.provisioning.name)
        return self._firmware

    async def _run_powered(self) -> None:
        """From power on to power off."""
        self.clock.power_on()
        self._disk = self._open_disk()
        firmware = Firmware(
            self.provisioning,
            self._disk,
            uptime_ms=self.clock.uptime_ms(),
            battery_ms=self.clock.battery_ms(),
            random_bytes=self._random_bytes,
            slow_hash=self._slow_hash,
        )
        self._firmware = firmware
        self._on_change(self, None)
        try:
            await first_of(
                self.power.until(on=False),
                self._keep_time(firmware),
                self._keep_connected(firmware),
            )
        finally:
            async with self._turn:
                self._firmware = None
            self._on_change(self, None)

    async def _keep_time(self, firmware: Firmware) -> None:
        while True:
            self._stirred.clear()
            due_ms = firmware.wake_ms(self.clock.uptime_ms())
            try:
                async with asyncio.timeout(self.clock.seconds_until(due_ms)):
                    await self._stirred.wait()
            except TimeoutError:
                await self._do(firmware, Firmware.tick)

    async def _keep_connected(self, firmware: Firmware) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            await self.network.until(on=True)
            began_s = loop.time()
            try:
                await first_of(self.network.until(on=False), self._converse(firmware))
                failures = 0
                continue
            except LinkLost as error:
                self._log.info("not connected", reason=str(error))
                completed = isinstance(error, FeedCompleted)
            failures = failures_after(failures, loop.time() - began_s, completed=completed)
            wait_s = self._rng.uniform(0, backoff_ceiling_s(failures))
            await first_of(self.network.until(on=False), asyncio.sleep(wait_s))

    async def _converse(self, firmware: Firmware) -> None:
        """One connection, from the challenge to its loss. Raises LinkLost."""
        around = self._around
        async with around.handshakes:
            connection = await Connection.open(
                around.address,
                around.http,
                self.provisioning.lock_id,
                firmware.prove,
                self.provisioning.said,
            )
        try:
            async with self._turn:
                await connection.subscribe(firmware.connected(self.clock.uptime_ms()))
                self._connection = connection
            await self._do(firmware, Firmware.tick)
            async for message in connection.messages():
                await self._hear(firmware, message)
        finally:
            self._connection = None
            async with self._turn:
                firmware.disconnected()
            if self.online:
                self.online = False
                self._on_change(self, None)
            await connection.close()

    async def _hear(self, firmware: Firmware, message: Inbound) -> None:
        if self.silent and isinstance(message, UnlockCommand):
            return
        await self._do(firmware, lambda lock, uptime: lock.receive(message, uptime))
        if isinstance(message, Reported) and not self.online:
            self.online = True
            self._log.info("connected")
            self._on_connect(self)
            self._on_change(self, None)
        elif isinstance(message, Delivery):
            # PIN mode or the zone may be another now.
            self._on_change(self, None)

    async def _do(
        self,
        firmware: Firmware,
        step: Step,
        *,
        threaded: bool = False,
    ) -> None:
        """Let the firmware take one step, alone, and carry out what it wants done.

        Raises PowerIsOff if the power was cut meanwhile.
        """
        async with self._turn:
            if self._firmware is not firmware:
                raise PowerIsOff(self.provisioning.name)
            uptime_ms = self.clock.uptime_ms()
            try:
                if threaded:
                    await _in_thread(lambda: step(firmware, uptime_ms))
                else:
                    step(firmware, uptime_ms)
            except PowerWent:
                self.power.turn(on=False)
                raise PowerIsOff(self.provisioning.name) from None
            reports = self._carry_out(firmware)
        self._stirred.set()
        if self._connection is not None:
            for report in reports:
                # A link that is lost is noticed by whoever reads from it.
                with contextlib.suppress(LinkLost):
                    await self._connection.report(report)

    def _carry_out(self, firmware: Firmware) -> list[Report]:
        """Move the bolt, show the signals, set the battery clock; the reports are for the link."""
        reports: list[Report] = []
        while firmware.outbox:
            item = firmware.outbox.popleft()
            if isinstance(item, Report):
                reports.append(item)
            elif isinstance(item, SetBattery):
                self.clock.set_battery(item.unix_ms)
                self._on_change(self, None)
            else:
                self._on_change(self, item if isinstance(item, Signal) else None)
        return reports


def _pressing(key: Key, reader: str | None) -> Step:
    return lambda lock, uptime_ms: lock.press(key, uptime_ms, reader)


async def _in_thread(step: Callable[[], None]) -> None:
    """Run the step in a thread and wait for its end, even if the waiting is cancelled."""
    task = asyncio.ensure_future(asyncio.to_thread(step))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
