"""The tour: an admin invites, a phone redeems, a door opens, and the access ends. Each step says what it asked and got."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

from api.tour.console import Console
from api.tour.phone import Phone

Say = Callable[[str], object]
DOOR = "Front door"


class TourFailed(Exception):
    """A step did not get what it must."""


def expect(answer: dict[str, Any], typename: str) -> dict[str, Any]:
    """The answer, if it is of this type. Raises TourFailed."""
    if answer.get("__typename") != typename:
        raise TourFailed(
            f"expected {typename}, got {answer.get('__typename')}: {answer.get('message', '')}"
        )
    return answer


async def play(url: str, data_dir: Path, say: Say) -> None:
    """Plays every chapter. Raises TourFailed at the first step that goes wrong."""
    demo_file = data_dir / "demo.json"
    if not demo_file.exists():
        raise TourFailed(
            f"there is no {demo_file.name} in the data directory: run `latchwork seed` first"
        )
    demo = orjson.loads(demo_file.read_bytes())
    try:
        async with AsyncExitStack() as stack:
            console = Console(url)
            stack.push_async_callback(console.close)
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
            tour = Tour(console, http, demo, say)
            await tour.sign_in()
            await tour.invitation()
    except (httpx.HTTPError, OSError) as error:
        raise TourFailed(f"no answer from {url} ({type(error).__name__})") from None
    except (RuntimeError, TimeoutError) as error:
        raise TourFailed(str(error) or type(error).__name__) from None


class Tour:
    """The chapters, and what they share."""

    def __init__(
        self, console: Console, http: httpx.AsyncClient, demo: dict[str, Any], say: Say
    ) -> None:
        self.console = console
        self.http = http
        self.demo = demo
        self.say = say
        self.site = str(demo["site"])
        self.locks: dict[str, str] = {}

    def phone(self) -> Phone:
        """A phone with a key of its own."""
        return Phone(self.console.url, self.http)

    async def sign_in(self) -> None:
        """An admin signs in on the console and sees the doors."""
        owner = self.demo["signIns"][0]
        answer = expect(await self.console.sign_in(owner["email"], owner["password"]), "SignedIn")
        self.say(f"signIn {owner['email']}: {answer['member']['role']} until {answer['expiresAt']}")
        data = await self.console.ask(
            "query($id: ID!) { site(id: $id) { name locks { nodes { id name online propagation } } } }",
            id=self.site,
        )
        for lock in data["site"]["locks"]["nodes"]:
            self.locks[lock["name"]] = lock["id"]
            state = "online" if lock["online"] else "offline"
            self.say(f"   {lock['name']}: {state}, {lock['propagation']}")
        await self._until_online(DOOR)

    async def _until_online(self, name: str) -> None:
        for _ in range(100):
            data = await self.console.ask(
                "query($id: ID!) { node(id: $id) { ... on Lock { online } } }", id=self.locks[name]
            )
            if data["node"]["online"]:
                return
            await asyncio.sleep(0.2)
        raise TourFailed(f"the simulated lock {name!r} did not come online")

    async def invitation(self) -> None:
        """Invitation, redemption, opening, limit, deletion."""
        now = datetime.now(UTC)
        made = expect(
            await self.console.change(
                "createInvitation",
                "... on CreatedInvitation { code invitation { id status deviceLimit } }",
                siteId=self.site,
                name="Tour guest",
                lockIds=[self.locks[DOOR]],
                validFrom=(now - timedelta(minutes=1)).isoformat(),
                validUntil=(now + timedelta(hours=2)).isoformat(),
                deviceLimit=1,
            ),
            "CreatedInvitation",
        )
        invitation = made["invitation"]
        self.say(f"createInvitation for {DOOR}: code {made['code']}, {invitation['status']}")
        phone = self.phone()
        home = expect(await phone.redeem(made["code"]), "RedeemedInvitation")["home"]
        doors = ", ".join(lock["name"] for lock in home["locks"])
        self.say(
            f"redeemInvitation on a phone: {home['siteName']}, {doors}, until {home['expiresAt']}"
        )
        opened = expect(await phone.open(self.locks[DOOR]), "OpenedLock")["event"]
        self.say(f"openLock: the lock says {opened['kind']} at {opened['at']}")
        await self._see_event(opened["id"])
        full = expect(await self.phone().redeem(made["code"], "Second phone"), "DeviceLimitReached")
        self.say(f"a second phone redeems: {full['__typename']} ({full['message']})")
        await self._delete_and_see_it_end(invitation["id"], phone)

    async def _see_event(self, event_id: str) -> None:
        data = await self.console.ask(
            "query($id: ID!) { site(id: $id) { events(first: 10) { nodes { id kind method lock { name } } } } }",
            id=self.site,
        )
        for event in data["site"]["events"]["nodes"]:
            if event["id"] == event_id:
                self.say(
                    f"the admin sees: {event['lock']['name']} {event['kind']} by {event['method']}"
                )
                return
        raise TourFailed("the admin does not see the event")

    async def _delete_and_see_it_end(self, invitation_id: str, phone: Phone) -> None:
        async with await phone.socket() as socket:
            stream = socket.subscribe("subscription { myAccess { active } }")
            if not (await anext(stream))["myAccess"]["active"]:
                raise TourFailed("myAccess does not start active")
            deleted = await self.console.change(
                "deleteInvitation",
                "... on DeletedInvitation { invitation { status } }",
                invitationId=invitation_id,
            )
            expect(deleted, "DeletedInvitation")
            code, reason = await socket.closed(within_seconds=2)
        self.say(f"deleteInvitation: the phone's socket closes with {code} {reason}")
        refused = await phone.send("{ me { id } }")
        if refused.status_code != 401:
            raise TourFailed(f"the deleted invitation's phone still gets {refused.status_code}")
        self.say(
            f"the phone asks again: {refused.status_code} {refused.json()['errors'][0]['message']}"
        )
