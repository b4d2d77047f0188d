"""Times of day from the API to the door: whatever is accepted can be said to a lock, and a day ends at 24:00."""

import re
from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry.exceptions import StrawberryInputCoercionError

from api.schema.times import TIME
from domain.access.schedule import Slot
from domain.access.whole_seconds import whole
from domain.access_rules.tables import AccessRule
from domain.database import use_case
from domain.errors import InvalidSchedule
from domain.link.schedules import schedule_from_wire, schedule_to_wire
from domain.link.wire import Malformed, canonical, decode_time, read_object
from domain.pins.tables import Pin
from domain.schedules.given import make_schedule
from domain.schedules_mended import mend_parts_of_seconds
from domain.sync.tables import LockEntry
from tests.api.member_steps import rule
from tests.api.pin_steps import REFUSED, at_lock, pin_of
from tests.api.smartpin_steps import in_step
from tests.serving import House, Served

SLOT = "pin { id schedule { slotStart slotEnd } }"
WALL = re.compile(r"([01][0-9]|2[0-3])(:[0-5][0-9]){2}")


def read(text: str) -> time:
    assert TIME.parse_value is not None
    value = TIME.parse_value(text)
    assert isinstance(value, time)
    return value


texts = st.one_of(
    st.times().map(time.isoformat),
    st.times().map(lambda wall: wall.isoformat("minutes")),
    st.sampled_from(
        ["24:00", "24:00:00", "00:00", "0600", "06", "T06:00", "06:00:00,5", "23:59:60"]
    ),
    st.from_regex(
        r"[0-2][0-9]:?[0-5][0-9](:?[0-5][0-9]([.,][0-9]{1,6})?)?(Z|[+]01:00)?", fullmatch=True
    ),
)


@given(texts, texts, st.dates() | st.none())
def test_what_is_accepted_is_what_a_lock_reads(start: str, end: str, last: Any) -> None:
    """Whatever spelling is taken: it is written in whole seconds, read back, and is the same schedule."""
    try:
        schedule = make_schedule(
            valid_from=None,
            valid_until=last,
            slot_start=read(start),
            slot_end=read(end),
            weekdays=None,
        )
    except (StrawberryInputCoercionError, InvalidSchedule):
        return
    wire = schedule_to_wire(schedule)
    for each in (wire["slotStart"], wire["slotEnd"]):
        assert each is None or WALL.fullmatch(str(each))
    said = read_object(canonical(wire), "schedule")
    assert schedule_from_wire(said, "schedule") == schedule
    if schedule.slot is not None:
        assert type(schedule.slot.end) is time, "the end of the day is a time like any other"


def test_a_lock_takes_no_parts_of_a_second() -> None:
    """As docs/lock.md says."""
    with pytest.raises(Malformed):
        decode_time("06:00:00.250000", "slotStart")


def microseconds(wall: time) -> int:
    return ((wall.hour * 60 + wall.minute) * 60 + wall.second) * 10**6 + wall.microsecond


@given(st.times(), st.times())
def test_old_times_are_cut_inwards(start: time, end: time) -> None:
    """Nothing opens that did not, but within a second where no whole one is; less than two seconds are lost."""
    if start == end:
        return
    day = 86_400 * 10**6
    cut = Slot(*whole(start, end))
    length = (microseconds(end) - microseconds(start)) % day
    left = (microseconds(cut.end) - microseconds(cut.start)) % day
    assert cut.start.microsecond == cut.end.microsecond == 0
    if length >= 2 * 10**6:
        moved = (microseconds(cut.start) - microseconds(start)) % day
        assert 0 <= moved < 10**6
        assert moved + left <= length < left + 2 * 10**6
    else:
        assert left == 10**6


async def changed(house: House, pin_id: str, **fields: Any) -> dict[str, Any]:
    """The answer of updatePin."""
    return await house.change(
        "updatePin", f"... on UpdatedPin {{ {SLOT} }} {REFUSED}", pinId=pin_id, **fields
    )


