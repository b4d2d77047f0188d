"""The real firmware on a real socket, its messages passed by hand.

Where `Device` is a lock as it hangs on a door, this one stops between any two messages, says what a broken lock would
say, and can be given a disk image of yesterday.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from typing import Any

from api.tour.socket import Socket
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody
from domain.link.sealing import MessageKind, unseal_message
from domain.security import base64url
from locksim.firmware import Firmware
from locksim.keypad import Key
from locksim.phone_link import Answer, Presented
from locksim.provisioning import Provisioning
from locksim.signals import (
    Delivery,
    FeedStart,
    Inbound,
    Report,
    Reported,
    ReportRefused,
    SealedTime,
    Signal,
    UnlockCommand,
)
from locksim.state import LockState
from tests.locksim.rig import MemoryDisk
from tests.serving import House

FEED = """subscription($lock: ID!, $incarnation: String!, $epoch: Int!, $revision: Int!) {
  lockFeed(lockId: $lock, incarnation: $incarnation, epoch: $epoch, appliedRevision: $revision) {
    __typename ... on Delivery { id sealed } ... on UnlockCommand { id sealed } ... on SealedTime { id sealed } } }"""
REPORT = """mutation($input: ReportLockInput!) { answer: reportLock(input: $input) {
  __typename ... on LockReported { stateId eventsUpTo } ... on Error { message } } }"""
KINDS: dict[str, Callable[[str, bytes], Inbound]] = {
    "Delivery": Delivery,
    "UnlockCommand": UnlockCommand,
    "SealedTime": SealedTime,
}


class FirmwareLock:
    """One lock, from its entry of the provisioning; `disk` is an image to start from."""

    def __init__(self, house: House, entry: dict[str, Any], disk: MemoryDisk | None = None) -> None:
        self.house = house
        self.id: str = entry["lockId"]
        self.own = Provisioning.from_json(entry, "entry")
        self.disk = disk or MemoryDisk()
        self._skipped_ms = 0
        self.firmware = self._started()
        self.feed: asyncio.Queue[Inbound | None] = asyncio.Queue()
        """What has arrived and was not yet handed to the firmware; None: the feed has ended."""
        self.reports: list[Report] = []
        """What the firmware wants to say and has not said."""
        self._socket: Socket | None = None
        self._reader: asyncio.Task[None] | None = None

    def _started(self) -> Firmware:
        return Firmware(
            self.own,
            self.disk,
            uptime_ms=self._uptime(),
            battery_ms=int(time.time() * 1000),
            random_bytes=os.urandom,
        )

    def _uptime(self) -> int:
        return int(time.monotonic() * 1000) + self._skipped_ms

    def skip(self, minutes: int) -> None:
        """So many minutes pass at the lock, and at the lock alone."""
        self._skipped_ms += minutes * 60_000
        self.firmware.tick(self._uptime())
        self._drain()

    @property
    def state(self) -> LockState:
        """What is on its disk."""
        return self.firmware.state

    def hello(self) -> str:
        """A phone is held to it: what it says, as the app passes it on."""
        return base64url.encode(self.firmware.hello(self._uptime()))

    def present(self, presented: Presented) -> Answer:
        """A phone hands over."""
        answer = self.firmware.present(presented, self._uptime())
        self._drain()
        return answer

    async def connect(self, *, epoch: int | None = None, revision: int | None = None) -> None:
        """Opens the socket and the feed; `epoch` and `revision` replace what the lock would say."""
        answer = await self.house.served.post(
            "query($id: ID!) { lockChallenge(lockId: $id) }", id=self.id
        )
        proof = self.firmware.prove(answer.json()["data"]["lockChallenge"])
        self._socket = await self.house.served.socket({"lock": {"id": self.id, "proof": proof}})
        start = self.firmware.connected(self._uptime())
        self._drain()
        self.feed = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(start, epoch, revision))

    async def _read(self, start: FeedStart, epoch: int | None, revision: int | None) -> None:
        assert self._socket is not None
        items = self._socket.subscribe(
            FEED,
            lock=start.lock_id,
            incarnation=start.incarnation,
            epoch=start.epoch if epoch is None else epoch,
            revision=start.applied_revision if revision is None else revision,
        )
        async for item in items:
            message = item["lockFeed"]
            sealed = message["sealed"]
            data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            self.feed.put_nowait(KINDS[message["__typename"]](message["id"], data))
        self.feed.put_nowait(None)

    async def disconnect(self) -> None:
        """The socket is gone, with whatever had not been passed on."""
        if self._reader is not None:
            self._reader.cancel()
        if self._socket is not None:
            await self._socket.__aexit__(None, None, None)
        self.firmware.disconnected()
        self.reports.clear()
        self._socket = None

    async def next_delivery(self) -> Delivery:
        """The next delivery on the feed, not handed to the firmware; other messages are. Ten seconds at most."""
        async with asyncio.timeout(10):
            while True:
                message = await self.feed.get()
                assert message is not None, "the feed ended"
                if isinstance(message, Delivery):
                    return message
                self.hear(message)

    def hear(self, message: Inbound) -> None:
        """Hands one message to the firmware."""
        self.firmware.receive(message, self._uptime())
        self._drain()

    def _drain(self) -> list[Signal]:
        shown = []
        while self.firmware.outbox:
            item = self.firmware.outbox.popleft()
            if isinstance(item, Report):
                self.reports.append(item)
            elif isinstance(item, Signal):
                shown.append(item)
        return shown

    async def tell(self) -> None:
        """Sends what the firmware wants to say, and hands it the answers, until it has nothing more to say."""
        while self.reports:
            report = self.reports.pop(0)
            answer = await self.say(dict(report.to_input(self.id)))
            if answer["__typename"] == "LockReported":
                self.hear(Reported(answer["stateId"], answer["eventsUpTo"]))
            else:
                self.hear(ReportRefused())

    async def say(self, report: dict[str, Any]) -> dict[str, Any]:
        """One `reportLock` on the lock's socket, whatever is in it; the answer."""
        assert self._socket is not None
        async for item in self._socket.subscribe(REPORT, input=report):
            answer: dict[str, Any] = item["answer"]
            return answer
        raise AssertionError("the report was not answered")

    async def acknowledge(self, delivery: Delivery, **other: Any) -> dict[str, Any]:
        """Says that it has applied a delivery; `delivery_id`, `revision` and `state_sum` replace the truth."""
        return await self.say(
            {
                "lockId": self.id,
                "appliedRevision": other.get("revision", self.body(delivery).to_revision),
                "ack": {
                    "deliveryId": other.get("delivery_id", delivery.id),
                    "stateSum": other.get("state_sum", "0" * 64),
                },
            }
        )

    async def settle(self) -> Delivery:
        """Takes the next delivery, applies it and says so; returns it."""
        delivery = await self.next_delivery()
        self.hear(delivery)
        await self.tell()
        return delivery

    async def settled(self) -> None:
        """Says what it has to say, and takes deliveries until nothing is wanted any more."""
        await self.tell()
        while (await self.sync())["pending"]:
            await self.settle()

    async def sync(self) -> dict[str, Any]:
        """`Lock.sync`, as the admin sees it."""
        query = """query($id: ID!) { node(id: $id) { ... on Lock {
          sync { wantedRevision appliedRevision pending status } } } }"""
        found: dict[str, Any] = (await self.house.ask(query, id=self.id))["node"]["sync"]
        return found

    def body(self, delivery: Delivery) -> DeliveryBody:
        """What a delivery says."""
        _, data = unseal_message(
            LinkKeys.derive(self.own.secret).bundle,
            MessageKind.DELIVERY,
            self.id,
            self.own.incarnation,
            delivery.sealed,
        )
        return DeliveryBody.decode(data)

    def enter(self, digits: str) -> Signal:
        """Types digits and Enter; what is shown for it."""
        for key in (*digits, Key.ENTER):
            self.firmware.press(Key(key), self._uptime())
        return self._drain()[-1]


async def installed(
    house: House, entry: dict[str, Any], disk: MemoryDisk | None = None
) -> FirmwareLock:
    """A lock that is connected and has all that is wanted."""
    lock = FirmwareLock(house, entry, disk)
    await lock.connect()
    await lock.settled()
    return lock
