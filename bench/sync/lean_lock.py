"""A lock without disk and keypad: it proves itself, applies sealed deliveries, sums and acknowledges."""

import asyncio
import secrets
import time

import httpx

from bench.prepared import Kit
from bench.sync.wire import PATIENCE_SECONDS, Wire
from domain.link.entries import Entry
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody
from domain.link.nonces import NONCE_BYTES
from domain.link.proof import make_proof
from domain.link.sealing import MessageKind, unseal_message
from domain.link.state import payload_hash, state_sum
from domain.security import base64url

NONCE_SECONDS = 30.0
FEED = """subscription($lock: ID!, $incarnation: String!) {
  lockFeed(lockId: $lock, incarnation: $incarnation, epoch: 0, appliedRevision: 0) {
    __typename ... on Delivery { id sealed } } }"""
REPORT = """mutation($input: ReportLockInput!) { reportLock(input: $input) {
  __typename ... on Error { message } } }"""


class LeanLock:
    """Applies deliveries and acknowledges them, and reports a nonce now and then; nothing else."""

    def __init__(self, url: str, kit: Kit) -> None:
        self.url, self.kit = url, kit
        self.acknowledged: dict[int, float] = {}
        """When the server had answered the acknowledgement, by revision."""
        self.settled = asyncio.Event()
        self._keys = LinkKeys.derive(kit.secret)
        self._applied, self._sum = 0, 0
        self._held: dict[str, tuple[int, bytes]] = {}
        self._reported: dict[str, int] = {}

    async def run(self, http: httpx.AsyncClient, handshakes: asyncio.Semaphore) -> None:
        """Connected until cancelled."""
        async with handshakes:
            body = {
                "query": "query($id: ID!) { lockChallenge(lockId: $id) }",
                "variables": {"id": self.kit.lock_id},
            }
            answer = (await http.post(f"{self.url}/graphql", json=body)).json()
            proof = make_proof(
                self._keys, self.kit.lock_id, answer["data"]["lockChallenge"], secrets.token_hex(8)
            )
            payload = {"lock": {"id": self.kit.lock_id, "proof": proof}}
            wire = await Wire.open(self.url, payload)
        feed = await wire.ask(FEED, lock=self.kit.lock_id, incarnation=self.kit.incarnation)
        await self._report(wire, None)
        keeping = asyncio.create_task(self._keep(wire))
        try:
            async for name, data in wire.messages():
                if name != feed:
                    self._answered(name)
                elif data["lockFeed"]["__typename"] == "Delivery":
                    await self._take(wire, data["lockFeed"])
        finally:
            keeping.cancel()
            await wire.socket.close()

    async def _keep(self, wire: Wire) -> None:
        while True:
            await asyncio.sleep(NONCE_SECONDS)
            await self._report(wire, None)

    async def _report(self, wire: Wire, delivery: str | None) -> None:
        ack = (
            None
            if delivery is None
            else {"deliveryId": delivery, "stateSum": f"{self._sum % 2**256:064x}"}
        )
        report = {
            "lockId": self.kit.lock_id,
            "appliedRevision": self._applied,
            "nonce": secrets.token_urlsafe(NONCE_BYTES),
            "ack": ack,
        }
        name = await wire.ask(REPORT, input=report)
        if delivery is not None:
            self._reported[name] = self._applied

    def _answered(self, name: str) -> None:
        revision = self._reported.pop(name, None)
        if revision is not None:
            self.acknowledged[revision] = time.perf_counter()
            self.settled.set()

    async def _take(self, wire: Wire, message: dict[str, str]) -> None:
        sealed = message["sealed"]
        data = base64url.decode(sealed)
        _, body = unseal_message(
            self._keys.bundle,
            MessageKind.DELIVERY,
            self.kit.lock_id,
            self.kit.incarnation,
            data,
        )
        delivery = DeliveryBody.decode(body)
        if delivery.snapshot:
            self._held.clear()
            self._sum = 0
        for entry in delivery.entries:
            self._apply(entry)
        self._applied = delivery.to_revision
        await self._report(wire, message["id"])

    def _apply(self, entry: Entry) -> None:
        old = self._held.pop(entry.id, None)
        if old is not None:
            self._sum -= _sum_of(entry.id, *old)
        if entry.payload is not None:
            self._held[entry.id] = entry.version, payload_hash(entry.payload)
            self._sum += _sum_of(entry.id, *self._held[entry.id])


def _sum_of(name: str, version: int, digest: bytes) -> int:
    """What one entry adds to the sum: with ten thousand of them it is not counted anew each time."""
    return int(state_sum([(name, version, digest)]), 16)


async def until_acknowledged(lock: LeanLock, after: float) -> float:
    """When the server had answered this lock's first acknowledgement after that time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            times = [at for at in lock.acknowledged.values() if at > after]
            if times:
                return min(times)
            lock.settled.clear()
            await lock.settled.wait()
