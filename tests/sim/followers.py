"""People at streams while mutations cross: whatever a stream has said last is what the API says, once all is at rest.

The servers' slow polls are off, so a stream that nobody wakes stays behind and is seen.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

from tests.api.member_steps import MY_ACCESS, MembersPhone, member_phone
from tests.serving import House
from tests.sim.api_picture import Told

SYNC = "wantedRevision appliedRevision pending status"
SITE_SYNC = f"""subscription($id: ID!) {{ siteSync(siteId: $id) {{
  lock {{ id online sync {{ {SYNC} }} }} }} }}"""
PIN_SYNC = """subscription($id: ID!) { pinSync(pinId: $id) {
  lock { id } status wantedVersion appliedVersion opensNow } }"""


class Follower:
    """Somebody at one stream. `last` is what it has said last of each thing."""

    def __init__(
        self, items: AsyncIterator[dict[str, Any]], name: Callable[[dict[str, Any]], str]
    ) -> None:
        self.last: dict[str, dict[str, Any]] = {}
        self._reading = asyncio.create_task(self._read(items, name))

    async def _read(
        self, items: AsyncIterator[dict[str, Any]], name: Callable[[dict[str, Any]], str]
    ) -> None:
        async for item in items:
            (said,) = item.values()
            self.last[name(said)] = said

    async def stop(self) -> None:
        """Whoever follows goes."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


def _of_lock(said: dict[str, Any]) -> str:
    return str(said["lock"]["id"])


class Followers:
    """An admin at the site's stream and at one PIN's, and a member's phone at that of its doors."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._open = AsyncExitStack()
        self._phone: MembersPhone
        self._member = ""
        self._locks: Follower
        self._doors: Follower
        self._pin: Follower
        self._pin_id = ""

    async def begin(self, number: int) -> None:
        """They sign in and open their streams."""
        email = f"follower{number}-{self._house.row.id.hex[-12:]}@example.com"
        self._phone, self._member = await member_phone(self._house, email)
        socket = await self._open.enter_async_context(
            await self._house.served.socket({"token": self._house.token})
        )
        self._locks = Follower(socket.subscribe(SITE_SYNC, id=self._house.id), _of_lock)
        self._doors = Follower(self._phone.follow(MY_ACCESS), lambda _: "")
        self._open.push_async_callback(self._locks.stop)
        self._open.push_async_callback(self._doors.stop)

    async def end(self) -> None:
        """They go."""
        await self._open.aclose()

    async def follow(self, pin_id: str) -> AsyncExitStack:
        """The admin turns to this PIN, until the stack is closed."""
        stack = AsyncExitStack()
        socket = await stack.enter_async_context(
            await self._house.served.socket({"token": self._house.token})
        )
        self._pin_id = pin_id
        self._pin = Follower(socket.subscribe(PIN_SYNC, id=pin_id), _of_lock)
        stack.push_async_callback(self._pin.stop)
        return stack

    async def behind(self, told: Told) -> list[str]:
        """What the streams have said last and is not so, in words."""
        found = []
        for key, lock in told.of("lock").items():
            said = self._locks.last.get(key, {"lock": {"online": None, "sync": {}}})["lock"]
            now = {name: lock["sync"][name] for name in SYNC.split()}
            if (said["online"], said["sync"]) != (lock["online"], now):
                found.append(f"siteSync said last {said}, the API says {lock['sync']}")
        for sync in told.nodes.get(self._pin_id, {}).get("lockSync", ()):
            said = self._pin.last.get(sync["lock"]["id"], {})
            if any(
                said.get(name) != sync[name] for name in ("status", "wantedVersion", "opensNow")
            ):
                found.append(f"pinSync of {self._pin_id} said last {said}, the API says {sync}")
        if self._member in told.nodes:
            homes = await self._phone.homes()
            said = self._doors.last.get("", {}).get("homes")
            if said != homes:
                found.append(f"myAccess of {self._member} said last {said}, the API says {homes}")
        return found
