"""Days depend on the zone that the lock goes by: codes for them are given while that is known to be the site's."""

from typing import Any

import pytest

from domain.locks.rules import Connectivity
from locksim.signals import Signal
from tests.api.firmware_lock import FirmwareLock, installed
from tests.api.pin_steps import pin_of
from tests.api.smartpin_steps import (
    HOUR,
    ask,
    days,
    in_step,
    provisioned,
    ready_lock,
    seen,
    span,
    switch,
    this_hour,
)
from tests.serving import House, Served
from tests.waiting import eventually


async def move(house: House, zone: str = "Europe/Rome") -> None:
    """The site to another zone."""
    answer = await house.change("updateSite", siteId=house.id, timezone=zone)
    assert answer["__typename"] == "UpdatedSite"


async def kind(house: House, lock_id: str, **fields: Any) -> str:
    """What createSmartPin answers."""
    return str((await ask(house, lock_id, **fields))["__typename"])


class TestKnown:
    """By the lock's word, or because nothing was ever sent to it that could have changed what it was given at first."""

    async def test_a_lock_that_is_offline_gets_no_days_after_a_change_of_zone_until_it_has_heard(
        self, served: Served
    ) -> None:
        """It would open and close them by the old wall; hours are the same in every zone."""
        house = await served.site(timezone="UTC")
        device, entry = await ready_lock(house, online=False)
        assert await kind(house, entry["lockId"], **days(served, 41)) == "CreatedSmartPin"
        served.clock.advance(43 * 24 * HOUR)
        await move(house)

        refused = await ask(house, entry["lockId"], **days(served))
        hours = await kind(house, entry["lockId"])
        device.network.turn(on=True)
        await in_step(house, entry["lockId"])
        granted = await kind(house, entry["lockId"], **days(served))

        assert (refused["__typename"], refused["timezone"]) == (
            "LockTimezoneUnknown",
            "Europe/Rome",
        )
        assert "settings" in refused["message"]
        assert hours == granted == "CreatedSmartPin"

    async def test_a_lock_without_a_network_goes_by_the_zone_of_its_provisioning(
        self, served: Served
    ) -> None:
        """Until it is provisioned again; the kit says the new zone, and the code is for the new secret."""
        house = await served.site(timezone="UTC")
        entry = await house.lock(connectivity=Connectivity.WIRELESS_OFFLINE)
        await switch(house, entry["lockId"])
        before = await kind(house, entry["lockId"], **days(served, 33))
        served.clock.advance(36 * 24 * HOUR)
        await move(house)

        refused = await kind(house, entry["lockId"], **days(served))
        kit = await provisioned(house, entry["lockId"])
        after = await kind(house, entry["lockId"], **days(served))

        assert (before, refused, after) == (
            "CreatedSmartPin",
            "LockTimezoneUnknown",
            "CreatedSmartPin",
        )
        assert kit["settings"]["zone"] == "Europe/Rome"

    async def test_while_the_first_settings_are_on_their_way_nothing_is_known(
        self, served: Served
    ) -> None:
        """Handed out with one zone, and the site moved back and forth: the lock may hold either."""
        house = await served.site(timezone="UTC")
        entry = await house.lock()
        await switch(house, entry["lockId"])
        lock = FirmwareLock(house, entry)
        await lock.connect()
        await move(house)
        await lock.next_delivery()
        await move(house, "UTC")

        on_its_way = await kind(house, lock.id, **days(served))
        await lock.disconnect()
        await lock.connect()
        await lock.settled()
        settled = await kind(house, lock.id, **days(served))

        assert (on_its_way, settled) == ("LockTimezoneUnknown", "CreatedSmartPin")

    async def test_a_lock_whose_state_is_unknown_gets_no_days(self, served: Served) -> None:
        """It told of another sum than that of what was sent: it may hold anything, until a snapshot has arrived."""
        house = await served.site(timezone="UTC")
        entry = await house.lock()
        await switch(house, entry["lockId"])
        lock = await installed(house, entry)
        await pin_of(house, lock.id)
        await lock.acknowledge(await lock.next_delivery(), state_sum="1" * 64)

        unknown = await kind(house, lock.id, **days(served))
        await lock.settle()
        known = await kind(house, lock.id, **days(served))

        assert (unknown, known) == ("LockTimezoneUnknown", "CreatedSmartPin")


