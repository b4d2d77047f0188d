"""A lock in the server's own process: it proves itself, applies what its feed hands out, and reports."""

import secrets
from datetime import datetime
from uuid import UUID

from bench.prepared import Kit
from domain.actors import LockActor
from domain.installation import Installation
from domain.link.claims import SILENT
from domain.link.keys import LinkKeys
from domain.link.messages import DeliveryBody
from domain.link.nonces import NONCE_BYTES
from domain.link.proof import make_proof
from domain.link.sealing import MessageKind, unseal_message
from domain.link.state import payload_hash, state_sum
from domain.node_ids import read_node_id
from domain.sync.connections import begin_connection
from domain.sync.feed import Feed, FeedItemKind
from domain.sync.lock_identity import make_challenge, prove_lock
from domain.sync.reports import Acknowledged, report_lock
from domain.sync.settling import FeedPosition


class Door:
    """One provisioned lock. `epoch` and `applied` are what it says of itself when it connects again."""

    def __init__(self, installation: Installation, kit: Kit) -> None:
        self._installation, self._kit = installation, kit
        self._keys = LinkKeys.derive(kit.secret)
        key = read_node_id("lock", kit.lock_id)
        assert key is not None
        self.id: UUID = key
        self._epoch, self._applied = 0, 0
        self._held: dict[str, tuple[int, bytes]] = {}
        self._actor: LockActor | None = None
        self._feed: Feed | None = None

    async def connect(self, now: datetime) -> None:
        """A new connection, and everything that is due on it, up to the report that all is applied."""
        challenge = make_challenge(self._installation, self._kit.lock_id, now)
        proof = make_proof(self._keys, self._kit.lock_id, challenge, secrets.token_hex(8))
        proven = await prove_lock(self._installation, self._kit.lock_id, proof, now)
        assert proven is not None
        self._actor = await begin_connection(proven, SILENT)
        assert self._actor is not None
        position = FeedPosition(self._epoch, self._applied)
        self._feed = await Feed.open(self._installation, self._actor, position, now)
        await self._report(now, None)
        await self.follow(now)

    async def follow(self, now: datetime) -> None:
        """Applies what is due, and acknowledges it."""
        assert self._feed is not None
        while True:
            items = [item async for item in self._feed.due(lambda: now)]
            due = [item for item in items if item.kind is FeedItemKind.DELIVERY]
            if not due:
                return
            for item in due:
                self._epoch, body = unseal_message(
                    self._keys.bundle,
                    MessageKind.DELIVERY,
                    self._kit.lock_id,
                    self._kit.incarnation,
                    item.sealed,
                )
                self._apply(DeliveryBody.decode(body))
            await self._report(now, UUID(due[-1].id))

    def _apply(self, delivery: DeliveryBody) -> None:
        if delivery.snapshot and delivery.part == 1:
            self._held.clear()
        for entry in delivery.entries:
            self._held.pop(entry.id, None)
            if entry.payload is not None:
                self._held[entry.id] = entry.version, payload_hash(entry.payload)
        self._applied = delivery.to_revision

    async def _report(self, now: datetime, delivery_id: UUID | None) -> None:
        assert self._actor is not None
        held = [(name, *each) for name, each in self._held.items()]
        await report_lock(
            self._installation,
            self._actor,
            lock_id=self.id,
            applied_revision=self._applied,
            acknowledged=Acknowledged(delivery_id, state_sum(held)) if delivery_id else None,
            nonce=secrets.token_urlsafe(NONCE_BYTES),
            events=(),
            now=now,
        )
