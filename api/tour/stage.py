"""What the chapters of the tour share: the site, its doors, the admin's browser, and a way to say what happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from api.tour.console import Console
from api.tour.failure import TourFailed
from api.tour.keypad import Keypad
from api.tour.phone import Phone

__all__ = ["PinWatch", "Say", "Stage", "TourFailed", "expect"]

Say = Callable[[str], object]
PATIENCE_SECONDS = 20

PIN_SYNC = """subscription($pin: ID!) { pinSync(pinId: $pin) {
  lock { name } status wantedVersion appliedVersion opensNow } }"""


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
        self._say = say
        self.last = "the beginning"
        """The last step that went well."""
        self.locks: dict[str, str] = {}

    def say(self, step: str) -> None:
        """Tells a step that went well."""
        self.last = step.strip()
        self._say(f"   {step}")

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
        for _ in range(PATIENCE_SECONDS * 5):
            data = await self.console.ask(
                "query($id: ID!) { node(id: $id) { ... on Lock { online } } }", id=self.locks[door]
            )
            if data["node"]["online"] is online:
                return
            await asyncio.sleep(0.2)
        raise TourFailed(f"{door} did not come {'online' if online else 'offline'}")

    @asynccontextmanager
    async def watching(self, pin_id: str, door: str) -> AsyncIterator["PinWatch"]:
        """The admin's stream of one PIN, of which one door is told."""
        async with await self.console.socket() as socket:
            yield PinWatch(socket.subscribe(PIN_SYNC, pin=pin_id), door, self.say)

    @asynccontextmanager
    async def leaving_nothing(self, mutation: str, **fields: Any) -> AsyncIterator[None]:
        """Makes this change at the end, also of a chapter that fails or is interrupted, so that the next one can begin."""
        try:
            yield
        finally:
            with suppress(Exception):  # what matters is how the chapter itself ended
                async with asyncio.timeout(5):
                    await self.console.change(mutation, **fields)


class PinWatch:
    """The stream `pinSync` of one PIN, as an admin watches it."""

    def __init__(self, items: AsyncIterator[dict[str, Any]], door: str, say: Say) -> None:
        self._items = items
        self._door = door
        self._say = say

    async def until(self, status: str) -> None:
        """Says each state at the door until it has this status, twenty seconds at most. Raises TourFailed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for item in self._items:
                    state = item["pinSync"]
                    if state["lock"]["name"] != self._door:
                        continue
                    self._say(
                        f"   pinSync: {self._door} {state['status']}, wanted version "
                        f"{state['wantedVersion']}, opens now: {state['opensNow']}"
                    )
                    if state["status"] == status:
                        return
        raise TourFailed(
            f"the PIN at {self._door} did not become {status} within {PATIENCE_SECONDS} seconds"
        )
