"""What a lock says of what it holds is believed exactly as far as it can be true; on both databases."""

from typing import Any
from uuid import uuid4

from locksim.deliveries import sum_of
from locksim.signals import Signal
from tests.api.firmware_lock import FirmwareLock, installed
from tests.api.pin_steps import at_lock, events, pin_of, until
from tests.locksim.rig import MemoryDisk
from tests.serving import Served
from tests.waiting import eventually


async def test_an_acknowledgement_of_a_delivery_never_sent_changes_nothing(served: Served) -> None:
    """An unknown id, a text that is no id, and the id of another lock's delivery: all NOT_UPDATED, opensNow honest."""
    house = await served.site()
    one, other = await house.lock("One"), await house.lock("Other")
    lock = await installed(house, one)
    neighbour = FirmwareLock(house, other)
    await neighbour.connect()
    await neighbour.tell()
    foreign = await neighbour.next_delivery()
    made = await pin_of(house, one["lockId"])
    delivery = await lock.next_delivery()

    for name in (str(uuid4()), "no id at all", foreign.id):
        answer = await lock.acknowledge(
            delivery,
            delivery_id=name,
            revision=lock.state.applied,
            state_sum=sum_of(lock.state),
        )
        assert answer["__typename"] == "LockReported"
    state = await at_lock(house, made["pin"]["id"], one["lockId"])

    assert (state["status"], state["appliedVersion"]) == ("NOT_UPDATED", None)
    assert state["opensNow"] == [1]  # it was handed out: it may have arrived


async def test_an_old_acknowledgement_changes_nothing(served: Served) -> None:
    """Said again after a newer one, it neither brings the old version back nor loses what was acknowledged since."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"], digits="49172638")
    first = await lock.next_delivery()
    lock.hear(first)
    old = lock.reports[0].to_input(entry["lockId"])
    await lock.tell()
    await house.change("updatePin", pinId=made["pin"]["id"], digits="58203917")
    await lock.settle()
    before = await at_lock(house, made["pin"]["id"], entry["lockId"]), await lock.sync()

    for _ in range(2):
        assert (await lock.say(dict(old)))["__typename"] == "LockReported"

    assert before == (
        await at_lock(house, made["pin"]["id"], entry["lockId"]),
        await lock.sync(),
    )
    assert (before[0]["status"], before[0]["opensNow"]) == ("UPDATED", [2])


async def test_a_sum_that_disagrees_makes_the_state_unknown_until_a_snapshot_is_acknowledged(
    served: Served,
) -> None:
    """UNKNOWN, and opensNow null; the next delivery is a snapshot; its acknowledgement says UPDATED again."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    delivery = await lock.next_delivery()

    await lock.acknowledge(delivery, state_sum="1" * 64)
    unknown = await at_lock(house, made["pin"]["id"], entry["lockId"])
    of_lock = await lock.sync()
    snapshot = await lock.next_delivery()
    still_unknown = await at_lock(house, made["pin"]["id"], entry["lockId"])
    lock.hear(snapshot)
    await lock.tell()
    known = await at_lock(house, made["pin"]["id"], entry["lockId"])

    assert (unknown["status"], unknown["opensNow"]) == ("UNKNOWN", None)
    assert of_lock["status"] == "UNKNOWN"
    assert lock.body(snapshot).snapshot
    assert still_unknown["status"] == "UNKNOWN"
    assert (known["status"], known["opensNow"]) == ("UPDATED", [1])
    assert lock.enter(made["digits"]) is Signal.GRANTED


async def test_a_right_name_and_revision_with_the_sum_of_another_delivery_is_found_out(
    served: Served,
) -> None:
    """Naming an older delivery does not get round the sum of the revision that is claimed."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    first_pin = await pin_of(house, entry["lockId"])
    first = await lock.next_delivery()
    lock.hear(first)
    await lock.tell()
    await house.change("deletePin", pinId=first_pin["pin"]["id"])
    second = await lock.next_delivery()

    # It claims the revision of the second, by the name of the first, and holds the removed PIN as before.
    await lock.acknowledge(
        first,
        revision=lock.body(second).to_revision,
        state_sum=lock.state.last_ack.state_sum,  # type: ignore[union-attr]
    )
    state = await at_lock(house, first_pin["pin"]["id"], entry["lockId"])

    assert state["status"] in ("UNKNOWN", "NOT_UPDATED")
    assert state["opensNow"] != []


async def test_a_lock_that_claims_more_than_was_wanted_gets_everything_anew(served: Served) -> None:
    """In an acknowledgement and on connecting: an epoch of its own, UNKNOWN, a snapshot, one event each time."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    delivery = await lock.next_delivery()

    await lock.acknowledge(delivery, revision=9_999)
    unknown = await at_lock(house, made["pin"]["id"], entry["lockId"])
    snapshot = await lock.next_delivery()
    epoch_before = lock.state.epoch
    lock.hear(snapshot)
    await lock.tell()
    known = await at_lock(house, made["pin"]["id"], entry["lockId"])
    epoch_after = lock.state.epoch
    await lock.disconnect()
    await lock.connect(revision=lock.state.applied + 1_000)
    await lock.tell()
    anew = await lock.next_delivery()
    again = await at_lock(house, made["pin"]["id"], entry["lockId"])
    lock.hear(anew)
    await lock.tell()
    after = await at_lock(house, made["pin"]["id"], entry["lockId"])
    told = [each for each in await events(house) if each["kind"] == "OUT_OF_STEP"]

    assert (unknown["status"], unknown["opensNow"]) == ("UNKNOWN", None)
    assert lock.body(snapshot).snapshot
    assert epoch_after > epoch_before
    assert (known["status"], known["opensNow"]) == ("UPDATED", [1])
    assert (again["status"], after["status"]) == ("UNKNOWN", "UPDATED")
    assert lock.state.epoch > epoch_after
    assert len(told) == 2
    assert lock.enter(made["digits"]) is Signal.GRANTED


