"""Blocks on their way to the lock, codes of earlier lives, the zone, the activation rule; on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.link.entries import EntryKind
from domain.sync.tables import EntryState, LockEntry
from locksim.signals import Signal
from tests.api.smartpin_steps import (
    HOUR,
    ask,
    block_at_keypad,
    blocked,
    days,
    in_step,
    provisioned,
    ready_lock,
    seen,
    smart_pin,
    span,
    switch,
    this_hour,
    until,
    without_network,
)
from tests.serving import House, Served
from tests.waiting import becomes


class TestBlocking:
    """A block travels like any entry, and is said to have arrived when the lock has said so."""

    async def test_until_the_lock_has_heard_the_code_opens_and_the_admin_can_tell(
        self, served: Served
    ) -> None:
        """Blocked while the lock is offline, then online, then unblocked; the short PIN follows its SmartPIN."""
        house = await served.site()
        device, entry = await ready_lock(house)
        made, other = [await smart_pin(house, entry["lockId"]) for _ in range(2)]
        await device.shows(made["digits"])
        await device.shows("7595")
        device.network.turn(on=False)
        await house.until_online(entry["lockId"], online=False)

        answer = await blocked(house, made)
        still = await device.shows(made["digits"])
        device.network.turn(on=True)
        arrived = await until(house, made["smartPin"]["id"], blockSync="UPDATED")
        refused = [await device.shows(digits) for digits in (made["digits"], "7595")]
        neighbour = await device.shows(other["digits"])
        await blocked(house, made, block=False)
        lifted = await until(house, made["smartPin"]["id"], blockSync="REMOVED")
        again = [await device.shows(digits) for digits in (made["digits"], "7595")]

        assert (answer["smartPin"]["state"], answer["smartPin"]["blockSync"]) == (
            "BLOCKED",
            "NOT_UPDATED",
        )
        assert still is Signal.GRANTED
        assert (arrived["state"], arrived["shortPinSetAt"] is not None) == ("BLOCKED", True)
        assert refused == [Signal.DENIED, Signal.DENIED]
        assert neighbour is Signal.GRANTED
        assert lifted["state"] == "ACTIVE"
        assert again[0] is Signal.GRANTED

    async def test_a_block_at_the_keypad_is_told_and_cannot_be_lifted_from_afar(
        self, served: Served
    ) -> None:
        """The lock keeps it by itself; the SmartPIN shows it, and unblocking says why not."""
        house = await served.site()
        device, entry = await ready_lock(house, online=False)
        made = await smart_pin(house, entry["lockId"])
        await device.shows(made["digits"])
        await device.shows("7595")

        assert await block_at_keypad(device, made["digits"]) is Signal.DONE
        device.network.turn(on=True)
        told = await until(house, made["smartPin"]["id"], state="BLOCKED")
        refused = await blocked(house, made, block=False)

        assert told["blockedAtDoorAt"] is not None
        assert (told["blockSync"], told["shortPinSetAt"]) == (None, None)
        assert refused["__typename"] == "SmartPinBlockedAtDoor"
        assert await device.shows(made["digits"]) is Signal.DENIED

    async def test_what_has_ended_cannot_be_blocked_and_its_block_goes_by_itself(
        self, served: Served
    ) -> None:
        """Lazily: with the next change at the lock, a day later at the earliest, for its clock may lag."""
        house = await served.site()
        _, entry = await ready_lock(house)
        made, other = [await smart_pin(house, entry["lockId"]) for _ in range(2)]
        await blocked(house, made)
        await until(house, made["smartPin"]["id"], blockSync="UPDATED")
        served.clock.advance(timedelta(days=2))

        refused = await blocked(house, other)
        await smart_pin(house, entry["lockId"])
        gone = await until(house, made["smartPin"]["id"], blockSync="REMOVED")

        assert (refused["__typename"], refused["field"]) == ("InvalidInput", "smartPinId")
        assert gone["state"] == "ENDED"

    async def test_twice_is_once(self, served: Served) -> None:
        """Blocking what is blocked changes nothing, not even the entry's version."""
        house = await served.site()
        entry = await house.lock()
        await switch(house, entry["lockId"])
        made = await smart_pin(house, entry["lockId"])
        for _ in range(2):
            assert (await blocked(house, made))["__typename"] == "BlockedSmartPin"

        (row,) = await LockEntry.filter(kind=EntryKind.SMARTPIN_BLOCK)
        assert (row.version, row.state) == (1, EntryState.LIVE)


