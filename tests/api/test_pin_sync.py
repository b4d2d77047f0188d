"""A PIN from the admin's hand to the door, and what the admin may believe meanwhile; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from locksim.device import Device
from tests.serving import House, Served

SYNC = """subscription($pin: ID!) { pinSync(pinId: $pin) {
  lock { name } status wantedVersion appliedVersion opensNow pendingSince propagation } }"""
CREATED = "... on CreatedPin { digits pin { id kind status lockSync { status } } }"


async def states(house: House, pin_id: str) -> AsyncIterator[dict[str, Any]]:
    """What `pinSync` says, item by item."""
    async with await house.served.socket({"token": house.token}) as socket:
        async for item in socket.subscribe(SYNC, pin=pin_id):
            yield item["pinSync"]


async def until(house: House, pin_id: str, status: str) -> list[dict[str, Any]]:
    """The stream's items up to the first with this status, ten seconds at most."""
    seen = []
    async with asyncio.timeout(10):
        async for state in states(house, pin_id):
            seen.append(state)
            if state["status"] == status:
                return seen
    raise AssertionError("the stream ended")


async def pin_of(house: House, *lock_ids: str, **fields: Any) -> dict[str, Any]:
    """A PIN of a new member at these locks."""
    owner = await house.member("Emil")
    made = await house.change(
        "createPin", CREATED, siteId=house.id, ownerId=owner, lockIds=list(lock_ids), **fields
    )
    assert made["__typename"] == "CreatedPin", made
    return made


async def typed(house: House, device: Device, digits: str) -> dict[str, Any]:
    """Types digits at the keypad; the event that the admin sees of it."""
    query = """query($id: ID!) { site(id: $id) { events(first: 1) { nodes {
      id kind method reasons memberId } } } }"""
    before = (await house.ask(query, id=house.id))["site"]["events"]["nodes"]
    await device.type(digits)
    async with asyncio.timeout(10):
        while True:
            now = (await house.ask(query, id=house.id))["site"]["events"]["nodes"]
            if now != before:
                event: dict[str, Any] = now[0]
                return event
            await asyncio.sleep(0.02)


async def test_a_new_pin_reaches_the_lock_and_opens_the_door(served: Served) -> None:
    """NOT_UPDATED until the lock has acknowledged, then UPDATED; the typed digits open and the event names the owner."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    made = await pin_of(house, entry["lockId"])

    seen = await until(house, made["pin"]["id"], "UPDATED")
    event = await typed(house, device, made["digits"])

    assert made["pin"]["lockSync"] == [{"status": "NOT_UPDATED"}]
    assert seen[-1]["opensNow"] == [1]
    assert seen[-1]["appliedVersion"] == 1
    assert (event["kind"], event["method"]) == ("OPENED", "PIN")
    assert event["memberId"] is not None


async def test_the_old_pin_is_said_to_open_until_the_lock_has_heard_of_the_new_one(
    served: Served,
) -> None:
    """Changed while the lock is offline: opensNow keeps the old version; after reconnecting only the new one opens."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    made = await pin_of(house, entry["lockId"], digits="49172638")
    pin_id = made["pin"]["id"]
    await until(house, pin_id, "UPDATED")
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)

    changed = await house.change(
        "updatePin",
        "... on UpdatedPin { widened narrowed pin { lockSync { status opensNow wantedVersion appliedVersion } } }",
        pinId=pin_id,
        digits="58203917",
    )
    device.network.turn(on=True)
    after = await until(house, pin_id, "UPDATED")

    assert changed["pin"]["lockSync"] == [
        {"status": "NOT_UPDATED", "opensNow": [1], "wantedVersion": 2, "appliedVersion": 1}
    ]
    assert after[-1]["opensNow"] == [2]
    assert (await typed(house, device, "49172638"))["kind"] == "DENIED"
    assert (await typed(house, device, "58203917"))["kind"] == "OPENED"


async def test_a_deleted_pin_is_removed_only_when_the_lock_says_so(served: Served) -> None:
    """REMOVED is the acknowledged removal; until then its digits stay taken and opensNow tells that they open."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    made = await pin_of(house, entry["lockId"], digits="49172638")
    await until(house, made["pin"]["id"], "UPDATED")
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)

    gone = await house.change(
        "deletePin",
        "... on DeletedPin { pin { lockSync { status opensNow } } }",
        pinId=made["pin"]["id"],
    )
    other = await house.member("Other")
    asked = {
        "siteId": house.id,
        "ownerId": other,
        "lockIds": [entry["lockId"]],
        "digits": "49172638",
    }
    refused = await house.change("createPin", CREATED, **asked)
    device.network.turn(on=True)
    await until(house, made["pin"]["id"], "REMOVED")
    allowed = await house.change("createPin", CREATED, **asked)

    assert gone["pin"]["lockSync"] == [{"status": "NOT_UPDATED", "opensNow": [1]}]
    assert refused["__typename"] == "PinNotAcceptable"
    assert allowed["__typename"] == "CreatedPin"


async def test_a_blocked_pin_opens_nothing_and_an_unblocked_one_opens_again(served: Served) -> None:
    """Blocking is a change like any other: versions, statuses, and the keypad's answer follow."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    made = await pin_of(house, entry["lockId"])
    pin_id = made["pin"]["id"]
    await until(house, pin_id, "UPDATED")

    await house.change("blockPin", pinId=pin_id)
    blocked = await until(house, pin_id, "UPDATED")
    denied = await typed(house, device, made["digits"])
    await house.change("unblockPin", pinId=pin_id)
    open_again = await until(house, pin_id, "UPDATED")

    assert blocked[-1]["opensNow"] == []
    assert denied["kind"] == "DENIED"
    assert open_again[-1]["opensNow"] == [3]
    assert (await typed(house, device, made["digits"]))["kind"] == "OPENED"
