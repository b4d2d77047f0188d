"""What the chapters of the tour share: the site, its doors, the admin's browser, and a way to say what happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from api.tour.console import Console
from api.tour.keypad import Keypad
from api.tour.phone import Phone

Say = Callable[[str], object]

PIN_SYNC = """subscription($pin: ID!) { pinSync(pinId: $pin) {
  lock { name } status wantedVersion appliedVersion opensNow } }"""


class TourFailed(Exception):
    """A step did not get what it must."""


def expect(answer: dict[str, Any], typename: str) -> dict[str, Any]:
    """The answer, if it is of this type. Raises TourFailed."""
    if answer.get("__typename") != typename:
        raise TourFailed(
            f"expected {typename}, got {answer.get('__typename')}: {answer.get('message', '')}"
        )
    return answer


class Stage:
    """One playing of the tour. `sign_ins` maps the demo's e-mail addresses to their passwords."""

    def __init__(
        self,
        console: Console,
        http: httpx.AsyncClient,
        demo: dict[str, Any],
        panel_url: str,
        say: Say,
    ) -> None:
        self.console = console
        self.http = http
        self.site = str(demo["site"])
        self.sign_ins = {each["email"]: each["password"] for each in demo["signIns"]}
        self.panel_url = panel_url
        self.say = say
        self.locks: dict[str, str] = {}

    def phone(self) -> Phone:
        """A phone with a key of its own."""
        return Phone(self.console.url, self.http)

    async def keypad(self, door: str) -> Keypad | None:
        """The keypad of a simulated lock; None, said loudly, where no keypad page answers."""
        keypad = await Keypad.at(self.panel_url, self.http, self.locks[door])
        if keypad is None:
            self.say(
                f"   SKIPPED: no keypad of {door} at {self.panel_url}, so nobody can type on it"
            )
        return keypad

    async def until_online(self, door: str, *, online: bool = True) -> None:
        """Waits until the API says so, twenty seconds at most. Raises TourFailed."""
        for _ in range(100):
            data = await self.console.ask(
                "query($id: ID!) { node(id: $id) { ... on Lock { online } } }", id=self.locks[door]
            )
            if data["node"]["online"] is online:
                return
            await asyncio.sleep(0.2)
        raise TourFailed(f"{door} did not come {'online' if online else 'offline'}")

    @asynccontextmanager
    async def watching(self, pin_id: str) -> AsyncIterator["PinWatch"]:
        """The admin's stream of one PIN."""
        async with await self.console.socket() as socket:
            yield PinWatch(socket.subscribe(PIN_SYNC, pin=pin_id), self.say)


class PinWatch:
    """The stream `pinSync` of one PIN, as an admin watches it."""

    def __init__(self, items: AsyncIterator[dict[str, Any]], say: Say) -> None:
        self._items = items
        self._say = say

    async def until(self, status: str) -> None:
        """Says each state at each lock until one has this status, twenty seconds at most. Raises TourFailed."""
        async with asyncio.timeout(20):
            async for item in self._items:
                state = item["pinSync"]
                self._say(
                    f"   pinSync: {state['lock']['name']} {state['status']}, wanted version "
                    f"{state['wantedVersion']}, opens now: {state['opensNow']}"
                )
                if state["status"] == status:
                    return
        raise TourFailed(f"the PIN did not become {status}")