async def test_days_eight_hours_from_the_fixed_offset_need_a_new_provisioning(
    served: Served,
) -> None:
    """The lock would look for them in another epoch. Hours go on; the new secret has an offset of its own."""
    house = await served.site(timezone="Europe/Rome")
    device, entry = await ready_lock(house)
    await move(house, "Pacific/Auckland")
    await in_step(house, entry["lockId"])

    refused = await ask(house, entry["lockId"], **days(served))
    suggested = await kind(house, entry["lockId"], **refused["nearest"][0])
    kit = await provisioned(house, entry["lockId"])
    granted = await ask(house, entry["lockId"], incarnation=kit["incarnation"], **days(served))

    assert (refused["__typename"], refused["fault"]) == ("InvalidWindow", "ZONE_TOO_FAR")
    assert "Provision this lock again" in refused["message"]
    assert suggested == granted["__typename"] == "CreatedSmartPin"


class TestActivation:
    """Where codes must be used within their first day, that day begins with the start that was promised."""

    async def test_a_start_that_would_be_snapped_back_is_refused_with_its_own_eight_o_clock(
        self, served: Served
    ) -> None:
        """Without the rule it is granted."""
        house = await served.site(timezone="UTC")
        entry = await house.lock()
        await switch(house, entry["lockId"])
        start = (this_hour(served) + 72 * HOUR).replace(hour=7)
        asked = span(start, (start + 40 * 24 * HOUR).replace(hour=20))
        await house.change("updateSite", siteId=house.id, smartPinActivation=True)

        refused = await ask(house, entry["lockId"], **asked)
        granted = await ask(house, entry["lockId"], **refused["nearest"][0])
        await house.change("updateSite", siteId=house.id, smartPinActivation=False)
        plain = await ask(house, entry["lockId"], **asked)

        assert (refused["__typename"], refused["fault"]) == ("InvalidWindow", "ACTIVATION_TOO_SOON")
        assert refused["nearest"][0]["startsAt"] == start.replace(hour=8).isoformat()
        assert granted["smartPin"]["activationDueAt"] == granted["activationDueAt"]
        assert granted["activationDueAt"] == (start + 25 * HOUR).isoformat()
        assert (plain["windowWidened"], plain["activationDueAt"]) == (True, None)

    @pytest.mark.parametrize("used", [True, False])
    async def test_guest_and_admin_learn_the_deadline_and_whether_it_was_missed(
        self, served: Served, used: bool
    ) -> None:
        """The guest in the words that are shared, the admin from the SmartPIN, also later."""
        house = await served.site(timezone="UTC")
        await house.change("updateSite", siteId=house.id, smartPinActivation=True)
        device, entry = await ready_lock(house)
        start = this_hour(served)
        made = await ask(house, entry["lockId"], **span(start, start + 72 * HOUR))
        key, deadline = made["smartPin"]["id"], start + 24 * HOUR
        if used:
            assert await device.shows(made["digits"]) is Signal.GRANTED
            await eventually(lambda: seen(house, key), lambda row: row["firstUsedAt"] is not None)
        early = await seen(house, key)
        served.clock.advance(24 * HOUR)
        late = await seen(house, key)

        assert f"before+{deadline:%Y-%m-%d}" in made["shareLinks"]["email"].replace("%20", "+")
        assert early["activationDueAt"] == late["activationDueAt"] == deadline.isoformat()
        assert early["activationMissed"] is False
        assert late["activationMissed"] is not used