async def test_a_day_ends_at_24_00(served: Served) -> None:
    """As the end of a slot it is midnight; from 00:00 to 24:00 is no limit; a slot does not begin with it."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    pin_id = (await pin_of(house, door, slotStart="08:00", slotEnd="24:00"))["pin"]["id"]
    evening = await changed(house, pin_id, slotStart="18:00", slotEnd="24:00:00")
    begins = await changed(house, pin_id, slotStart="24:00", slotEnd="06:00")
    nothing = await changed(house, pin_id, slotStart="00:00", slotEnd="00:00")
    always = await changed(house, pin_id, slotStart="00:00", slotEnd="24:00")

    assert evening["pin"]["schedule"] == {"slotStart": "18:00:00", "slotEnd": "00:00:00"}
    assert (begins["__typename"], begins["field"]) == ("InvalidSchedule", "slotStart")
    assert (nothing["__typename"], nothing["field"]) == ("InvalidSchedule", "slotEnd")
    assert always["pin"]["schedule"] == {"slotStart": None, "slotEnd": None}


async def test_parts_of_a_second_are_refused_wherever_a_slot_is_given(served: Served) -> None:
    """By their field, for PINs, rules and invitations, made and changed; nothing is changed."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    emil = await house.member("Emil")
    made = (await pin_of(house, door, owner={"memberId": emil}))["pin"]["id"]
    granted = await rule(house, emil, door)
    place: dict[str, Any] = {"siteId": house.id, "lockIds": [door]}
    slots = (
        ("slotStart", {"slotStart": "06:00:00.25", "slotEnd": "20:00"}),
        ("slotEnd", {"slotStart": "06:00", "slotEnd": "20:00:00.000001"}),
    )
    for field, slot in slots:
        answers = [
            await changed(house, made, **slot),
            await house.change("createPin", REFUSED, owner={"memberId": emil}, **place, **slot),
        ]
        for mutation, asked in (
            ("createAccessRule", {"grantee": {"memberId": emil}, **place}),
            ("updateAccessRule", {"accessRuleId": granted}),
            ("createInvitation", {"name": "Guest", "endsAt": "2030-01-01T00:00:00Z", **place}),
        ):
            answers.append(
                await house.change(mutation, "... on InvalidSchedule { field }", **asked, **slot)
            )
        for answer in answers:
            assert (answer["__typename"], answer["field"]) == ("InvalidSchedule", field), answer


async def test_what_an_earlier_version_took_is_cut_and_reaches_the_door(served: Served) -> None:
    """A rule PIN and a personal one by its rule: whole seconds in the tables, in what locks should hold, and at the lock."""
    house = await served.site()
    entry = await house.lock()
    emil = await house.member("Emil")
    slot = {"slotStart": "06:00", "slotEnd": "20:00"}
    await rule(house, emil, entry["lockId"], **slot)
    pins = [
        (await pin_of(house, entry["lockId"], owner={"memberId": emil}, **slot))["pin"]["id"],
        (await pin_of(house, owner={"memberId": emil}))["pin"]["id"],
    ]
    old = {"slot_start": "06:00:00.250000", "slot_end": "20:00:00.750000"}
    await _as_it_was(old)

    await mend_parts_of_seconds(served.installation, served.clock())
    await mend_parts_of_seconds(served.installation, served.clock())
    await house.device(entry)
    await in_step(house, entry["lockId"])

    for row in await LockEntry.filter(kind="PIN"):
        (schedule,) = row.content["schedules"]
        assert (schedule["slotStart"], schedule["slotEnd"]) == ("06:00:01", "20:00:00")
    for pin_id in pins:
        state = await at_lock(house, pin_id, entry["lockId"])
        assert (state["status"], state["wantedVersion"]) == ("UPDATED", 2)
    assert (await Pin.filter(personal=False).first()).slot_start == "06:00:01"  # type: ignore[union-attr]


@use_case
async def _as_it_was(old: dict[str, str]) -> None:
    await Pin.filter(personal=False).update(**old)
    await AccessRule.all().update(**old)
    for row in await LockEntry.filter(kind="PIN"):
        wire = {"slotStart": old["slot_start"], "slotEnd": old["slot_end"]}
        row.content = {"schedules": [{**row.content["schedules"][0], **wire}], "digits": 1}
        await row.save(update_fields=["content"])
