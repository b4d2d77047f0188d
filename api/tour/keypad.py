"""The hand at the door: the simulated locks' keypad page, pressed over its HTTP actions."""

import asyncio
from typing import Any

import httpx

from api.tour.failure import TourFailed


class Keypad:
    """One simulated lock's keypad. Find it with `Keypad.at`."""

    def __init__(self, url: str, http: httpx.AsyncClient, key: str) -> None:
        self._url = url
        self._http = http
        self._key = key

    @classmethod
    async def at(cls, url: str, http: httpx.AsyncClient, lock_id: str) -> "Keypad | None":
        """The keypad of a lock; None when no page answers, or it has no such lock."""
        try:
            locks = (await http.get(f"{url}/locks")).json()
        except (httpx.HTTPError, ValueError):
            return None
        for lock in locks:
            if lock["lockId"] == lock_id:
                return cls(url, http, lock["key"])
        return None

    async def _act(self, action: str, **body: Any) -> dict[str, Any]:
        answer = await self._http.post(
            f"{self._url}/locks/{self._key}/{action}", json=body, headers={"origin": self._url}
        )
        answer.raise_for_status()
        view: dict[str, Any] = answer.json()
        return view

    async def type(self, digits: str) -> bool:
        """Types digits and Enter; whether the door opened."""
        view = await self._act("keys", keys=[*digits, "ENTER"])
        return bool(view["doorOpen"])

    async def hello(self) -> str:
        """A phone is held to the door: what the lock says to it."""
        return str((await self._act("phone/hello"))["hello"])

    async def hand_over(self, presented: dict[str, Any]) -> dict[str, Any]:
        """What the lock answers to what a phone hands over."""
        return await self._act("phone", **presented)

    async def wait_closed(self) -> None:
        """Until the bolt is back, ten seconds at most. Raises TourFailed."""
        for _ in range(50):
            if not await self.door_open():
                return
            await asyncio.sleep(0.2)
        raise TourFailed("the bolt of a simulated lock did not come back within ten seconds")

    async def door_open(self) -> bool:
        """Whether the bolt is drawn now."""
        locks = (await self._http.get(f"{self._url}/locks")).json()
        return any(lock["doorOpen"] for lock in locks if lock["key"] == self._key)

    async def locked_out(self) -> bool:
        """Whether too many wrong entries have switched the keypad off."""
        locks = (await self._http.get(f"{self._url}/locks")).json()
        return any(lock["lockedOut"] for lock in locks if lock["key"] == self._key)

    async def network(self, *, on: bool) -> None:
        """Plugs the lock's network in or out."""
        await self._act("network", on=on)
