"""The admin who changes PINs and watches them arrive."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bench.prepared import Kit, Prepared
from bench.sync.lean_lock import LeanLock
from bench.sync.wire import PATIENCE_SECONDS, Wire

PIN_SYNC = """subscription($pin: ID!) { pinSync(pinId: $pin) {
  lock { id } status wantedVersion appliedVersion } }"""
UPDATE = """mutation($input: UpdatePinInput!) { updatePin(input: $input) {
  __typename ... on Error { message } } }"""
CREATE = """mutation($input: CreatePinInput!) { createPin(input: $input) {
  __typename ... on CreatedPin { pin { id } } ... on Error { message } } }"""


class Admin:
    """Changes PINs and watches them."""

    def __init__(self, url: str, prepared: Prepared, http: httpx.AsyncClient) -> None:
        self.url, self.prepared, self.http = url, prepared, http
        self.seen: dict[tuple[str, int], float] = {}
        """When the stream said that a lock has a version of the PIN watched."""
        self.stirred = asyncio.Event()
        self._days = itertools.cycle((["MONDAY"], ["TUESDAY"]))

    async def ask(self, query: str, **fields: Any) -> dict[str, Any]:
        """The answer of a mutation. Raises RuntimeError for a refusal."""
        body = {"query": query, "variables": {"input": fields}}
        bearer = {"authorization": f"Bearer {self.prepared.token}"}
        answer = (await self.http.post(f"{self.url}/graphql", json=body, headers=bearer)).json()
        ((_, result),) = answer["data"].items()
        if "message" in result:
            raise RuntimeError(result["message"])
        return dict(result)

    async def pin(self, kits: Sequence[Kit]) -> str:
        """A PIN at these locks."""
        locks = [kit.lock_id for kit in kits]
        site, owner = self.prepared.site, self.prepared.member
        made = await self.ask(CREATE, siteId=site, owner={"memberId": owner}, lockIds=locks)
        return str(made["pin"]["id"])

    async def change(self, pin: str) -> float:
        """Another day; when the mutation was sent."""
        began = time.perf_counter()
        await self.ask(UPDATE, pinId=pin, weekdays=next(self._days))
        return began

    @asynccontextmanager
    async def watching(self, pin: str) -> AsyncIterator[None]:
        """Follows `pinSync` of this PIN meanwhile."""
        self.seen.clear()
        wire = await Wire.open(self.url, {"token": self.prepared.token})
        await wire.ask(PIN_SYNC, pin=pin)
        task = asyncio.create_task(self._follow(wire))
        try:
            yield
        finally:
            task.cancel()
            await wire.socket.close()

    async def _follow(self, wire: Wire) -> None:
        async for _, data in wire.messages():
            state = data["pinSync"]
            if state["status"] == "UPDATED":
                self.seen.setdefault(
                    (state["lock"]["id"], state["appliedVersion"]), time.perf_counter()
                )
                self.stirred.set()

    async def until_seen(self, locks: Sequence[LeanLock], version: int) -> list[float]:
        """When the stream had said it of each of these locks."""
        keys = [(lock.kit.lock_id, version) for lock in locks]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while any(key not in self.seen for key in keys):
                self.stirred.clear()
                await self.stirred.wait()
        return [self.seen[key] for key in keys]
