"""Changes reach the lock whatever is lost on the way, and what is said of them stays true; on both databases."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

from locksim.signals import Delivery
from tests.api.firmware_lock import FirmwareLock, installed
from tests.api.pin_steps import at_lock, pin_of, until, until_all
from tests.domain.sync.crowd import crowd
from tests.locksim.rig import MemoryDisk
from tests.serving import Served
from tests.waiting import eventually

SITE_SYNC = """subscription($site: ID!) { siteSync(siteId: $site) { lock {
  name online sync { wantedRevision appliedRevision pending status } } } }"""


async def test_changes_arrive_whatever_is_cut_between_any_two_messages(served: Served) -> None:
    """Before the delivery is applied, after it but before the report, and after a report whose answer is lost."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    pin_id = made["pin"]["id"]

    for step, version in (("not applied", 2), ("not reported", 3), ("not answered", 4)):
        change = "blockPin" if version % 2 == 0 else "unblockPin"
        if version == 2:
            await lock.settled()
        await house.change(change, pinId=pin_id)
        delivery = await lock.next_delivery()
        if step != "not applied":
            lock.hear(delivery)
        if step == "not answered":
            await lock.say(dict(lock.reports[0].to_input(lock.id)))
        await lock.disconnect()
        meanwhile = await at_lock(house, pin_id, lock.id)
        await lock.connect()
        await lock.settled()
        state = await at_lock(house, pin_id, lock.id)
        assert (state["status"], state["appliedVersion"]) == ("UPDATED", version), step
        if step != "not answered":
            assert meanwhile["status"] == "NOT_UPDATED"
    assert lock.enter(made["digits"]).value == "DENIED"


async def test_a_newer_feed_wins_and_the_older_one_ends(served: Served) -> None:
    """A lock that comes back before the server has noticed gets its changes on the new socket, and only there."""
    house = await served.site()
    entry = await house.lock()
    first = await installed(house, entry)
    second = FirmwareLock(house, entry, first.disk)
    await second.connect()
    await second.tell()
    async with asyncio.timeout(10):
        while await first.feed.get() is not None:
            pass

    made = await pin_of(house, entry["lockId"])
    await second.settled()

    assert second.enter(made["digits"]).value == "GRANTED"
    assert first.feed.empty()


async def test_a_delivery_that_nobody_answers_is_handed_out_again_under_its_name(
    served: Served,
) -> None:
    """After twenty seconds, then forty, then eighty, as the same delivery: a deaf lock does not fill the database."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    first = await lock.next_delivery()

    again = []
    for seconds in (21, 41, 81):
        served.clock.advance(timedelta(seconds=seconds))
        await house.change("updatePin", pinId=made["pin"]["id"], notes="n")  # wakes nobody
        await lock.say(
            {"lockId": lock.id, "appliedRevision": 0, "nonce": secrets.token_urlsafe(32)}
        )
        again.append(await lock.next_delivery())

    assert {each.id for each in again} == {first.id}
    lock.hear(again[-1])
    await lock.tell()
    assert (await at_lock(house, made["pin"]["id"], lock.id))["status"] == "UPDATED"


async def test_a_removal_while_offline_is_pending_and_says_since_when(served: Served) -> None:
    """opensNow keeps what the lock had, pendingSince is the first of two changes, and both end with the lock's word."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    await lock.settled()
    await lock.disconnect()
    served.clock.advance(timedelta(hours=3))
    when = served.clock()
    await house.change("blockPin", pinId=made["pin"]["id"])
    served.clock.advance(timedelta(hours=2))
    await house.change("deletePin", pinId=made["pin"]["id"])
    served.clock.advance(timedelta(hours=5))
    pending = await at_lock(house, made["pin"]["id"], lock.id)
    still_opens = lock.enter(made["digits"]).value
    await lock.connect()
    await lock.settled()
    done = await at_lock(house, made["pin"]["id"], lock.id)

    assert (pending["status"], pending["opensNow"]) == ("NOT_UPDATED", [1])
    assert when.isoformat()[:16] == pending["pendingSince"][:16]
    assert still_opens == "GRANTED"
    assert (done["status"], done["opensNow"], done["pendingSince"]) == ("REMOVED", [], None)
    assert lock.enter(made["digits"]).value == "DENIED"


