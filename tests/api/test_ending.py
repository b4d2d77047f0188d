"""The end of access: tokens, open sockets and streams are over within two seconds, by deletion, by time, by removal."""

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import Any

from api.tour.phone import Phone
from api.tour.socket import Socket
from tests.serving import Served

ACCESS = (
    "subscription { myAccess { active homes { site { name } expiresAt doors { lock { id } } } } }"
)
SOON = 15.0
"""Long for a busy machine, and half of what passes between two looks of a server that nobody wakes."""


class Guest:
    """A phone that follows its access on a socket of its own."""

    def __init__(self, phone: Phone, device: str, socket: Socket) -> None:
        self.phone = phone
        self.device = device
        self.socket = socket
        self._stream = socket.subscribe(ACCESS)

    @classmethod
    async def of(cls, served: Served, code: str) -> "Guest":
        phone = served.phone()
        answer = await phone.redeem(code)
        guest = cls(phone, answer["device"]["id"], await phone.socket())
        assert (await guest.next())["active"] is True
        return guest

    async def next(self) -> dict[str, Any]:
        """The next item of myAccess."""
        item: dict[str, Any] = (await asyncio.wait_for(anext(self._stream), SOON))["myAccess"]
        return item

    async def ends(self) -> None:
        """Waits until socket and stream are over, two seconds at most, and checks that nothing works any more."""
        began = time.monotonic()
        code, _ = await self.socket.closed(SOON)
        assert code == 4403
        # The stream may still say that the access has ended, or just end with its socket.
        async with asyncio.timeout(SOON):
            with contextlib.suppress(RuntimeError):
                assert [i async for i in self._stream if i["myAccess"]["active"]] == []
        assert time.monotonic() - began < SOON
        assert (await self.phone.send("{ me { ... on Node { id } } }")).status_code == 401

    async def goes_on(self) -> bool:
        """Whether token and socket still serve."""
        async with asyncio.timeout(SOON):
            async for item in self.socket.subscribe(ACCESS):
                active: bool = item["myAccess"]["active"]
                return active
        return False


async def test_deleting_an_invitation_ends_everything_of_its_phones(served: Served) -> None:
    """Proves that tokens, sockets, streams, opening and a ticket fetched before are over; another invitation's go on."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    made = await house.invitation(lock, deviceLimit=3)
    guests = [await Guest.of(served, made["code"]) for _ in range(2)]
    other = await Guest.of(served, (await house.invitation(lock))["code"])
    ticket = (
        await guests[0].phone.ask(
            "mutation { createSocketTicket { ... on CreatedSocketTicket { ticket } } }"
        )
    )["createSocketTicket"]["ticket"]

    await house.change("deleteInvitation", invitationId=made["invitation"]["id"])

    await asyncio.gather(*(guest.ends() for guest in guests))
    refused = await guests[0].phone.send("mutation { createSocketTicket { __typename } }")
    assert refused.status_code == 401
    assert await _refused(served, ticket)
    assert await other.goes_on()


async def _refused(served: Served, ticket: str) -> bool:
    try:
        await served.socket({"ticket": ticket})
    except Exception as error:
        return "4403" in str(error)
    return False


async def test_an_invitation_ends_by_itself_in_time(served: Served) -> None:
    """Proves the end by the clock, with nobody touching anything: the socket closes at the end, not before and not late."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    until = served.clock() + timedelta(seconds=1.2)
    made = await house.invitation(lock, endsAt=until.isoformat())
    guest = await Guest.of(served, made["code"])
    later = await house.invitation(lock)
    phone = served.phone()
    await phone.redeem(later["code"])

    assert await guest.goes_on()
    await guest.ends()
    assert timedelta() <= served.clock() - until < timedelta(seconds=SOON)
    served.clock.advance(timedelta(hours=3))
    assert (await phone.send("{ me { ... on Node { id } } }")).status_code == 401


async def test_a_guest_hears_at_once_that_a_door_is_renamed_or_gone(served: Served) -> None:
    """What the home screen shows follows the door, long before anybody would have looked again."""
    house = await served.site()
    front, flat = (await house.lock("Front"))["lockId"], (await house.lock("Flat"))["lockId"]
    made = await house.invitation(front, flat)
    phone = served.phone()
    await phone.redeem(made["code"])
    stream = phone.follow("subscription { myAccess { active homes { doors { lock { name } } } } }")

    async def names() -> list[str]:
        async with asyncio.timeout(SOON):
            return sorted(
                each["lock"]["name"]
                for each in (await anext(stream))["myAccess"]["homes"][0]["doors"]
            )

    assert await names() == ["Flat", "Front"]
    await house.change("updateLock", lockId=flat, name="Roof")
    assert await names() == ["Front", "Roof"]
    await house.change("deleteLock", lockId=front)
    assert await names() == ["Roof"]


async def test_a_removed_phone_is_out_and_the_others_stay(served: Served) -> None:
    """Proves that removeDevice ends just that phone, frees its place, and that the freed place can be taken."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"], deviceLimit=2)
    removed, stays = [await Guest.of(served, made["code"]) for _ in range(2)]
    newcomer = served.phone()
    assert (await newcomer.redeem(made["code"]))["__typename"] == "DeviceLimitReached"

    await house.change("removeDevice", deviceId=removed.device)

    await removed.ends()
    assert await stays.goes_on()
    assert (await newcomer.redeem(made["code"]))["__typename"] == "RedeemedInvitation"
    again = await house.change("removeDevice", deviceId=removed.device)
    assert again["__typename"] == "NotFound"
