"""A lock without firmware: it connects like any other, and then does only what the test says.

Where the simulated lock is honest and quick, this one reports twice, late or nonsense, as a broken one would.
"""

import asyncio
import base64
import itertools
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from api.tour.socket import Socket
from domain.link.keys import LinkKeys
from domain.link.messages import SealedTimeBody, UnlockCommandBody
from domain.link.nonces import NONCE_BYTES
from domain.link.proof import make_proof
from domain.link.sealing import MessageKind, unseal_message
from tests.serving import Served

_CHALLENGE = "query($id: ID!) { lockChallenge(lockId: $id) }"
_FEED = """subscription($lock: ID!, $incarnation: String!, $epoch: Int!) {
  lockFeed(lockId: $lock, incarnation: $incarnation, epoch: $epoch, appliedRevision: 0) {
    __typename ... on Delivery { id } ... on UnlockCommand { id sealed }
    ... on SealedTime { id sealed } } }"""
_REPORT = """mutation($input: ReportLockInput!) { reportLock(input: $input) { __typename
  ... on LockReported { stateId eventsUpTo } ... on InvalidInput { field } ... on Error { message } } }"""


def new_nonce() -> str:
    """As a lock makes one."""
    return secrets.token_urlsafe(NONCE_BYTES)


class BareLock:
    """One connection of a lock. `state_id` is that of its disk, `nonce` its newest, `time` what it was told."""

    def __init__(self, served: Served, entry: dict[str, Any]) -> None:
        self._served = served
        self.entry = entry
        self.id: str = entry["lockId"]
        secret = entry["secret"]
        self._keys = LinkKeys.derive(base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)))
        self.state_id = secrets.token_hex(16)
        self.sequences = itertools.count(1)
        self.nonce = new_nonce()
        self.time: SealedTimeBody
        self.socket: Socket

    async def proof(self) -> str:
        """A proof over a fresh challenge."""
        answer = await self._served.post(_CHALLENGE, id=self.id)
        challenge = answer.json()["data"]["lockChallenge"]
        return make_proof(self._keys, self.id, challenge, secrets.token_hex(16))

    async def connect(self) -> Self:
        """Opens and proves a socket. Raises SocketRefused."""
        proof = await self.proof()
        self.socket = await self._served.socket({"lock": {"id": self.id, "proof": proof}})
        return self

    async def feed(self, incarnation: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """The items of a new feed, still sealed; deliveries are left lying."""
        items = self.socket.subscribe(
            _FEED, lock=self.id, incarnation=incarnation or self.entry["incarnation"], epoch=0
        )
        async for item in items:
            if item["lockFeed"]["__typename"] != "Delivery":
                yield item

    async def online(self) -> AsyncIterator[dict[str, Any]]:
        """A feed that is open, and a nonce reported: orders can be sent. The feed stands behind its first item."""
        feed = self.feed()
        first = asyncio.ensure_future(anext(feed))
        await asyncio.sleep(0)
        await self.report()
        self.time = self.read_time(await first)
        return feed

    async def report(self, *events: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Sends one report with a new nonce; returns the answer."""
        self.nonce = new_nonce()
        report = {"lockId": self.id, "appliedRevision": 0, "nonce": self.nonce, "events": events}
        answers = self.socket.subscribe(_REPORT, input={**report, **fields})
        answer: dict[str, Any] = (await anext(answers))["reportLock"]
        return answer

    def event(self, kind: str = "STARTED", **fields: Any) -> dict[str, Any]:
        """The next event of this disk, as a report carries it."""
        return {
            "stateId": self.state_id,
            "sequence": next(self.sequences),
            "at": datetime.now(UTC).isoformat(),
            "kind": kind,
            **fields,
        }

    def opened(self, command: UnlockCommandBody) -> dict[str, Any]:
        """The event of having carried out a command."""
        return self.event("OPENED", method="REMOTE", commandId=command.command_id)

    def read_command(self, item: dict[str, Any]) -> UnlockCommandBody:
        """Unseals an order."""
        assert item["lockFeed"]["__typename"] == "UnlockCommand"
        return UnlockCommandBody.decode(self._unseal(MessageKind.UNLOCK_COMMAND, item))

    def read_time(self, item: dict[str, Any]) -> SealedTimeBody:
        """Unseals the time."""
        assert item["lockFeed"]["__typename"] == "SealedTime"
        return SealedTimeBody.decode(self._unseal(MessageKind.SEALED_TIME, item))

    def _unseal(self, kind: MessageKind, item: dict[str, Any]) -> bytes:
        sealed = item["lockFeed"]["sealed"]
        data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        key = self._keys.bundle
        return unseal_message(key, kind, self.id, self.entry["incarnation"], data)[1]

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.socket.__aexit__(kind, error, trace)
