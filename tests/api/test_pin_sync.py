"""A PIN from the admin's hand to the door, and what the admin may believe meanwhile; on both databases."""

from typing import Any

from tests.api.pin_steps import CREATED, pin_of, typed, until
from tests.serving import Served


async def test_a_new_pin_reaches_the_lock_and_opens_the_door(served: Served) -> None:
    """NOT_UPDATED until the lock has acknowledged, then UPDATED; the typed digits open and the event names the owner."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    made = await pin_of(house, entry["lockId"])

    seen = await until(house, made["pin"]["id"], "UPDATED")
    event = await typed(house, device, made["digits"])

    assert made["pin"]["lockSync"]["nodes"] == [{"status": "NOT_UPDATED"}]
    assert seen[-1]["opensNow"] == [1]
    assert seen[-1]["appliedVersion"] == 1
    assert (event["kind"], event["method"]) == ("OPENED", "PIN")
    assert event["member"] is not None


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
        "... on UpdatedPin { widened narrowed pin { lockSync { nodes { status opensNow wantedVersion appliedVersion } } } }",
        pinId=pin_id,
        digits="58203917",
    )
    device.network.turn(on=True)
    after = await until(house, pin_id, "UPDATED")

    assert changed["pin"]["lockSync"]["nodes"] == [
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
        "... on DeletedPin { pin { lockSync { nodes { status opensNow } } } }",
        pinId=made["pin"]["id"],
    )
    other = await house.member("Other")
    asked: dict[str, Any] = {
        "siteId": house.id,
        "owner": {"memberId": other},
        "lockIds": [entry["lockId"]],
        "digits": "49172638",
    }
    refused = await house.change("createPin", CREATED, **asked)
    device.network.turn(on=True)
    await until(house, made["pin"]["id"], "REMOVED")
    allowed = await house.change("createPin", CREATED, **asked)

    assert gone["pin"]["lockSync"]["nodes"] == [{"status": "NOT_UPDATED", "opensNow": [1]}]
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