async def test_a_lock_provisioned_anew_gets_everything_and_its_old_digits_are_useless(
    served: Served,
) -> None:
    """Pending until proven; then a snapshot to the empty disk, and the old life's secret opens no socket any more."""
    house = await served.site()
    entry = await house.lock()
    old = await installed(house, entry)
    kept, gone = await pin_of(house, entry["lockId"]), await pin_of(house, entry["lockId"])
    await old.settled()
    await house.change("deletePin", pinId=gone["pin"]["id"])
    kit = await house.change(
        "provisionLock", "... on ProvisionedLock { incarnation secret }", lockId=entry["lockId"]
    )
    new_entry = {**entry, "incarnation": kit["incarnation"], "secret": kit["secret"]}

    await old.settled()
    before_proof = await at_lock(house, kept["pin"]["id"], old.id)
    new = FirmwareLock(house, new_entry, MemoryDisk())
    assert new.enter(kept["digits"]).value == "DENIED"
    await new.connect()
    await new.tell()
    meanwhile = await at_lock(house, kept["pin"]["id"], old.id)
    snapshot = await new.next_delivery()
    new.hear(snapshot)
    await new.tell()

    assert before_proof["status"] == "UPDATED"
    assert (meanwhile["status"], meanwhile["appliedVersion"]) == ("NOT_UPDATED", None)
    assert new.body(snapshot).snapshot
    assert [new.enter(each["digits"]).value for each in (kept, gone)] == ["GRANTED", "DENIED"]
    await until_all(house, kept["pin"]["id"], Front_door="UPDATED")
    await until_all(house, gone["pin"]["id"], Front_door="REMOVED")
    async with asyncio.timeout(10):
        while await old.feed.get() is not None:
            pass