class TestLives:
    """A code belongs to one secret of one lock."""

    async def test_a_new_secret_kills_the_codes_of_the_old_one_when_it_is_proven(
        self, served: Served
    ) -> None:
        """Not before: the old lock may go on working. Then they are DEAD, their blocks gone, and new ones open."""
        house = await served.site()
        old, entry = await ready_lock(house)
        made, doomed = [await smart_pin(house, entry["lockId"]) for _ in range(2)]
        await blocked(house, doomed)
        kit = await provisioned(house, entry["lockId"])

        before = await seen(house, made["smartPin"]["id"])
        still = await old.shows(made["digits"])
        old.power.turn(on=False)
        new = await house.device({**kit, "name": "Cellar"})
        dead = await until(house, made["smartPin"]["id"], state="VOID")
        refused = await blocked(house, made)
        fresh = await smart_pin(house, entry["lockId"])
        await in_step(house, entry["lockId"])

        assert (before["state"], still) == ("ACTIVE", Signal.GRANTED)
        assert dead["schedule"] == before["schedule"]
        assert refused["__typename"] == "InvalidInput"
        assert await LockEntry.filter(kind=EntryKind.SMARTPIN_BLOCK).count() == 0
        assert await new.shows(made["digits"]) is Signal.DENIED
        assert await new.shows(fresh["digits"]) is Signal.GRANTED

    async def test_codes_made_before_the_first_contact_outlive_it(self, served: Served) -> None:
        """The newest secret serves until one is proven; its codes and blocks stay good when it is."""
        house = await served.site()
        entry = await house.lock("Cellar")
        await switch(house, entry["lockId"])
        lost = await smart_pin(house, entry["lockId"])
        kit = await provisioned(house, entry["lockId"])
        made, unwanted = [await smart_pin(house, entry["lockId"]) for _ in range(2)]
        await blocked(house, unwanted)
        device = await without_network(house, kit)
        opened = await device.shows(made["digits"])

        device.network.turn(on=True)
        await until(house, unwanted["smartPin"]["id"], blockSync="UPDATED")

        assert opened is Signal.GRANTED
        assert (await seen(house, made["smartPin"]["id"]))["state"] == "ACTIVE"
        assert (await seen(house, lost["smartPin"]["id"]))["state"] == "VOID"
        assert await device.shows(unwanted["digits"]) is Signal.DENIED
        assert await device.shows(made["digits"]) is Signal.GRANTED

    async def test_those_of_a_deleted_lock_leave_the_list(self, served: Served) -> None:
        """And can be neither blocked nor added to."""
        house = await served.site()
        entry = await house.lock()
        await switch(house, entry["lockId"])
        made = await smart_pin(house, entry["lockId"])
        await house.change("deleteLock", lockId=entry["lockId"])

        query = "query($id: ID!) { site(id: $id) { smartPins { nodes { id } } } }"
        assert (await house.ask(query, id=house.id))["site"]["smartPins"]["nodes"] == []
        assert (await blocked(house, made))["__typename"] == "NotFound"
        assert (await ask(house, entry["lockId"]))["__typename"] == "NotFound"


class TestZone:
    """What codes depend on stays as it is while they are out."""

    async def change_zone(self, house: House) -> dict[str, Any]:
        """The answer to another zone."""
        return await house.change(
            "updateSite",
            "... on PolicyViolation { field }",
            siteId=house.id,
            timezone="Asia/Kolkata",
        )

    async def test_the_zone_stays_until_the_last_smartpin_has_ended(self, served: Served) -> None:
        """The refusal says until when; a blocked one counts, since it may be unblocked."""
        house = await served.site()
        entry = await house.lock()
        await switch(house, entry["lockId"])
        made = await smart_pin(house, entry["lockId"])
        await blocked(house, made)

        refused = await self.change_zone(house)
        served.clock.advance(4 * HOUR)
        granted = await self.change_zone(house)

        assert (refused["__typename"], refused["field"]) == ("PolicyViolation", "timezone")
        assert made["smartPin"]["schedule"]["endsAt"][:16] in refused["message"]
        assert granted["__typename"] == "UpdatedSite"

    async def test_a_race_leaves_no_code_in_a_zone_that_has_changed(self, served: Served) -> None:
        """Many at once: either the code was first and the zone stayed, or the lock has not heard of the new zone."""
        house = await served.site(timezone="UTC")
        entry = await house.lock()
        await switch(house, entry["lockId"])

        changed, made = await asyncio.gather(
            self.change_zone(house), ask(house, entry["lockId"], **days(served))
        )

        if changed["__typename"] == "UpdatedSite":
            assert made["__typename"] == "LockTimezoneUnknown"
        else:
            assert made["windowWidened"] is False

    async def test_the_fixed_offset_is_that_of_the_provisioning(self, served: Served) -> None:
        """The zone may change between lives of codes; hours are still counted as the lock was told at first."""
        house = await served.site(timezone="Asia/Kathmandu")
        device, entry = await ready_lock(house)
        assert entry["settings"]["fixedOffsetMinutes"] == 345
        await house.change("updateSite", siteId=house.id, timezone="UTC")
        await in_step(house, entry["lockId"])
        start = this_hour(served) + HOUR / 4
        start = start if start <= served.clock() else start - HOUR

        made = await smart_pin(house, entry["lockId"], **span(start, start + 3 * HOUR))

        assert made["windowWidened"] is False
        assert await device.shows(made["digits"]) is Signal.GRANTED


@pytest.mark.parametrize("wanted", [True, False])
async def test_the_activation_rule_reaches_the_lock_with_the_site_s_setting(
    served: Served, wanted: bool
) -> None:
    """A code not used in its first day dies at the lock, and the answer said by when; without the rule it lives."""
    house = await served.site()
    device, entry = await ready_lock(house)
    changed = await house.change(
        "updateSite",
        "... on UpdatedSite { site { smartPinActivation } }",
        siteId=house.id,
        smartPinActivation=wanted,
    )
    start = this_hour(served)
    made = await smart_pin(house, entry["lockId"], **span(start, start + 72 * HOUR))
    await in_step(house, entry["lockId"])
    # The lock's own battery clock is set on by a day and some, as if nobody had come.
    device.power.turn(on=False)
    await becomes(lambda: device.view is None)
    device.network.turn(on=False)
    device.clock.step(25 * 3600 * 1000)
    device.power.turn(on=True)
    await becomes(lambda: device.view is not None)

    assert changed["site"]["smartPinActivation"] is wanted
    assert (made["activationDueAt"] is not None) is wanted
    assert await device.shows(made["digits"]) is (Signal.DENIED if wanted else Signal.GRANTED)