async def test_a_claim_that_was_never_handed_out_does_not_stop_the_changes(served: Served) -> None:
    """A revision that is wanted but was in no delivery cannot be what the lock has: the change still reaches it."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    await lock.disconnect()
    made = await pin_of(house, entry["lockId"])
    wanted = (await lock.sync())["wantedRevision"]

    await lock.connect(revision=wanted)
    await lock.tell()
    await lock.settle()

    assert (await at_lock(house, made["pin"]["id"], entry["lockId"]))["status"] == "UPDATED"
    assert lock.enter(made["digits"]) is Signal.GRANTED


async def test_a_lock_on_an_old_disk_is_not_believed_until_it_has_everything_anew(
    served: Served,
) -> None:
    """Its revision is below the acknowledged one: UNKNOWN, not REMOVED, while the removed PIN opens; then a snapshot."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    await lock.settle()
    image = lock.disk.state
    await house.change("deletePin", pinId=made["pin"]["id"])
    await lock.settle()
    removed = await at_lock(house, made["pin"]["id"], entry["lockId"])

    old_disk = MemoryDisk()
    old_disk.state = image
    restored = FirmwareLock(house, entry, old_disk)
    await restored.connect()
    opens = restored.enter(made["digits"])
    await restored.tell()
    delivery = await restored.next_delivery()
    unknown = await at_lock(house, made["pin"]["id"], entry["lockId"])
    restored.hear(delivery)
    await restored.tell()
    after = await at_lock(house, made["pin"]["id"], entry["lockId"])

    assert (removed["status"], removed["opensNow"]) == ("REMOVED", [])
    assert opens is Signal.GRANTED
    assert (unknown["status"], unknown["opensNow"]) == ("UNKNOWN", None)
    assert restored.body(delivery).snapshot
    assert (after["status"], after["opensNow"]) == ("REMOVED", [])
    assert restored.enter(made["digits"]) is Signal.DENIED


async def test_a_lock_reports_for_itself_only(served: Served) -> None:
    """Another lock's id, of its own site or of another, in feed or report: as if it did not exist, and nothing changes."""
    house, far = await served.site(), await served.site("Elsewhere")
    own, near, away = await house.lock("Own"), await house.lock("Near"), await far.lock("Away")
    lock, neighbour = await installed(house, own), await installed(house, near)
    made = await pin_of(house, near["lockId"])
    delivery = await neighbour.next_delivery()

    for lock_id in (near["lockId"], away["lockId"]):
        answer = await lock.say(
            {
                "lockId": lock_id,
                "appliedRevision": neighbour.body(delivery).to_revision,
                "ack": {"deliveryId": delivery.id, "stateSum": "0" * 64},
            }
        )
        assert answer["__typename"] == "NotFound"
    assert (await at_lock(house, made["pin"]["id"], near["lockId"]))["status"] == "NOT_UPDATED"


async def test_a_delivery_said_twice_and_a_report_said_twice_count_once(served: Served) -> None:
    """The lock applies a repeated delivery once; the server records a repeated report once."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    made = await pin_of(house, entry["lockId"])
    delivery = await lock.next_delivery()
    lock.hear(delivery)
    lock.hear(delivery)
    assert lock.enter(made["digits"]) is Signal.GRANTED
    reports = list(lock.reports)
    await lock.tell()

    for report in reports:
        await lock.say(dict(report.to_input(entry["lockId"])))

    async def openings() -> list[dict[str, Any]]:
        return [each for each in await events(house) if each["kind"] == "OPENED"]

    assert len(await eventually(openings, bool)) == 1
    assert (await until(house, made["pin"]["id"], "UPDATED"))[-1]["opensNow"] == [1]
