"""What may be asked for: windows and what is widened or refused, and codes that no two guests share."""

import asyncio
from datetime import timedelta

import pytest

from domain.database import DuplicateRow
from domain.database.rows import new_id
from domain.smartpins.tables import SmartPin
from locksim.signals import Signal
from tests.api.smartpin_steps import (
    HOUR,
    ask,
    blocked,
    ready_lock,
    smart_pin,
    span,
    switch,
    this_hour,
)
from tests.serving import Served


class TestWindows:
    """What is asked for is a window, or widened to one and told so, or refused with the nearest that work."""

    async def test_a_refusal_names_the_fault_the_limits_and_spans_that_work(
        self, served: Served
    ) -> None:
        """The first of them is asked for, and granted as it is."""
        # In UTC days and hours are the wall's, whatever the season.
        house = await served.site(timezone="UTC")
        entry = await house.lock()
        await switch(house, entry["lockId"])
        hour = this_hour(served)
        morning = (hour + 24 * HOUR).replace(hour=8)
        for start, length, fault in (
            (hour + HOUR / 2, 3 * HOUR, "OFF_THE_HOUR"),
            (hour + HOUR, 0 * HOUR, "TOO_SHORT"),
            (morning, 769 * HOUR, "BETWEEN_FORMS"),
            (morning + 48 * HOUR, timedelta(days=32.5), "BETWEEN_FORMS"),
            (morning + 96 * HOUR, timedelta(days=366), "TOO_LONG"),
            (hour - 5 * HOUR, 2 * HOUR, "ENDED"),
            (hour - HOUR, 3 * HOUR, "STARTED"),
            (hour + timedelta(days=2000), 3 * HOUR, "TOO_FAR_AHEAD"),
        ):
            refused = await ask(house, entry["lockId"], **span(start, start + length))
            granted = await ask(house, entry["lockId"], **refused["nearest"][0])

            assert (refused["__typename"], refused["fault"]) == ("InvalidWindow", fault)
            limits = refused["limits"]
            assert (limits["minHours"], limits["maxHours"]) == (1, 768)
            assert (limits["minDays"], limits["maxDays"]) == (33, 365)
            assert (granted["__typename"], granted["windowWidened"]) == ("CreatedSmartPin", False)

    async def test_more_than_768_hours_are_snapped_to_days_and_the_answer_says_so(
        self, served: Served
    ) -> None:
        """08:00 to 20:00, never narrower than was asked for."""
        house = await served.site(timezone="UTC")
        entry = await house.lock()
        await switch(house, entry["lockId"])
        start = (this_hour(served) + timedelta(days=2)).replace(hour=10)
        end = (start + timedelta(days=40)).replace(hour=11)

        made = await smart_pin(house, entry["lockId"], **span(start, end))

        assert (made["windowWidened"], made["startsEarlyBySeconds"]) == (True, 2 * 3600)
        assert made["endsLateBySeconds"] == 9 * 3600
        assert made["smartPin"]["schedule"]["startsAt"] == start.replace(hour=8).isoformat()
        assert made["smartPin"]["schedule"]["endsAt"] == end.replace(hour=20).isoformat()
        assert made["smartPin"]["state"] == "UPCOMING"

    async def test_hours_are_the_wall_s_where_offsets_are_not_whole_hours(
        self, served: Served
    ) -> None:
        """+05:45 and -03:30: a quarter past is off the hour there too; the suggestion works, and opens the door."""
        for zone in ("Asia/Kathmandu", "America/St_Johns"):
            house = await served.site(zone.partition("/")[2], timezone=zone)
            device, entry = await ready_lock(house, zone)
            start = this_hour(served) + HOUR / 3

            refused = await ask(house, entry["lockId"], **span(start, start + 5 * HOUR))
            made = await smart_pin(house, entry["lockId"], **refused["nearest"][0])

            assert refused["fault"] == "OFF_THE_HOUR"
            assert (await device.shows(made["digits"]) is Signal.GRANTED) is (
                made["smartPin"]["state"] == "ACTIVE"
            )

    async def test_names_and_times_are_checked(self, served: Served) -> None:
        """A guest has a name."""
        house = await served.site()
        entry = await house.lock()
        await switch(house, entry["lockId"])
        for name in ("", "   ", "a\x00b", "x" * 101):
            refused = await ask(house, entry["lockId"], guestName=name)
            assert (refused["__typename"], refused["field"]) == ("InvalidInput", "guestName")


class TestVariants:
    """Two guests never have one code."""

    async def test_guests_of_the_same_hours_have_codes_of_their_own_even_when_they_race(
        self, served: Served
    ) -> None:
        """Sixteen at once, sixteen codes; each opens, and blocking one blocks nobody else."""
        house = await served.site()
        device, entry = await ready_lock(house)
        many = await asyncio.gather(*(smart_pin(house, entry["lockId"]) for _ in range(16)))

        assert len({made["digits"] for made in many}) == 16
        for made in many[:3]:
            assert await device.shows(made["digits"]) is Signal.GRANTED

    async def test_when_all_are_used_the_nearest_free_window_is_named_and_works(
        self, served: Served
    ) -> None:
        """More than 384 hours have one code; a blocked one is used too."""
        house = await served.site()
        entry = await house.lock()
        await switch(house, entry["lockId"])
        start = this_hour(served) + HOUR
        asked = span(start, start + 400 * HOUR)
        first = await smart_pin(house, entry["lockId"], **asked)
        await blocked(house, first)

        refused = await ask(house, entry["lockId"], **asked)
        granted = await ask(house, entry["lockId"], **refused["nearest"][0])

        assert refused["__typename"] == "NoFreeWindow"
        assert granted["__typename"] == "CreatedSmartPin"
        assert granted["digits"] != first["digits"]

    async def test_the_database_itself_refuses_a_code_twice(self, served: Served) -> None:
        """Unique for lock, life, window and variant, whatever a service forgets."""
        house = await served.site()
        entry = await house.lock()
        await switch(house, entry["lockId"])
        await smart_pin(house, entry["lockId"])
        (row,) = await SmartPin.all().values()

        with pytest.raises(DuplicateRow):
            await SmartPin.create(**{**row, "id": new_id(), "entry_name": "sp_other"})