async def test_more_changes_than_one_delivery_carries_arrive_in_parts(served: Served) -> None:
    """Beyond 500 entries: to a lock that is there in several deliveries, to a new one as a snapshot in parts."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    await crowd(served.installation, house.by, house.row, lock.id, 620, served.clock())
    parts = [await lock.settle(), await lock.settle()]
    fresh = await house.change(
        "provisionLock", "... on ProvisionedLock { incarnation secret }", lockId=entry["lockId"]
    )
    new = FirmwareLock(house, {**entry, **{k: fresh[k] for k in ("incarnation", "secret")}})
    await new.connect()
    await new.tell()
    first, second = await new.next_delivery(), await new.next_delivery()
    bodies = [new.body(first), new.body(second)]
    new.hear(second)
    await new.tell()
    half = await new.sync()
    new.hear(first)
    await new.tell()

    assert [len(lock.body(each).entries) for each in parts] == [500, 120]
    assert first.id == second.id
    assert [(body.part, body.parts, len(body.entries)) for body in bodies] == [
        (1, 2, 500),
        (2, 2, 121),
    ]
    assert half["pending"] == 621
    assert (await new.sync())["pending"] == 0
    assert new.state.entries.keys() == lock.state.entries.keys()


async def test_site_sync_tells_the_present_and_then_each_change(served: Served) -> None:
    """Every lock first; then pending, back to nothing pending, offline; a stream opened later begins with the present."""
    house = await served.site()
    entry, other = await house.lock("Front"), await house.lock("Back")
    lock = await installed(house, entry)

    async with await served.socket({"token": house.token}) as socket:
        stream = socket.subscribe(SITE_SYNC, site=house.id)
        first = [(await anext(stream))["siteSync"]["lock"] for _ in range(2)]
        made = await pin_of(house, entry["lockId"])
        pending = await next_of(stream, lambda seen: seen["sync"]["pending"] == 1)
        await lock.settled()
        done = await next_of(stream, lambda seen: seen["sync"]["pending"] == 0)
        await lock.disconnect()
        offline = await next_of(stream, lambda seen: not seen["online"])

    assert {each["name"]: each["online"] for each in first} == {"Front": True, "Back": False}
    assert (pending["sync"]["status"], done["sync"]["status"]) == ("NOT_UPDATED", "UPDATED")
    assert done["sync"]["wantedRevision"] == done["sync"]["appliedRevision"]
    assert offline["name"] == "Front"
    assert (await until(house, made["pin"]["id"], "UPDATED"))[0]["status"] == "UPDATED"
    assert (await FirmwareLock(house, other).sync())["status"] == "NOT_UPDATED"


async def next_of(stream: Any, wanted: Any) -> dict[str, Any]:
    """The first item of `siteSync` that is as wanted, ten seconds at most."""
    async with asyncio.timeout(10):
        async for item in stream:
            lock: dict[str, Any] = item["siteSync"]["lock"]
            if wanted(lock):
                return lock
    raise AssertionError("the stream ended")


async def test_the_sites_zone_and_pin_mode_reach_the_lock(served: Served) -> None:
    """Settings are an entry like any other: PIN mode at lock, hub and reader, and the zone in which schedules are read."""
    house = await served.site()
    hub = await house.change(
        "createHub", "... on CreatedHub { hub { id } }", siteId=house.id, name="H"
    )
    hub_id = hub["hub"]["id"]
    entry = await house.lock()
    await house.change(
        "updateLock", lockId=entry["lockId"], connectivity="WIRELESS_GATEWAY", hubId=hub_id
    )
    made = await pin_of(house, entry["lockId"])
    lock = await installed(house, entry)
    query = (
        "query($id: ID!) { node(id: $id) { ... on Lock { pinEnabled readers { id pinEnabled } } } }"
    )
    readers = (await house.ask(query, id=lock.id))["node"]["readers"]

    seen = []
    for target in ({"lockId": lock.id}, {"hubId": hub_id}, {"readerId": readers[0]["id"]}):
        for enabled in (False, True):
            answer = await house.change(
                "setPinMode",
                "... on SetPinMode { readers { id pinEnabled } }",
                target=target,
                enabled=enabled,
            )
            assert answer["readers"] == [{"id": readers[0]["id"], "pinEnabled": enabled}]
            assert (await house.ask(query, id=lock.id))["node"]["pinEnabled"] is enabled
            await lock.settled()
            seen.append(lock.enter(made["digits"]).value)
    await house.change("updateSite", siteId=house.id, timezone="Pacific/Auckland")
    await lock.settled()
    blind = await house.lock("Garage", keypad=False)
    refused = await house.change(
        "setPinMode",
        "... on LockWithoutKeypad { locks { name } }",
        target={"lockId": blind["lockId"]},
        enabled=True,
    )

    assert seen == ["DENIED", "GRANTED"] * 3
    assert lock.firmware.zone.key == "Pacific/Auckland"
    assert refused["locks"] == [{"name": "Garage"}]
    # Connectivity, name and hub are no business of the lock's: nothing is pending by them.
    await house.change("updateLock", lockId=lock.id, name="Renamed")
    assert (await lock.sync())["pending"] == 0


async def test_a_stream_opened_after_the_change_tells_the_same_as_one_that_saw_it(
    served: Served,
) -> None:
    """Two streams of one PIN, one opened late, end with the same state; nobody waits for a poll."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    watching = asyncio.create_task(until(house, made["pin"]["id"], "UPDATED"))
    delivery = await lock.next_delivery()
    assert isinstance(delivery, Delivery)
    lock.hear(delivery)

    async def told() -> dict[str, Any]:
        await lock.tell()
        return await at_lock(house, made["pin"]["id"], lock.id)

    await eventually(told, lambda state: state["status"] == "UPDATED")
    early, late = await watching, await until(house, made["pin"]["id"], "UPDATED")
    assert early[-1] == late[0]
